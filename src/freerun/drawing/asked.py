"""What is drawn of a network: which edges there are, what feeds the output edge, where cuts are."""

from dataclasses import dataclass

import torch

from freerun._checks import check_integer, check_number, fail
from freerun.bptt import BPTT, TruncatedBPTT
from freerun.cells import CELLS
from freerun.drawing.planned import made_up_batch, weights_of
from freerun.drawing.remarks import remarks, shown, spelled
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Progress

__all__ = ["Asked", "asked", "cuts_of", "weights_for"]

WHERE = "draw"

MOST_STEPS, MOST_LAGS = 12, 3


@dataclass(frozen=True)
class Asked:
    """What the layout needs to know.

    Attributes:
        net: The network.
        steps: How many of them are drawn.
        weights: w of each of these steps; None for any.
        cuts: ``(after, first, last)``: behind which step the gradient of which losses ends.
        captions: What there is to say besides.
    """

    net: RecurrentNetwork
    steps: int
    weights: tuple[float, ...] | None
    cuts: tuple[tuple[int, int, int], ...]
    captions: tuple[str, ...]

    @property
    def output_lags(self) -> int:
        """How many lags of outputs are drawn."""
        return min(self.net.output_lags, MOST_LAGS)

    @property
    def input_lags(self) -> int:
        """How many lags of inputs are drawn."""
        return min(self.net.input_lags, MOST_LAGS)

    @property
    def whole(self) -> bool:
        """Whether the sequence is drawn from its first step to its last: where o reads both."""
        return self.net.bidirectional and self.net.readout == "last"

    @property
    def numbered(self) -> bool:
        """Whether steps have numbers: where they are not alike."""
        return (
            self.whole
            or bool(self.cuts)
            or (self.weights is not None and len(set(self.weights)) > 1)
        )


def asked(
    net: RecurrentNetwork,
    steps: int = 4,
    forcing: Forcing | None = None,
    bptt: BPTT | None = None,
    progress: float = 0.0,
    epochs: int = 50,
) -> Asked:
    """Find out what is to be drawn.

    Raises:
        ArgumentError: A number is out of range, or the network has no place for what is asked.
    """
    check_integer(WHERE, "steps", steps, 1, MOST_STEPS)
    check_number(WHERE, "progress", progress, 0.0, 1.0)
    check_integer(WHERE, "epochs", epochs, 1)
    said: list[str] = []
    weights = None
    if net.has_output_edge:
        said.append(r"Fed to the next step is $f^{(t)}=w\,y^{(t)}+(1-w)\,g(o^{(t)})$.")
    if forcing is not None:
        weights = weights_for(net, forcing, steps, Progress(progress, epochs))
        when = f", {progress:.0%} of training done" if progress else ""
        said += [f"$w$ as in {spelled(forcing)}{when}.", *remarks(forcing, epochs)]
    for name, lags, letter in (("R", net.output_lags, "f"), ("U", net.input_lags, "x")):
        if lags > MOST_LAGS:
            said.append(f"And so on, up to ${name}_{{{lags}}}\\,{letter}^{{(t-{lags})}}$.")
    if CELLS[net.cell].memory > 1 and net.recurrence != "output":
        said.append("With $h$ goes the cell's other memory, $c$.")
    return Asked(net, steps, weights, cuts_of(net, bptt, steps), tuple(said))


def weights_for(
    net: RecurrentNetwork, policy: Forcing, steps: int, progress: Progress
) -> tuple[float, ...]:
    """w of the first ``steps`` steps as the policy plans them, of a longer sequence."""
    if isinstance(policy, type) or not isinstance(policy, Forcing):
        fail(WHERE, "forcing must be a policy", repr(policy), "Pass fr.FreeRunning(), say.")
    if not net.has_output_edge:
        fix = "Leave it out, or draw recurrence='output' or 'both'."
        fail(WHERE, "forcing feeds the output edge", f"recurrence={net.recurrence!r}", fix)
    longer = 10 * MOST_STEPS
    batch = made_up_batch(1, longer, net.output_lags)
    plan = shown(policy).plan(batch, progress, torch.Generator().manual_seed(0))
    return tuple(round(float(w), 6) for w in weights_of(plan, 1, longer)[0, :steps])


def cuts_of(
    net: RecurrentNetwork, bptt: BPTT | None, steps: int
) -> tuple[tuple[int, int, int], ...]:
    """Where truncated BPTT ends gradients, and of which losses; nothing else ends any."""
    if bptt is None or not isinstance(bptt, TruncatedBPTT):
        if bptt is not None and (isinstance(bptt, type) or not isinstance(bptt, BPTT)):
            fail(WHERE, "bptt must be a variant", repr(bptt), "Pass fr.TruncatedBPTT(2), say.")
        return ()
    if net.bidirectional:
        fail(WHERE, "cuts are of one direction", "a bidirectional network", "Leave bptt out.")
    reach = bptt.k2 or bptt.k1
    if net.readout == "last":  # the sequence ends with what is drawn
        return ((steps - reach, steps, steps),) if reach < steps else ()
    stops = range(bptt.k1, steps + reach + 1, bptt.k1)
    return tuple((stop - reach, stop - bptt.k1 + 1, stop) for stop in stops if stop > reach)
