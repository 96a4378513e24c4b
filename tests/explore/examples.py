"""Small networks and series to explore."""

import torch

import freerun as fr
from freerun.data import Levels
from freerun.explore.answers import Forecasts, Series, Text, Texts

CLASSES = tuple("abcde")


def network(recurrence: str = "output", inputs: int = 0, outputs: int = 1) -> fr.RecurrentNetwork:
    torch.manual_seed(1)
    cell = "tanh" if recurrence == "output" else "gru"
    net = fr.RecurrentNetwork(
        inputs, 6, fr.heads.Gaussian(outputs), cell=cell, recurrence=recurrence, output_lags=3
    )
    net.scaling = fr.Scaling(
        None,
        None,
        y_shift=torch.full((outputs,), 0.3).double(),
        y_scale=torch.full((outputs,), 2.0).double(),
    )
    return net.eval()


def forecasts(
    recurrence: str = "output", inputs: int = 0, outputs: int = 2, steps: int = 700
) -> Forecasts:
    """Two series, the second at another level; the last third of each was held back."""
    torch.manual_seed(2)
    series = tuple(
        Series(
            name,
            torch.randn(steps, inputs) if inputs else None,
            torch.randn(steps, outputs).cumsum(0) / 5,
            2 * steps // 3,
        )
        for name in ("north", "south")
    )
    center = torch.tensor([[0.0] * outputs, [100.0] * outputs]).double()
    spread = torch.tensor([[1.0] * outputs, [10.0] * outputs]).double()
    names = tuple(f"y{n}" for n in range(outputs))
    return Forecasts(
        network(recurrence, inputs, outputs), series, Levels(center, spread), names, season=12
    )


def texts(steps: int = 900) -> Texts:
    torch.manual_seed(3)
    head = fr.heads.Categorical(len(CLASSES))
    net = fr.RecurrentNetwork(0, 8, head, cell="gru", recurrence="both").eval()
    codes = torch.randint(len(CLASSES), (steps,))
    shares = torch.full((len(CLASSES),), 1 / len(CLASSES)).double()
    return Texts(net, (Text("book", codes, 600),), CLASSES, "characters", shares)
