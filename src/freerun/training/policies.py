"""The policies a training is given: refused at once where they are none, or exclude each other."""

import torch

from freerun._checks import fail
from freerun.bptt import BPTT, CheckpointedBPTT, TruncatedBPTT
from freerun.forcing.hooks import has_penalty
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.training.optimizer import RATES, Optimizer
from freerun.training.validation import Validation

__all__ = ["check_policies", "check_together"]


def check_policies(forcing: object, bptt: object, optimizer: object, validation: object) -> None:
    """Refuse a class, a name or another library's object where a policy is wanted.

    A forcing or a bptt of the user's own is any object with the method that its interface has.

    Raises:
        ArgumentError: One is no such object.
    """
    wanted: tuple[tuple[str, object, type, str], ...] = (
        ("forcing", forcing, Forcing, "fr.TeacherForcing()"),
        ("bptt", bptt, BPTT, "fr.FullBPTT()"),
        ("optimizer", optimizer, Optimizer, "fr.Optimizer('adamw')"),
        ("validation", validation, Validation, "fr.Validation()"),
    )
    for name, value, kind, example in wanted:
        meant = _optimizer_meant(value) if name == "optimizer" else None
        if isinstance(value, type):
            home = "fr." if value.__module__.startswith("freerun.") else ""
            fix = f"Pass {name}={meant or f'{home}{value.__name__}()'}."
            fail("fit", f"{name} must be an object", f"the class {value.__name__}", fix)
        if not isinstance(value, kind):
            plain = value is None or isinstance(value, bool | int | float | str)
            got = repr(value) if plain else type(value).__name__
            fail("fit", f"{name} must be like {example}", got, f"Pass {name}={meant or example}.")


def check_together(
    net: RecurrentNetwork, forcing: Forcing, bptt: BPTT, optimizer: Optimizer
) -> None:
    """Refuse what only the first batch would find out, when a run is already there.

    Raises:
        ArgumentError: They exclude each other.
    """
    if optimizer.whole_batch and isinstance(bptt, TruncatedBPTT):
        fix = "Use FullBPTT() or CheckpointedBPTT(), or another optimizer."
        fail("fit", "lbfgs needs the loss in one part", repr(bptt), fix)
    if net.bidirectional and isinstance(bptt, TruncatedBPTT | CheckpointedBPTT):
        expected = "a bidirectional network reads whole sequences"
        fail("fit", expected, repr(bptt), "Use FullBPTT().")
    name = type(forcing).__name__
    if not net.has_output_edge and getattr(forcing, "needs_output_edge", False):
        fix = "Use recurrence='output' or 'both', or leave forcing out."
        fail("fit", f"{name} needs a network with an output edge", "recurrence='hidden'", fix)
    if has_penalty(forcing) and (optimizer.whole_batch or isinstance(bptt, TruncatedBPTT)):
        got = "lbfgs" if optimizer.whole_batch else repr(bptt)
        expected = f"{name} needs one loss a batch, and one look at it"
        fail("fit", expected, got, "Use FullBPTT() and Optimizer('adamw').")


def _optimizer_meant(value: object) -> str | None:
    """Ours, for a name, or for PyTorch's class or object of that name."""
    kind = value if isinstance(value, type) else type(value)
    torchs = issubclass(kind, torch.optim.Optimizer)
    name = kind.__name__.casefold() if torchs else str(value).casefold()
    return f"fr.Optimizer({name!r})" if name in RATES else None
