"""What was trained on what, and how well it does: the top of a report."""

import math
from typing import Any

from freerun.report.contents import Contents
from freerun.report.page.markup import facts, paragraph, table
from freerun.report.subject import Subject

__all__ = ["about", "headline"]

TASKS = {
    "forecast": "forecast",
    "classify": "classify whole sequences",
    "regress": "say a number of whole sequences",
    "label": "label every step",
    "text": "continue a text",
}


def headline(subject: Subject, contents: Contents) -> str:
    """The few figures that matter most, beside those of answers that need no network."""
    figures = subject.figures
    rows: list[tuple[str, Any]] = []
    if contents.errors is not None:
        errors = contents.errors
        best = min(errors.overall_trivial, key=errors.overall_trivial.__getitem__)
        ahead, one = len(errors.steps), errors.overall_forced
        rows = [
            ("error one step ahead, fed the truth", one),
            (f"error over {ahead} steps, running free", errors.overall),
            ("the gap: second over first", errors.overall / one if one else None),
            (f"best without a network: {best}", errors.overall_trivial[best]),
            ("steps ahead at which it beats all of those", f"{errors.better} of {ahead}"),
        ]
        unit = f"Errors are root mean squared, in {errors.unit}."
        return facts(rows, "tiles") + paragraph(unit, "note")
    name = {"text": "bits_per_character", "regress": "error"}.get(subject.task, "accuracy")
    as_percent = name == "accuracy"
    if name in figures:
        rows.append((name.replace("_", " "), _figure(figures[name], as_percent)))
    if "free_running_accuracy" in figures:
        free = figures["free_running_accuracy"]
        rows.append(("accuracy on its own outputs", _figure(free, True)))
    for other, trivial in figures.get("trivial", {}).items():
        rows.append((f"without a network: {other}", _figure(trivial[name], as_percent)))
    if contents.reliability is not None:
        off = f"{100 * contents.reliability.error:.1f} points"
        rows.append(("probabilities are off by", off))
    return facts(rows, "tiles")


def about(subject: Subject) -> str:
    """What was trained on what, and how."""
    data, net = subject.data, subject.net
    lengths = data.lengths
    shortest, longest = int(lengths.min()), int(lengths.max())
    steps = str(longest) if shortest == longest else f"{shortest} to {longest}"
    kind = "series" if subject.task == "forecast" else "sequence" + "s" * (len(data) > 1)
    seconds = sum(row.get("seconds") or 0.0 for row in subject.history)
    trained = f"{len(subject.history)} epochs in {seconds:.3g} seconds"
    rows = [
        ("task", TASKS.get(subject.task, subject.task)),
        ("data", subject.source),
        ("trained on", subject.trained_on or "not known"),
        ("measured on", f"{subject.part}: {len(data)} {kind} of {steps} steps"),
        ("inputs", _names(subject.inputs, net.input_size)),
        ("outputs", _outputs(subject)),
        ("network", net.extra_repr()),
        ("parameters", sum(one.numel() for one in net.parameters())),
        ("trained for", trained if subject.history else "no epoch"),
    ]
    settings = [(name.replace("_", " "), value) for name, value in subject.settings.items()
                if value is not None]  # fmt: skip
    found = facts(rows)
    if settings:
        found += "<details><summary>All settings</summary>"
        found += table("Settings of training", ["setting", "value"], settings) + "</details>"
    return found


def _outputs(subject: Subject) -> str:
    head = subject.net.head
    if subject.task == "text":
        return f"{head.size} kinds of {subject.unit}"
    return _names(subject.outputs or subject.classes, head.outputs or head.size)


def _figure(value: float, as_percent: bool) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.1%}" if as_percent else f"{value:.4g}"


def _names(names: Any, count: int) -> str:
    if not names:
        return str(count) if count else "none"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(map(str, names[:12])) + more
