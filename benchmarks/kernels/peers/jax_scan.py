"""JAX: ``lax.scan`` over time, compiled ahead; teacher forced without a loop.

What does not wait for the step before, U x, is one product before the scan, which is over time
first. Weights lie as ``h @ W`` wants them.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Array, Problem

__all__ = ["build", "compiled_gradient"]

Weights = dict[str, jax.Array]


def build(problem: Problem) -> Contestant:
    """The contestant of the problem's family."""
    case = problem.case
    if case.family == "closed":
        return _closed(problem)
    if case.family == "session":
        return _session(problem)
    weights = _turned(problem.weights)
    merged = case.family == "hidden" and case.cell != "gru"
    if merged:  # one bias is all that these cells need
        weights["b_ih"] = weights["b_ih"] + weights.pop("b_hh")
    losses = {"free": free_loss, "teacher": teacher_loss}
    loss = hidden_loss(case.cell) if case.family == "hidden" else losses[case.family]
    data = tuple(jnp.asarray(part) for part in problem.data.values())

    def read(gradients: Weights) -> dict[str, Array]:
        found = {name: np.asarray(part).T for name, part in gradients.items()}
        return found | {"b_hh": found["b_ih"]} if merged else found

    return compiled_gradient(loss, weights, data, read)


def compiled_gradient(
    loss: Callable[..., Any],
    weights: Any,
    data: tuple[jax.Array, ...],
    read: Callable[[Any], dict[str, Array]],
) -> Contestant:
    """A loss and its gradient in one call of a program that is compiled here."""
    program = jax.jit(jax.value_and_grad(loss)).lower(weights, *data).compile()

    def run() -> Any:
        return jax.block_until_ready(program(weights, *data))[1]

    return Contestant(run, read)


def _turned(weights: dict[str, Array]) -> Weights:
    return {name: jnp.asarray(np.ascontiguousarray(weight.T)) for name, weight in weights.items()}


# --- training -------------------------------------------------------------------------------------


def hidden_loss(cell: str) -> Callable[..., jax.Array]:
    """sum of dh h over all steps: its gradients are those that dh brings back."""
    step, parts = STEPS[cell]

    def loss(w: Weights, x: jax.Array, dh: jax.Array) -> jax.Array:
        drives = x.swapaxes(0, 1) @ w["U"] + w["b_ih"]
        first = (jnp.zeros((x.shape[0], dh.shape[2])),) * parts
        _, h = lax.scan(lambda memory, drive: step(w, memory, drive), first, drives)
        return jnp.sum(h * dh.swapaxes(0, 1))

    return loss


Step = Callable[[Weights, tuple[jax.Array, ...], jax.Array], Any]


def _tanh(w: Weights, memory: tuple[jax.Array, ...], drive: jax.Array) -> Any:
    h = jnp.tanh(drive + memory[0] @ w["W"])
    return (h,), h


def _gru(w: Weights, memory: tuple[jax.Array, ...], drive: jax.Array) -> Any:
    (h,) = memory
    a_r, a_z, a_n = jnp.split(drive, 3, -1)
    w_r, w_z, w_n = jnp.split(h @ w["W"] + w["b_hh"], 3, -1)
    r, z = jax.nn.sigmoid(a_r + w_r), jax.nn.sigmoid(a_z + w_z)
    h = (1 - z) * jnp.tanh(a_n + r * w_n) + z * h
    return (h,), h


def _lstm(w: Weights, memory: tuple[jax.Array, ...], drive: jax.Array) -> Any:
    h, c = memory
    i, f, g, o = jnp.split(drive + h @ w["W"], 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


STEPS: dict[str, tuple[Step, int]] = {"tanh": (_tanh, 1), "gru": (_gru, 1), "lstm": (_lstm, 2)}


def free_loss(w: Weights, x: jax.Array, y: jax.Array) -> jax.Array:
    """0.5 sum |y - o|^2 where each step is fed the output before."""
    drives = x.swapaxes(0, 1) @ w["U"] + w["b"]

    def step(f: jax.Array, drive: jax.Array) -> tuple[jax.Array, jax.Array]:
        o = w["c"] + jnp.tanh(drive + f @ w["R"]) @ w["V"]
        return o, o

    _, o = lax.scan(step, jnp.zeros_like(y[:, 0]), drives)
    return 0.5 * jnp.sum((y.swapaxes(0, 1) - o) ** 2)


def teacher_loss(w: Weights, x: jax.Array, y: jax.Array) -> jax.Array:
    """0.5 sum |y - o|^2 where each step is fed the target before: all steps at once."""
    fed = jnp.concatenate([jnp.zeros_like(y[:, :1]), y[:, :-1]], 1)
    o = w["c"] + jnp.tanh(x @ w["U"] + fed @ w["R"] + w["b"]) @ w["V"]
    return 0.5 * jnp.sum((y - o) ** 2)


# --- the closed loop ------------------------------------------------------------------------------


def _closed_step(w: Weights, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    h, f = state
    a = w["b"] + f @ w["R"]
    h = jnp.tanh(a + h @ w["W"] if "W" in w else a)
    return h, w["c"] + h @ w["V"]


def _closed(problem: Problem) -> Contestant:
    """One scan over all steps."""
    weights, steps = _turned(problem.weights), problem.case.T
    first = tuple(jnp.asarray(problem.data[name]) for name in ("h", "f"))

    def path(w: Weights, state: Any) -> jax.Array:
        def step(state: Any, _: None) -> Any:
            state = _closed_step(w, state)
            return state, state[1]

        return lax.scan(step, state, None, length=steps)[1]

    program = jax.jit(path).lower(weights, first).compile()
    return Contestant(
        lambda: program(weights, first).block_until_ready(),
        lambda path: {"path": np.asarray(path)},
        units=steps,
    )


def _session(problem: Problem) -> Contestant:
    """A call of the compiled step for every step, its output taken to the caller each time."""
    weights, steps = _turned(problem.weights), problem.case.T
    first = tuple(jnp.asarray(problem.data[name]) for name in ("h", "f"))
    program = jax.jit(_closed_step)

    def run() -> list[Array]:
        state, out = first, []
        for _ in range(steps):
            state = program(weights, state)
            out.append(np.asarray(state[1]))
        return out

    return Contestant(run, lambda path: {"path": np.stack(path)}, units=steps)
