"""What targets are called: their classes, their outputs, and samples in one line."""

from torch import Tensor

from freerun._checks import fail

__all__ = ["check_names", "count_classes", "describe_samples"]


def count_classes(targets: Tensor, classes: tuple[str, ...] | None) -> int | None:
    """Return how many classes there are, by their names or else by the largest; None for floats."""
    if targets.is_floating_point():
        if classes is not None:
            fix = "Leave classes out, or pass y as whole numbers with one axis."
            fail("Sequences", "classes names whole-number targets", "real-valued y", fix)
        return None
    count = max(int(targets.max()) + 1, 1)
    if classes is None:
        return count
    if len(classes) < count:
        got = f"{len(classes)} names and class {count - 1}"
        fail("Sequences", "classes must name every class", got, f"Pass {count} names.")
    return len(classes)


def check_names(targets: Tensor, names: tuple[str, ...] | None) -> None:
    """Refuse names of outputs that are not one per output."""
    if names is None:
        return
    if not targets.is_floating_point():
        fix = "Pass classes= to name classes."
        fail("Sequences", "names must name real-valued outputs", "whole-number y", fix)
    if len(names) != targets.shape[1]:
        got = f"{len(names)} for {_count(targets.shape[1], 'output')}"
        fail("Sequences", "names must name every output", got, "Give one name per output.")


def describe_samples(
    lengths: Tensor, input_size: int, targets: Tensor, num_classes: int | None, per: str
) -> str:
    """Return samples in one line: how many, how long, and of what."""
    low, high = int(lengths.min()), int(lengths.max())
    steps = f"{low} to {high} steps" if low != high else _count(low, "step")
    inputs = _count(input_size, "input") if input_size else "no inputs"
    if num_classes is None:
        outputs = _count(targets.shape[1], "output")
    else:
        outputs = _count(num_classes, "class", "es")
    return (
        f"Sequences({_count(len(lengths), 'sequence')} of {steps}, {inputs}, {outputs} per {per})"
    )


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
