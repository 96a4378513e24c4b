"""The figures of `freerun demo`, as tables that a newcomer can read."""

from collections.abc import Mapping
from typing import Any

from freerun.cli.figures import percent, two_places
from freerun.cli.output import print_table

__all__ = ["print_report"]


def print_report(result: Mapping[str, Any]) -> None:
    """Print what `demonstrate` returned."""
    parts = result["parts"]
    print()
    _print_recurrences(parts)
    print('\nThe text network goes on from "Call me Ishmael. ":\n')
    print(f"  {' '.join(parts['text']['sample'].split())}\n")
    _print_forecasts(parts)
    print(f"\nRuns and picture: {result['out']}, {result['picture']}")
    print(f"Go on:  freerun run {parts['text']['run']} --steps 300 --prompt 'Call me'")
    print(f"        freerun evaluate {parts['forecast_free_running']['run']}")
    print(f"{result['seconds']:.0f} seconds, seed {result['seed']}")


def _print_recurrences(parts: Mapping[str, Any]) -> None:
    classify, label, text = parts["classify"], parts["label"], parts["text"]
    bits = {name: row["bits_per_character"] for name, row in text["trivial"].items()}
    rows = [
        (
            "Who speaks, of 9: one answer after the last step",
            "hidden",
            f"{percent(classify['accuracy'])} right",
            f"{percent(_trivial_accuracy(classify))}",
        ),
        (
            "The same, answered anew at every step",
            "hidden",
            f"{percent(label['accuracy'])} right",
            f"{percent(_trivial_accuracy(label))}",
        ),
        (
            "Moby-Dick, the next character",
            "hidden and output",
            f"{two_places(text['bits_per_character'])} bits",
            f"{two_places(min(bits.values()))} bits",
        ),
    ]
    columns = ("on data held back", "what recurs", "network", "trivial")
    print_table("What recurs, and how well it does", columns, rows)
    print("Trivial: always the most frequent speaker; the frequency of pairs of characters.")


def _trivial_accuracy(figures: Mapping[str, Any]) -> float:
    return float(figures["trivial"]["most frequent class"]["accuracy"])


def _print_forecasts(parts: Mapping[str, Any]) -> None:
    forced, free = parts["forecast_teacher_forced"], parts["forecast_free_running"]
    horizon = forced["horizon"]
    rows = [
        _forecast_row("teacher forced", forced),
        _forecast_row("running free", free),
    ]
    for name, row in forced["trivial"].items():
        rows.append(_forecast_row(f"trivial: {TRIVIAL.get(name, name)}", row))
    columns = (
        "trained",
        "1 month ahead",
        f"{horizon} months free",
        "ratio",
        "beats trivial",
        "first behind",
    )
    print_table(
        "Sunspots a month, forecast by output recurrence: root mean squared error", columns, rows
    )
    print(
        "One network, trained in two ways: on the truth, or as it will run. One month ahead\n"
        f"it is fed the truth; over {horizon} months it runs free, on its own outputs. The ratio\n"
        "of the two is the gap. Beats trivial: at how many of those months ahead it is better\n"
        "than each trivial forecast; first behind: the first month ahead where it is not."
    )


TRIVIAL = {"last value": "the last month", "season": "11 years ago", "mean": "the mean so far"}


def _forecast_row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    one, free = row["one_step_error"], row["free_running_error"]
    figures = (name, f"{one:.1f}", f"{free:.1f}", two_places(free / one))
    if "crossing" not in row:
        return (*figures, "", "")
    behind = "never" if row["crossing"] is None else f"month {row['crossing']}"
    return (*figures, f"{row['steps_ahead_better']} months", behind)
