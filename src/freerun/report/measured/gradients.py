"""How gradients fade on their way back: what `gradient_flow` measured, as plain values."""

from dataclasses import dataclass

from freerun.dynamics import gradient_flow
from freerun.forcing import FreeRunning, TeacherForcing
from freerun.plan import Forcing
from freerun.report.effort import Effort
from freerun.report.measured.numbers import Numbers, plain
from freerun.report.subject import Subject

__all__ = ["Gradients", "gradients_of"]


@dataclass(frozen=True)
class Gradients:
    """Norms of gradients by lag, in scaled units.

    Attributes:
        lags: 1, 2, ...
        norms: For each way back, named by what is fed and what it goes through.
        rates: For each feeding, the factor per step over all of the state.
    """

    lags: list[int]
    norms: dict[str, Numbers]
    rates: dict[str, float]


def gradients_of(subject: Subject, effort: Effort) -> Gradients | None:
    """Follow gradients back as far as the data go; None where the network reads both ways."""
    net, data = subject.net, subject.data
    if net.bidirectional:
        return None
    lags = min(effort.lags, int(data.lengths.float().median()) - 1)
    if lags < 1:
        return None
    fed: dict[str, Forcing | None] = {"": None}
    if net.has_output_edge:
        fed = {"fed the truth": TeacherForcing(), "running free": FreeRunning()}
    norms: dict[str, Numbers] = {}
    rates: dict[str, float] = {}
    for name, forcing in fed.items():
        flow = gradient_flow(net, data, forcing, lags, effort.sequences, effort.ends)
        rates[name] = flow.rate
        for part, values in (("h", flow.hidden), ("f", flow.output)):
            if values is not None and bool(values.any()):
                label = f"through {part}"
                norms[f"{name}, {label}" if name else label] = plain(
                    values.masked_fill(values == 0, float("nan"))
                )
    return Gradients(list(range(1, lags + 1)), norms, rates)
