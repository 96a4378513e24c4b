"""The figures of a run as a table that explains itself."""

from collections.abc import Mapping
from typing import Any

from freerun.cli.output import print_table

__all__ = ["print_best", "print_figures"]


def print_figures(
    task: str, data: str, figures: Mapping[str, Any], part: str = "held-back part"
) -> None:
    """Print what `measure` found on a part of the data, beside the trivial answers."""
    if not figures:
        print("Nothing was held back, so that nothing was measured.")
        return
    title = f"{data}, {part}"
    if task == "forecast":
        columns = ("", "one step ahead", f"running free, {figures['horizon']} steps", "ratio")
        unit = "" if figures["unit"] == "as in the data" else f", in {figures['unit']}"
        rows = forecast_rows("run", figures)
        print_table(f"{title}: root mean squared error{unit}", columns, rows)
        print(crossing(figures))
        return
    name = {"text": "bits_per_character", "regress": "error"}.get(task, "accuracy")
    show = {"accuracy": percent, "error": four_digits}.get(name, two_places)
    rows = [("run", show(figures[name]))]
    if "free_running_accuracy" in figures:
        rows.append(("run, on its own outputs", percent(figures["free_running_accuracy"])))
    rows += [(other, show(trivial[name])) for other, trivial in figures["trivial"].items()]
    print_table(title, ("", name.replace("_", " ")), rows)


MONITORS = {"valid_free_error": "error running free", "valid_error": "error", "valid_loss": "loss"}


def print_best(result: Mapping[str, Any]) -> None:
    """Say which epoch is kept, where a part was held back to choose it."""
    if result.get("best_epoch") is None:
        return
    measured = f"{MONITORS[result['monitor']]} {result['best']:.4g}"
    early = ", stopped early" if result["stopped"] == "patience" else ""
    epochs = f"epoch {result['best_epoch']} of {result['epochs']}{early}"
    print(f"Best on the part held back for validation: {epochs}, {measured}.")


def forecast_rows(name: str, figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row for the run, and one for each trivial forecast."""
    pairs = [(name, figures), *((f"trivial: {k}", v) for k, v in figures["trivial"].items())]
    return [
        (
            label,
            f"{row['one_step_error']:.4g}",
            f"{row['free_running_error']:.4g}",
            f"{row['free_running_error'] / row['one_step_error']:.2f}"
            if row["one_step_error"]
            else "",
        )
        for label, row in pairs
    ]


def crossing(figures: Mapping[str, Any]) -> str:
    """Say where a trivial forecast is better than the network running free."""
    step, horizon = figures["crossing"], figures["horizon"]
    if step is None:
        return f"Running free, it beats every trivial forecast at each of {horizon} steps ahead."
    better = f"Running free, it beats every trivial forecast at {figures['steps_ahead_better']}"
    return f"{better} of {horizon} steps ahead; it is behind one first at step {step}."


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{share:.1%}"


def two_places(value: float) -> str:
    """A figure with two decimals."""
    return f"{value:.2f}"


def four_digits(value: float) -> str:
    """A figure in units of the data."""
    return f"{value:.4g}"
