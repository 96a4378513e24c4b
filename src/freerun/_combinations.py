"""Which arguments of a network mean something together."""

from typing import Protocol

from freerun._checks import fail
from freerun.heads import Head

__all__ = ["check_combination"]


class Asked(Protocol):
    """What was asked for."""

    input_size: int
    input_lags: int
    head: Head
    recurrence: str
    readout: str
    bidirectional: bool
    output_lags: int
    residual: bool

    @property
    def has_output_edge(self) -> bool:
        """Whether outputs are fed back."""
        ...


def check_combination(net: Asked) -> None:
    """Refuse what means nothing, and say why."""
    where = "RecurrentNetwork"
    if net.input_lags and not net.input_size:
        fix = "Leave input_lags out, or use output_lags."
        fail(where, "input_lags looks back on inputs", "input_size=0, which has none", fix)
    if net.has_output_edge:
        edge = f"recurrence={net.recurrence!r}"
        if net.readout == "last":
            fail(
                where,
                "an output edge needs an output at every step",
                f"{edge} with readout='last'",
                "Use recurrence='hidden', or readout='every'.",
            )
        if net.bidirectional:
            fail(
                where,
                "an output edge runs forward only, for the future is not known when it is fed",
                f"{edge} with bidirectional=True",
                "Use recurrence='hidden', or bidirectional=False.",
            )
        if net.residual and not net.head.location_size:
            fail(
                where,
                "residual adds f(t-1) to a location",
                f"a {type(net.head).__name__} head, which has none",
                "Use Gaussian, StudentT, Laplace or Point, or residual=False.",
            )
        return
    if net.residual:
        fail(
            where,
            "residual adds what was fed back",
            "recurrence='hidden', which feeds nothing back",
            "Use recurrence='output' or 'both', or residual=False.",
        )
    if net.output_lags != 1:
        fail(
            where,
            "output_lags counts what is fed back",
            "recurrence='hidden', which feeds nothing back",
            "Use recurrence='output' or 'both', or leave output_lags out.",
        )
    if net.input_size == 0:
        fail(
            where,
            "input_size must be 1 or more without an output edge, "
            "for there is nothing else to read",
            0,
            "Use recurrence='output' or 'both' for an autonomous network.",
        )
