"""freerun, through its public calls."""

import numpy as np
import torch

import freerun as fr
from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.peers.torch_layers import of_layers
from benchmarks.kernels.problem import Array, Problem

__all__ = ["FORCINGS", "build", "network"]

FORCINGS = {"teacher": fr.TeacherForcing(), "free": fr.FreeRunning(), "fit": fr.FreeRunning()}

FIT_BATCHES, FIT_EPOCHS = 20, 3


def build(problem: Problem) -> Contestant:
    """The contestant of the problem's family."""
    builders = {
        "hidden": _layers,
        "free": _training,
        "teacher": _training,
        "closed": _closed,
        "session": _session,
        "fit": _fit,
    }
    return builders[problem.case.family](problem)


def network(problem: Problem) -> fr.RecurrentNetwork:
    """The network of the problem, with its weights."""
    case, w = problem.case, problem.weights
    net = fr.RecurrentNetwork(case.I, case.H, fr.heads.Point(case.O), recurrence=case.recurrence)
    places = {
        "layers.0.weight_ih": "U",
        "layers.0.weight_hh": "W",
        "layers.0.weight_fh": "R",
        "layers.0.bias_ih": "b",
        "output.weight": "V",
        "output.bias": "c",
    }
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if parameter.numel():
                parameter.copy_(torch.from_numpy(w[places[name]]))
    return net


def _layers(problem: Problem) -> Contestant:
    """The drop-in layer of the problem's cell."""
    layers = {"tanh": fr.nn.RNN, "gru": fr.nn.GRU, "lstm": fr.nn.LSTM}
    return of_layers(layers, problem, torch.float32)


def _training(problem: Problem) -> Contestant:
    """The summed loss, and back through it."""
    net, forcing = network(problem), FORCINGS[problem.case.family]
    x, y = (torch.from_numpy(problem.data[name]) for name in ("x", "y"))
    layer = net.layers[0]
    letters = {"U": layer.weight_ih, "R": layer.weight_fh, "b": layer.bias_ih}
    letters |= {"V": net.output.weight, "c": net.output.bias}

    parameters = list(net.parameters())

    def run() -> None:
        for parameter in parameters:
            parameter.grad = None
        net.backpropagate(x, y, forcing, reduction="sum")

    def read(_: None) -> dict[str, Array]:
        return {name: weight.grad.numpy() for name, weight in letters.items()}  # type: ignore[union-attr]

    return Contestant(run, read)


def _state(problem: Problem) -> fr.State:
    h, f = (torch.from_numpy(problem.data[name]) for name in ("h", "f"))
    return fr.State(((h,),) if "W" in problem.weights else (), f.unsqueeze(1))


def _closed(problem: Problem) -> Contestant:
    """``fr.run`` over all steps."""
    net, state, case = network(problem), _state(problem), problem.case

    def read(path: fr.Path) -> dict[str, Array]:
        y = path.y.numpy().reshape(case.B, case.T, case.O)
        return {"path": np.swapaxes(y, 0, 1)}

    return Contestant(lambda: fr.run(net, case.T, state=state), read, units=case.T)


def _session(problem: Problem) -> Contestant:
    """``Session.step`` for every step."""
    session, state, steps = fr.Session(network(problem)), _state(problem), problem.case.T

    def run() -> list[torch.Tensor]:
        session.state = state
        return [session.step() for _ in range(steps)]

    return Contestant(
        run, lambda path: {"path": torch.stack(path).unsqueeze(1).numpy()}, units=steps
    )


def _fit(problem: Problem) -> Contestant:
    """``fr.fit``: batches, plan, loss, gradients, clipping, optimizer, history."""
    net, case = network(problem), problem.case
    net.scaling = fr.Scaling.identity()
    x, y = (torch.from_numpy(problem.data[name]) for name in ("x", "y"))
    data = fr.Sequences(x.repeat(FIT_BATCHES, 1, 1), y.repeat(FIT_BATCHES, 1, 1))
    slow = fr.Optimizer(lr=1e-7)  # so that it is the same network from call to call

    def run() -> None:
        fr.fit(
            net, data, forcing=FORCINGS["fit"], epochs=FIT_EPOCHS, batch_size=case.B,
            optimizer=slow, progress=False,
        )  # fmt: skip

    return Contestant(run, units=FIT_BATCHES * FIT_EPOCHS)
