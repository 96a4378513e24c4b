"""Professor forcing: running free shall look like being taught."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from freerun._checks import check_integer, check_number, fail
from freerun.data import Sequences
from freerun.forcing.feeding import check_draws, check_feed
from freerun.nn import GRU
from freerun.plan import Plan, PlanBatch

__all__ = ["Discriminator", "ProfessorForcing"]

WHERE = "ProfessorForcing"


@dataclass(frozen=True)
class ProfessorForcing:
    """Teacher forcing, and an adversary that must not tell the network's free runs from it.

        L = NLL(w = 1) - weight * mean over sequences of log D(h, o of a run with w = 0)

    D, a bidirectional GRU over the hidden units and outputs of every step, gives the probability
    that it sees the network being taught, and learns beside it:

        L_D = - mean log D(taught) - mean log (1 - D(free))

    D is trained only while it is right in less than ``most`` of the cases, and the network learns
    from it only while it is right in ``least`` or more. Gradients flow through h and o of the
    free run, and through what it feeds back as far as that is differentiable; not through the run
    that is taught.

    A batch in which a free run leaves the numbers behind has no adversary's part, and teaches D
    nothing. Costs two unrolls a batch and the adversary's. Works with one loss for the whole batch:
    not with truncated BPTT, nor with lbfgs.

    Args:
        weight: Of the adversary's part, 0 or more.
        hidden_size: Units of D in each direction.
        lr: Learning rate of D (Adam).
        least: D's accuracy from which on the network learns from it; 0 for always.
        most: D's accuracy from which on D learns no more.
        feed: ``"mean"`` or ``"sample"``: what free runs are fed.

    Raises:
        ArgumentError: A number is out of range; or, in training, the network has no output edge to
            run on, or samples are to be fed and its head has no spread.

    Source: Lamb, Goyal, Zhang, Zhang, Courville and Bengio, "Professor forcing: a new algorithm for
    training recurrent networks", NIPS 2016, section 3.
    """

    weight: float = 1.0
    hidden_size: int = 32
    lr: float = 1e-3
    least: float = 0.75
    most: float = 0.99
    feed: str = "mean"

    def __post_init__(self) -> None:
        check_number(WHERE, "weight", self.weight, 0.0)
        check_integer(WHERE, "hidden_size", self.hidden_size, 1)
        check_number(WHERE, "lr", self.lr, 0.0)
        check_number(WHERE, "least", self.least, 0.0, 1.0)
        if check_number(WHERE, "most", self.most, 0.0, 1.0) <= self.least:
            got = f"least={self.least} and most={self.most}"
            expected = "least must be below most, or the network would learn nothing"
            fail(WHERE, expected, got, "Pass least=0.75, most=0.99, say.")
        check_feed(WHERE, self.feed)

    has_penalty = True
    needs_output_edge = True

    def prepare(self, net: Any, train: Sequences) -> "Professor":
        """The object that holds the adversary."""
        check_draws(WHERE, self.feed, net.head)
        return Professor(self, net)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The teacher's."""
        return Plan(batch.y, 1.0)


class Discriminator(nn.Module):
    """log-odds that a sequence of steps was taught: bidirectional GRU, mean over steps, two layers.

    Args:
        size: Features of a step.
        hidden_size: Units in each direction.
    """

    def __init__(self, size: int, hidden_size: int) -> None:
        super().__init__()
        self.reader = GRU(size, hidden_size, batch_first=True, bidirectional=True)
        self.judge = nn.Sequential(
            nn.Linear(2 * hidden_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 1)
        )

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """``(batch,)`` for steps ``(batch, time, size)`` of which ``lengths``, 1 or more, count."""
        read = self._read(steps, lengths.cpu())
        mean = read.sum(1) / lengths.to(read).unsqueeze(1)
        found: Tensor = self.judge(mean).squeeze(1)
        return found

    def _read(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """What the reader makes of every step; 0 behind each length."""
        if int(lengths.min()) == steps.shape[1]:  # packing costs more than reading
            read: Tensor = self.reader(steps)[0]
            return read
        packed = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.reader(packed)[0], batch_first=True)[0]


class Professor:
    """Professor forcing under way: the adversary, its optimizer, and what it saw last.

    Attributes:
        adversary: D.
        accuracy: in how much of the last batch D was right.
    """

    has_penalty = True

    def __init__(self, policy: ProfessorForcing, net: Any) -> None:
        self.policy = policy
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.adversary = Discriminator(net.hidden_size + net.head.size, policy.hidden_size)
        self.adversary.to(device=net.device, dtype=net.dtype)
        self.method = torch.optim.Adam(self.adversary.parameters(), lr=policy.lr)
        self.accuracy = 0.0
        self.seen: tuple[Tensor, Tensor, Tensor] | None = None

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The teacher's."""
        return Plan(batch.y, 1.0)

    def penalty(
        self, net: Any, batch: PlanBatch, unrolled: Any, generator: torch.Generator | None
    ) -> Tensor | None:
        """- weight mean log D(free); None while D is too weak to learn from."""
        self.seen = None
        steps, lengths = batch.y.shape[1], batch.lengths
        if lengths is None:
            lengths = torch.full((len(batch.y),), steps, device=batch.y.device)
        real = (lengths > 0).nonzero().squeeze(1)
        if not len(real):
            return None
        running = net(
            batch.x, None, Plan(None, 0.0, self.policy.feed), batch.lengths,
            state=net.initial_state(len(batch.y)) if batch.state is None else batch.state,
            steps=steps, generator=generator,
        )  # fmt: skip
        taught, free = (torch.cat([one.h, one.o], -1)[real] for one in (unrolled, running))
        if not bool(free.detach().isfinite().all()):
            return None
        lengths = lengths[real]
        self.seen = (taught.detach(), free.detach(), lengths)
        self.adversary.requires_grad_(False)
        odds = self.adversary(free, lengths)
        with torch.no_grad():
            right = (self.adversary(taught, lengths) > 0).double().mean()
            self.accuracy = float((right + (odds < 0).double().mean()) / 2)
        if self.accuracy < self.policy.least:
            return None
        return self.policy.weight * softplus(-odds).mean()

    def update(self, net: Any, batch: PlanBatch, unrolled: object) -> None:
        """Train the adversary on what it saw last, unless it is too strong already."""
        if self.seen is None or self.accuracy >= self.policy.most:
            return
        taught, free, lengths = self.seen
        self.adversary.requires_grad_(True)
        self.method.zero_grad()
        odds = self.adversary(torch.cat([taught, free]), torch.cat([lengths, lengths]))
        of_taught, of_free = odds.chunk(2)
        (softplus(-of_taught) + softplus(of_free)).mean().backward()
        self.method.step()
        self.seen = None

    def figures(self) -> dict[str, float]:
        """In how much of the last batch the adversary was right."""
        return {"accuracy": self.accuracy}

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs."""
        return {
            "adversary": self.adversary.state_dict(),
            "method": self.method.state_dict(),
            "accuracy": self.accuracy,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.adversary.load_state_dict(state["adversary"])
        self.method.load_state_dict(state["method"])
        self.accuracy = state["accuracy"]
