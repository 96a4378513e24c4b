"""Keras on its JAX backend, its fastest on a CPU: a stateless layer and its gradient, compiled."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np

from benchmarks.kernels.case import GATES
from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.peers.jax_scan import compiled_gradient
from benchmarks.kernels.problem import Array, Problem

__all__ = ["build"]

LAYERS = {
    "tanh": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
}
SWAPPED = {"tanh": [0], "gru": [1, 0, 2], "lstm": [0, 1, 2, 3]}
"""Which of PyTorch's gates is each of Keras's, and the other way round: z and r change places."""


def build(problem: Problem) -> Contestant:
    """Keras's layer of the problem's cell."""
    case = problem.case
    layer = LAYERS[case.cell](case.H, return_sequences=True)
    layer.build((case.B, case.T, case.I))
    layer.set_weights(_to_keras(problem))
    rest = [variable.value for variable in layer.non_trainable_variables]

    def loss(weights: list[jax.Array], x: jax.Array, dh: jax.Array) -> jax.Array:
        h, _ = layer.stateless_call(weights, rest, x)
        return jnp.sum(h * dh)

    weights = [variable.value for variable in layer.trainable_variables]
    data = tuple(jnp.asarray(problem.data[name]) for name in ("x", "dh"))
    return compiled_gradient(loss, weights, data, lambda found: _from_keras(case.cell, found))


def _swapped(array: Array, cell: str) -> Array:
    """Gates, along the last axis, in the other library's order."""
    gates = np.split(array, GATES[cell], -1)
    return np.concatenate([gates[number] for number in SWAPPED[cell]], -1)


def _to_keras(problem: Problem) -> list[Array]:
    w, cell = problem.weights, problem.case.cell
    biases = np.stack([w["b_ih"], w["b_hh"]])
    bias = biases if cell == "gru" else biases.sum(0)
    return [_swapped(part, cell) for part in (w["U"].T, w["W"].T, bias)]


def _from_keras(cell: str, gradients: list[jax.Array]) -> dict[str, Array]:
    U, W, bias = (_swapped(np.asarray(part), cell) for part in gradients)
    b_ih, b_hh = bias if cell == "gru" else (bias, bias)
    return {"U": U.T, "W": W.T, "b_ih": b_ih, "b_hh": b_hh}
