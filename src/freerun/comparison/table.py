"""A comparison as a table: Markdown to read, LaTeX for a paper, CSV for another program."""

import csv
import io
import math
from collections.abc import Sequence

from freerun.comparison.result import Comparison, Row
from freerun.comparison.statistics import Difference, Spread

__all__ = ["columns", "delimited", "latex", "markdown", "plus_minus", "rows", "sentences"]

NONE = "-"
"""Stands where there is no figure."""


def columns(comparison: Comparison) -> list[str]:
    """The headings of :func:`rows`."""
    ahead = [f"{k} ahead" for k in comparison.horizons]
    over = [f"1 to {comparison.horizon}"] if comparison.horizons else []
    beside = [f"beside {comparison.baseline}"] if len(comparison.names) > 1 else []
    return ["forcing", "one step", *ahead, *over, "ratio", *beside, "seconds", "failed"]


def rows(comparison: Comparison) -> list[list[str]]:
    """The policies, and what needs no network, as they are shown: mean +- standard deviation."""
    shown = [_policy(comparison, row) for row in comparison.rows]
    for name, errors in comparison.trivial.items():
        whole = _root_mean_square(errors)
        figures = [_number(errors[0]), *(_number(errors[k - 1]) for k in comparison.horizons)]
        figures += [_number(whole)] if comparison.horizons else []
        figures.append(_number(whole / errors[0] if errors[0] else math.nan))
        rest = len(columns(comparison)) - len(figures) - 1
        shown.append([f"trivial: {name}", *figures, *[""] * rest])
    return shown


def markdown(comparison: Comparison) -> str:
    """The table, and below it what it says and how it was measured."""
    heading = columns(comparison)
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows(comparison)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{caption(comparison)}\n\n{' '.join(sentences(comparison))}"


def caption(comparison: Comparison) -> str:
    """What the figures are."""
    count, horizon = len(comparison.seeds), comparison.horizon
    seeds = f"{count} seeds" if count > 1 else "one seed"
    unit = f", in {comparison.unit}" if comparison.unit else ""
    spread = f"mean \N{PLUS-MINUS SIGN} standard deviation over {seeds}" if count > 1 else seeds
    said = (
        f"Root mean squared errors on data held back{unit}, {spread}: one step ahead, fed the "
        "truth (teacher forced)"
    )
    if comparison.horizons:
        said += (
            f"; so many steps ahead, and over all of 1 to {horizon}, running free on the network's "
            "own outputs; and the ratio of free-running to one-step error"
        )
    if len(comparison.names) > 1 and count > 1:
        said += (
            f". Beside {comparison.baseline}: geometric mean of the ratios of errors running free "
            "from the same seed, and its 95 % interval"
        )
    said += ". Seconds are those that training took of a processor, in one thread."
    if comparison.failed:
        said += (
            " Trials that failed are in no mean, which flatters the policies that have them; pairs "
            "are of seeds on which neither policy failed."
        )
    return said


def sentences(comparison: Comparison) -> list[str]:
    """Which differences are more than the seeds make, and what failed: a sentence each."""
    said = []
    for row in comparison.rows[1:]:
        over = f"running free over {comparison.horizon} steps"
        said.append(_difference(comparison, row, row.one_step_beside, "one step ahead"))
        if comparison.horizons:  # or it is the same
            said.append(_difference(comparison, row, row.free_running_beside, over))
    for row in comparison.rows:
        if row.failed:
            parts = []
            if row.not_finite:
                parts.append(f"{row.not_finite} in training (not finite)")
            if row.diverged:
                parts.append(f"{row.diverged} running free (diverged)")
            said.append(f"{row.forcing} failed on {_of(row.failed, row.seeds)}: "
                        f"{', '.join(parts)}.")  # fmt: skip
    if len(comparison.seeds) == 1 and len(comparison.names) > 1:
        said.append("Of one seed nothing can be said of differences: use more.")
    return said


