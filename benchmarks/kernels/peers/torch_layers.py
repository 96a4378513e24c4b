"""``torch.nn.RNN``, ``GRU`` and ``LSTM``, batch first; oneDNN's loop where PyTorch chooses it."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Array, Problem

__all__ = ["build", "of_layers"]

Layers = Mapping[str, Callable[..., nn.RNNBase]]

LAYERS: Layers = {"tanh": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
PARAMETERS = {
    "U": "weight_ih_l0",
    "W": "weight_hh_l0",
    "b_ih": "bias_ih_l0",
    "b_hh": "bias_hh_l0",
}


def build(problem: Problem, dtype: torch.dtype = torch.float32) -> Contestant:
    """PyTorch's layer of the problem's cell."""
    return of_layers(LAYERS, problem, dtype)


def of_layers(layers: Layers, problem: Problem, dtype: torch.dtype) -> Contestant:
    """Forward and backward through a layer with the arguments and state dict of PyTorch's."""
    case = problem.case
    layer = layers[case.cell](case.I, case.H, batch_first=True).to(dtype)
    layer.load_state_dict(
        {name: torch.from_numpy(problem.weights[key]) for key, name in PARAMETERS.items()}
    )
    x, dh = (torch.from_numpy(problem.data[name]).to(dtype) for name in ("x", "dh"))
    parameters = dict(layer.named_parameters())

    def run() -> None:
        for parameter in parameters.values():
            parameter.grad = None
        layer(x)[0].backward(dh)

    def read(_: None) -> dict[str, Array]:
        return {key: parameters[name].grad.numpy() for key, name in PARAMETERS.items()}  # type: ignore[union-attr]

    return Contestant(run, read)
