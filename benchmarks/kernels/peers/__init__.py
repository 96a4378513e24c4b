"""freerun and the libraries beside it: who they are, what they need, and where they take part.

A peer's module has ``build(problem)``, which returns a :class:`Contestant` or raises
:class:`UnavailableError`. It is imported only where it takes part, and is missing where what it
needs is not installed; that is said, never passed over.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Problem

__all__ = ["OURS", "PEERS", "Peer", "peers_for"]

OURS = "freerun"


@dataclass(frozen=True)
class Peer:
    """One who takes part.

    Attributes:
        name: at the head of its column.
        module: in this package.
        families: where it takes part.
        needs: packages that must be installed.
        is_limit: no peer but a yardstick: no ratio is formed with it.
    """

    name: str
    module: str
    families: tuple[str, ...]
    needs: tuple[str, ...] = ()
    is_limit: bool = False

    def missing(self) -> list[str]:
        """What it needs and is not installed."""
        return [package for package in self.needs if find_spec(package) is None]

    def build(self, problem: Problem) -> Contestant:
        """Get ready for a problem; compiling is part of that."""
        builder = import_module(f"{__name__}.{self.module}")
        contestant: Contestant = builder.build(problem)
        return contestant


PEERS = (
    Peer(OURS, "ours", ("hidden", "free", "teacher", "closed", "session", "fit")),
    Peer("torch.nn", "torch_layers", ("hidden",)),
    Peer("eager loop", "torch_loop", ("hidden", "free", "teacher", "closed", "session")),
    Peer("torch.compile", "torch_compiled", ("hidden", "free")),
    Peer("JAX", "jax_scan", ("hidden", "free", "teacher", "closed", "session"), ("jax",)),
    Peer("Keras", "keras_layers", ("hidden",), ("keras", "jax")),
    Peer("ONNX Runtime", "onnx_loop", ("closed", "session"), ("onnx", "onnxruntime")),
    Peer("forward, loss, backward", "bare_step", ("fit",)),
    Peer("limit, whole", "limit_whole", ("teacher",), is_limit=True),
    Peer("limit, in blocks", "limit_blocks", ("teacher",), is_limit=True),
)


def peers_for(family: str) -> list[Peer]:
    """Who takes part in a family, freerun first."""
    return [peer for peer in PEERS if family in peer.families]