def delimited(comparison: Comparison) -> str:
    """Every figure as CSV, one row for each policy."""
    lines: list[dict[str, object]] = []
    for row in comparison.rows:
        figures = {"one_step": row.one_step, **_ahead(row), "free_running": row.free_running,
                   "ratio": row.ratio, "seconds": row.seconds}  # fmt: skip
        line: dict[str, object] = {
            "forcing": row.forcing,
            "seeds": row.seeds,
            "not_finite": row.not_finite,
            "diverged": row.diverged,
        }
        for name, spread in figures.items():
            for part in ("mean", "sd", "median", "low", "high"):
                line[f"{name}_{part}"] = _cell(getattr(spread, part))
        for name, beside in (
            ("one_step", row.one_step_beside),
            ("free_running", row.free_running_beside),
        ):
            line[f"{name}_beside_pairs"] = beside.count
            for part in ("ratio", "low", "high"):
                line[f"{name}_beside_{part}"] = _cell(getattr(beside, part))
            line[f"{name}_beside_verdict"] = beside.verdict
        lines.append(line)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def latex(comparison: Comparison) -> str:
    """A ``tabular`` for the package booktabs, and the caption as a comment above it."""
    heading, shown = columns(comparison), rows(comparison)
    policies = len(comparison.rows)

    def line(parts: Sequence[str]) -> str:
        return f"  {' & '.join(map(_escaped, parts))} \\\\"

    return "\n".join([
        f"% {_plain(caption(comparison))}",
        f"% {_plain(' '.join(sentences(comparison)))}".rstrip(),
        f"\\begin{{tabular}}{{l{'r' * (len(heading) - 1)}}}",
        "  \\toprule",
        line(heading),
        "  \\midrule",
        *map(line, shown[:policies]),
        *(["  \\midrule"] if shown[policies:] else []),
        *map(line, shown[policies:]),
        "  \\bottomrule",
        "\\end{tabular}",
        "",
    ])  # fmt: skip


def plus_minus(spread: Spread) -> str:
    """Mean +- standard deviation, this with two digits and that with as many places.

    Example:
        >>> plus_minus(Spread.of([44.41, 47.53, 48.0])), plus_minus(Spread.of([0.12345]))
        ('46.6 ± 2.0', '0.1235')
    """
    if not spread.count:
        return NONE
    if math.isnan(spread.sd) or spread.sd == 0:
        return _number(spread.mean)
    places = 1 - math.floor(math.log10(spread.sd))
    most = 3 - math.floor(math.log10(abs(spread.mean))) if spread.mean else places
    if not -3 <= places <= 6:
        return f"{spread.mean:.4g} \N{PLUS-MINUS SIGN} {spread.sd:.2g}"
    places = max(0, min(places, max(most, 0)))
    return f"{spread.mean:.{places}f} \N{PLUS-MINUS SIGN} {spread.sd:.{places}f}"


def _policy(comparison: Comparison, row: Row) -> list[str]:
    ahead = [plus_minus(spread) for spread in row.ahead.values()]
    over = [plus_minus(row.free_running)] if comparison.horizons else []
    beside: list[str] = []
    if len(comparison.names) > 1:
        first = row.forcing == comparison.baseline
        beside = ["1" if first else _interval(row.free_running_beside)]
    failed = f"{row.failed} of {row.seeds}"
    seconds = f"{row.seconds.mean:.1f}" if row.seconds.count else NONE
    parts = [plus_minus(row.one_step), *ahead, *over, plus_minus(row.ratio), *beside]
    return [row.forcing, *parts, seconds, failed]


def _interval(difference: Difference) -> str:
    if not difference.count:
        return NONE
    if difference.count == 1:
        return f"{difference.ratio:.2f}"
    shown = (f"{value:.2f}" if value < 100 else f"{value:.2g}"
             for value in (difference.ratio, difference.low, difference.high))  # fmt: skip
    return "{} ({} to {})".format(*shown)


def _difference(comparison: Comparison, row: Row, found: Difference, where: str) -> str:
    about = f"{where[0].upper()}{where[1:]}, the error of {row.forcing}"
    base = f"that of {comparison.baseline}"
    if not found.count:
        return f"{about} cannot be set beside {base}: there is no seed on which neither failed."
    pairs = f"{found.count} seeds"
    if found.count < row.seeds:
        pairs = f"the {found.count} of {row.seeds} seeds on which neither failed"
    if found.verdict == "unknown":
        return f"{about} is {found.ratio:.2f} times {base} on the one seed that both have."
    if found.verdict in ("lower", "higher"):
        return f"{about} is {found.verdict} than {base}: {_interval(found)} times it, over {pairs}."
    return (
        f"{where[0].upper()}{where[1:]}, {row.forcing} and {comparison.baseline} differ within the "
        f"spread of seeds: {_interval(found)} times the error, over {pairs}."
    )


def _of(count: int, seeds: int) -> str:
    return f"{count} of {seeds} seed{'s' if seeds > 1 else ''}"


def _ahead(row: Row) -> dict[str, Spread]:
    return {f"free_running_at_{k}": spread for k, spread in row.ahead.items()}


def _root_mean_square(errors: Sequence[float]) -> float:
    squares = [error**2 for error in errors if not math.isnan(error)]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else NONE


def _cell(value: float) -> float | str:
    return value if math.isfinite(value) else ""


MARKS = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
}  # fmt: skip


def _escaped(text: str) -> str:
    """What LaTeX would take for its own; a minus alone is a dash."""
    return "--" if text == NONE else "".join(MARKS.get(one, one) for one in text)


def _plain(text: str) -> str:
    return text.replace("\N{PLUS-MINUS SIGN}", "+-")
