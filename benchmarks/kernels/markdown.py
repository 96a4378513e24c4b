"""``docs/benchmarks.md``, from the JSON of a run.

python -m benchmarks.kernels.markdown benchmarks/results/kernels.json docs/benchmarks.md
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.kernels.claims import claims
from benchmarks.kernels.comparing import TOLERANCE
from benchmarks.kernels.figures import geometric_mean
from benchmarks.kernels.peers import OURS, peers_for
from benchmarks.kernels.results import write_whole
from benchmarks.kernels.summary import Row, groups, losing, rows_of
from benchmarks.kernels.text import claim_cells, differences, disturbance, sizes, time_cell

__all__ = ["document"]

HEAD = """\
# Benchmarks

This file is written by `make bench`; no number in it is typed by hand.

freerun and its peers did the same work, on the same weights and data, in one process and in one
run. Gradients (for closed loops, paths) of everyone, freerun too, were compared with a reference in
float64 before anything was timed; whoever differed by more than {tolerance:g} of its norm was not
timed and counts as failed. Contestants took turns: a rest in which threads of the one before go to
sleep, a run that is not counted, then runs of which the median counts; the tables show medians of
these over the rounds, with quartiles. A ratio is formed round by round, the peer's time over
freerun's: above 1 freerun is faster. Ratios from one run count; times are this machine's.

What each of them is, and what was left out:

- freerun: `fr.nn.RNN`, `GRU`, `LSTM` for hidden recurrence, else `RecurrentNetwork.backpropagate`,
  `fr.run`, `Session.step` and `fr.fit`, as a user calls them. No gradient of x is asked for, of
  anyone. What `fit` adds is counted beyond `backpropagate` on one batch that is there already.
- torch.nn: PyTorch's own layers. Eager loop: the equations step by step, U x in one product before.
  `torch.compile` of that loop unrolls it and compiles for a minute or more: at T = 50 and in a few
  cases only.
- JAX: `lax.scan`, compiled ahead of the timing, U x before the scan; teacher forced without a loop.
  Keras: its layers on its JAX backend, compiled likewise. ONNX Runtime: a model with a Loop, or one
  call a step.
- Share: of the machine's own matrix products (`torch.mm`, float32, square, the best of four sizes,
  at the start or the end of the run), counting the products that the work cannot do without.
- Limit of teacher forcing: its products, its tanh and its memory traffic, run alone on memory that
  is there already, all rows at once or in blocks that stay in the cache, whichever is faster.
"""


def document(content: dict[str, Any]) -> str:
    """The whole file."""
    rows = rows_of(content)
    parts = [
        HEAD.format(tolerance=TOLERANCE),
        *_machine(content),
        f"{disturbance(rows)}; {differences(rows)}.",
    ]
    parts += ["\n## Targets\n", *_table(["work", "figure", "target", "found", "", "of"],
                                        map(claim_cells, claims(rows)))]  # fmt: skip
    parts += ["\n## Cells where a peer is faster\n", *_losers(rows), *_failures(rows)]
    for title, members in groups(rows).items():
        parts += [f"\n## {title[0].upper()}{title[1:]}\n", *_group(members)]
    return "\n".join(parts) + "\n"


def _machine(content: dict[str, Any]) -> Iterator[str]:
    found = content["environment"]
    rates = " and ".join(f"{rate['best'] / 1e9:.0f}" for rate in content["rate"].values())
    versions = ", ".join(
        f"{name} {number or 'not installed'}" for name, number in found["versions"].items()
    )
    yield (
        f"Measured on {found['date']}, in {content['seconds'] / 60:.0f} minutes: "
        f"{found['processor']}, {found['system']}, {found['instructions']}, "
        f"{found['threads']} threads on {found['processors']} processors; "
        f"matrix products at the start and the end of the run {rates} GFLOP/s. "
        f"Python {found['python']}, {versions}."
    )
    if not content["complete"]:
        yield "\n**The run was stopped before its end; what it had measured is here.**"


def _losers(rows: Sequence[Row]) -> Iterator[str]:
    lost = losing(rows)
    counted = sum(row.fastest is not None and row.case.family != "fit" for row in rows)
    yield f"{len(lost)} of {counted} cells.\n"
    if not lost:
        return
    table = []
    for row in lost:
        ratio = row.fastest
        assert ratio is not None
        spread = f"{ratio['median']:.2f} ({ratio['q1']:.2f}-{ratio['q3']:.2f})"
        noise = "" if ratio["q3"] < 1 else "within the noise"
        table.append([sizes(row), row.figures["fastest"], spread, noise])
    yield from _table(["cell", "fastest peer", "its time over freerun's", ""], table)


def _failures(rows: Sequence[Row]) -> Iterator[str]:
    failed = [
        [sizes(row), name, why] for row in rows for name, why in row.figures["failed"].items()
    ]
    if failed:
        yield "\n## Failures\n"
        yield from _table(["cell", "who", "why"], failed)


def _group(rows: Sequence[Row]) -> Iterator[str]:
    family = rows[0].case.family
    unit = "microseconds" if rows[0].case.is_per_step else "milliseconds"
    ratios = [row.fastest["median"] for row in rows if row.fastest is not None]
    if ratios and family != "fit":
        mean = geometric_mean(ratios)
        least = min(ratios)
        yield f"Geometric mean of the ratios to the fastest peer: {mean:.2f}, least {least:.2f}.\n"
    names = [OURS, *(peer.name for peer in peers_for(family) if peer.name != OURS)]
    heads = ["recurs", *"BTHO", *(f"{name}, {unit}" for name in names)]
    heads += ["overhead" if family == "fit" else "fastest peer", "GFLOP/s", "share"]
    heads += [*(["of the limit"] if family == "teacher" else []), ""]
    yield from _table(heads, (_cells(row, names) for row in rows))
    absent = sorted({(name, why) for row in rows for name, why in row.figures["absent"].items()})
    for name, why in absent:
        yield f"{'' if (name, why) != absent[0] else chr(10)}- {name}, where it is missing: {why}."


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    case, ratio = row.case, row.fastest
    beside = "-"
    if row.overhead is not None:
        beside = f"{100 * row.overhead:.0f} %"
    elif ratio is not None:
        beside = f"{ratio['median']:.2f} ({ratio['q1']:.2f}-{ratio['q3']:.2f})"
    cells = [case.recurrence, str(case.B), str(case.T), str(case.H), str(case.O or "-")]
    cells += [time_cell(row, name) for name in names]
    cells += [beside, "-" if row.speed is None else f"{row.speed / 1e9:.1f}", _percent(row.share)]
    cells += [_percent(row.share_of_limit)] if case.family == "teacher" else []
    return [*cells, "disturbed" if row.is_disturbed else ""]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    write_whole(target, document(json.loads(source.read_text())))
