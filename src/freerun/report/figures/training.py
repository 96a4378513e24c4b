"""How training went: its curves, and the flow of gradients."""

from collections.abc import Mapping, Sequence
from typing import Any

from freerun.report.figures.figure import Figure, View, line, short
from freerun.report.measured.gradients import Gradients

__all__ = ["curve_figures", "gradient_figure"]

ONE, FREE = "one step ahead, fed the truth", "running free"

CURVES = (
    ("loss", "Loss by epoch", "negative log-likelihood per step",
     {"train_loss": "training", "valid_loss": "validation"}),
    ("error", "Error on the validation part by epoch", "error",
     {"valid_error": ONE, "valid_free_error": FREE}),
    ("gradient", "Norm of the gradient by epoch", "norm before clipping",
     {"gradient_norm": "mean norm"}),
)  # fmt: skip
"""Name, title, axis, and the columns of the history with what they are called."""

ROLE_OF = {"train_loss": "free", "valid_loss": "forced", "valid_error": "forced",
           "valid_free_error": "free", "gradient_norm": "third"}  # fmt: skip


def curve_figures(history: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """How training went, epoch by epoch; nothing without two epochs."""
    if len(history) < 2:
        return []
    epochs = [row["epoch"] for row in history]
    found = []
    for name, title, axis, columns in CURVES:
        there = {
            column: [row.get(column) for row in history]
            for column in columns
            if any(row.get(column) is not None for row in history)
        }
        if not there:
            continue
        marks = "circle" if len(epochs) < 12 else None
        traces = [
            line(columns[column], epochs, values, ROLE_OF[column], marks)
            for column, values in there.items()
        ]
        label = columns[next(iter(there))].capitalize()
        first, last = short(traces[0]["y"][0]), short(traces[0]["y"][-1])
        said = f"{label}: {first} at first, {last} at last."
        layout: dict[str, Any] = {"yaxis": {"type": "log"}} if name == "gradient" else {}
        if len(epochs) < 12:
            layout["xaxis"] = {"dtick": 1}
        found.append(
            Figure(f"curve-{name}", title, said, "epoch", axis, [View("", traces)], layout=layout)
        )
    return found


def gradient_figure(found: Gradients) -> Figure:
    """Gradients by lag."""
    roles = ("forced", "free", "third", "fourth")
    free = [name for name in found.norms if name.startswith("running free")]
    order = [*(name for name in found.norms if name not in free), *free]
    own = dict(zip(order, roles, strict=False))
    lines = [line(name, found.lags, found.norms[name], own[name]) for name in order]
    rates = ", ".join(
        f"{rate:.3g}{f' {name}' if name else ''}"
        for name, rate in found.rates.items()
        if rate == rate
    )
    caption = (
        "How strongly the loss of a step depends on the state k steps before: through h, the "
        f"hidden state, and through f, the outputs that were fed. Factor per step: {rates}; below "
        "1 gradients fade."
    )
    return Figure(
        "gradients", "Gradient by lag", caption, "lag k, in steps", "norm of the gradient",
        [View("", lines)], layout={"yaxis": {"type": "log"}},
    )  # fmt: skip
