"""One cell of the tables: which work, and of what size."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["FAMILIES", "Case"]

FAMILIES = {
    "hidden": "hidden recurrence, forward and backward",
    "free": "output recurrence, free-running BPTT",
    "teacher": "output recurrence, teacher forced",
    "closed": "closed loop, many steps in one call",
    "session": "closed loop, a call for every step",
    "fit": "a whole training step of fit",
}

GATES = {"tanh": 1, "gru": 3, "lstm": 4}


@dataclass(frozen=True)
class Case:
    """The work of one row.

    Attributes:
        family: a key of ``FAMILIES``.
        recurrence: which edges recur: ``"hidden"``, ``"output"`` or ``"both"``.
        cell: the update equation.
        B: sequences, or paths.
        T: steps.
        H: hidden units.
        O: outputs; 0 where the hidden units are the output.
        I: features of x.
    """

    family: str
    recurrence: str
    cell: str
    B: int
    T: int
    H: int
    O: int  # noqa: E741
    I: int  # noqa: E741

    @property
    def products(self) -> int:
        """Multiplications and additions of the matrix products that the work cannot do without.

        The gradient of x is not asked for. Elementwise work is not counted.
        """
        rows, width = 2 * self.B * self.T, GATES[self.cell] * self.H
        if self.family in ("closed", "session"):
            past = self.H if self.recurrence == "both" else 0
            return rows * width * (self.I + past + 2 * self.O)
        if self.recurrence == "hidden":  # U, W; their gradients; back through W
            readout = 3 * rows * self.H * self.O
            return rows * width * (2 * (self.I + self.H) + self.H) + readout
        # U, R, V; their gradients; back through V, and through R where outputs are fed back
        back = self.O if self.family == "teacher" else 2 * self.O
        return rows * width * (2 * (self.I + 2 * self.O) + back)

    @property
    def is_per_step(self) -> bool:
        """Whether times are given per step."""
        return self.family in ("closed", "session")

    @property
    def name(self) -> str:
        """All of it, in a few words."""
        sizes = " ".join(f"{size}={getattr(self, size)}" for size in "BTHO" if getattr(self, size))
        return f"{self.family} {self.recurrence} {self.cell} {sizes}"

    def as_json(self) -> dict[str, Any]:
        """Every attribute by name."""
        return asdict(self)
