"""Mackey-Glass, tau = 17: free-running prediction 84 steps ahead.

From 100 places of an unseen stretch a network runs for 84 steps on its own outputs. NRMSE84 is the
root mean squared error of the last one over the standard deviation of the series. Every network is
trained on 3000 steps; the series has no noise.

- *Echo state*: both edges recur. W, R and b are random and stay; V, c and s are one regression on
  the states under the teacher. 1000 tanh units.
- *Trained*: only the outputs recur, 18 lags. All weights of 50 tanh units are trained, first
  teacher forced, then free running over stretches of 42 and of 84 steps, each begun from the truth.

Reproduces the benchmark of Jaeger and Haas, "Harnessing nonlinearity", *Science* 304 (2004), 78-80,
for which an error of 10^-4.2 with 1000 units is quoted. Lags, units and lengths of training were
chosen on other stretches, 5000 steps for each of the seeds 0 and 1.

    python examples/mackey_glass.py
"""

import copy
import math
import statistics
from collections.abc import Sequence

import torch
from torch import Tensor

import freerun as fr
from reproduction import Experiment, Figure, Picture, Runs, Target, main

AHEAD = 84
LAGS = 18
STEPS = (1, 2, 5, 10, 20, 40, 60, 84)
LABELS = {
    "echo": "echo state",
    "forced": "teacher forced",
    "free": "then free running",
}
SEARCH = fr.Optimizer("lbfgs")

FINDINGS = """\
The echo state network reaches the published figure in five seconds a seed, without any training
but one regression. Its scales matter more than its size: with feedback of 1 instead of 0.2 the
same 1000 units diverge, with a ridge of 1e-12 instead of 1e-10 too, although their errors under
the teacher stay below 10^-4; 300 units reach 2e-3 to 3e-3. The trained network is twenty times
smaller and stays a factor of twenty behind, with two of the six seeds above 10^-3. Training it as
it runs improves the error at 84 steps fourfold and the one at the first step not at all: what it
learns is to correct itself. Other things that were tried: 100 units (7.7e-4 on the stretch for
choosing, where 50 had 6.7e-4), 17, 19, 20 and 24 lags (1.0e-3 to 1.7e-3, where 18 had 0.8e-3 to
1.1e-3 for as much training), stretches of 168 steps (1.1e-3), weights that start three times
larger (4e-3), both edges with 30 or 50 units (2e-3 and 4e-2), and training the readout of an echo
state network of 100 units free running (from 1.7e-1 to 7e-2). The search must go on to a loss of
1e-9, in float64: PyTorch's L-BFGS leaves out of its memory what changes by less than 1e-10, and
came no further than 4.7e-3 before `fit` magnified the loss that it sees."""


def series(steps: int, seed: int) -> fr.Sequences:
    """One stretch, from a history of its own."""
    return fr.Sequences(None, fr.datasets.mackey_glass(steps, seed=seed), dtype=torch.float64)


def nrmse(net: fr.RecurrentNetwork, unseen: fr.Sequences, origins: int = 100) -> Tensor:
    """Error of the free run by step ahead, (AHEAD,), over the s.d. of the series."""
    gap = fr.exposure_gap(net, unseen, horizon=AHEAD, warmup=200, origins=origins)
    return gap.free_running / unseen.y_flat.std()  # type: ignore[union-attr]


def echo_state(train: fr.Sequences, units: int, seed: int) -> fr.RecurrentNetwork:
    """W with about 10 weights a unit and a spectral radius of 1; V, c and s by ridge regression."""
    torch.manual_seed(seed)
    net = fr.RecurrentNetwork(0, units, fr.heads.Point(1), recurrence="both", residual=True)
    net.double().scaling = fr.Scaling.standard(train)
    layer = net.layers[0]
    assert layer.weight_hh is not None
    assert layer.weight_fh is not None
    assert net.skip is not None
    with torch.no_grad():
        layer.weight_fh.uniform_(-0.2, 0.2)
        layer.bias_ih.uniform_(-0.2, 0.2)
        sparse = torch.rand(units, units) < 10 / units
        W = layer.weight_hh.uniform_(-1, 1).mul_(sparse)
        W.div_(torch.linalg.eigvals(W).abs().max())

        y = net.scaling.scale_y(train[0][1])
        seen = net(None, y.unsqueeze(0))
        fed = y.roll(1, 0)  # f(t-1); its first value is washed out with the zeros h began from
        features = torch.cat([seen.h[0], fed, torch.ones_like(y)], 1)[100:]
        square = features.T @ features + 1e-10 * torch.eye(units + 2).double()
        solution = torch.linalg.solve(square, features.T @ y[100:])
        net.output.weight.copy_(solution[:units].T)
        net.skip.copy_(solution[units])
        net.output.bias.copy_(solution[units + 1])
    return net


def trained(train: fr.Sequences, quick: bool, seed: int) -> tuple[fr.RecurrentNetwork, ...]:
    """The network after teacher forcing, and the same one after free running."""
    torch.manual_seed(seed)
    net = fr.RecurrentNetwork(
        0, 50, fr.heads.Point(1), recurrence="output", output_lags=LAGS, residual=True
    ).double()
    after = train.split(LAGS)[1]  # the lags of its first step are there
    fr.fit(net, after, epochs=2 if quick else 100, optimizer=SEARCH, progress=False)
    forced = copy.deepcopy(net)
    for length, epochs in ((AHEAD // 2, 60), (AHEAD, 150)):
        stretches = after.windows(length, stride=length)
        fr.fit(
            net, stretches, forcing=fr.FreeRunning(), epochs=2 if quick else epochs,
            optimizer=SEARCH, progress=False,
        )  # fmt: skip
    return forced, net


def measure(seed: int, quick: bool = False) -> dict[str, float]:
    """NRMSE at several steps ahead of the networks, trained on one stretch, on another one."""
    train, test = series(3000, 1000 + seed), series(1000 if quick else 5000, 4000 + seed)
    forced, free = trained(train, quick, seed)
    nets = {"echo": echo_state(train, 100 if quick else 1000, seed), "forced": forced, "free": free}
    found: dict[str, float] = {}
    for name, net in nets.items():
        errors = nrmse(net, test)
        found |= {f"{name}_{k}": float(errors[k - 1]) for k in STEPS}
    return found


def targets(runs: Runs) -> list[Target]:
    """NRMSE84 below 10^-3, and where the echo state stands."""
    return [
        _below("trained by L-BFGS, then free running", runs["free_84"], 1e-3),
        _below("echo state", runs["echo_84"], 10**-4.2),
    ]


def _below(name: str, values: Sequence[float], limit: float) -> Target:
    found = statistics.median(values)
    text = f"{found:.2g} = 10^{math.log10(found):.2f}"
    return Target(f"median NRMSE84, {name}, at most {limit:.2g}", text, found <= limit)


def draw(runs: Runs) -> Picture:
    """Error over steps ahead, a line for each seed."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.5), layout="constrained")
    axes = canvas.add_subplot()
    for color, (name, label) in enumerate(LABELS.items()):
        for seed, path in enumerate(zip(*(runs[f"{name}_{k}"] for k in STEPS), strict=True)):
            axes.semilogy(STEPS, path, color=f"C{color}", label="_" if seed else label)
    axes.axhline(10**-4.2, color="grey", linestyle=":", label="published at 84")
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("NRMSE")
    axes.legend()
    return canvas


EXPERIMENT = Experiment(
    name="mackey_glass",
    title="Mackey-Glass, tau = 17: free-running prediction 84 steps ahead.",
    source="Jaeger and Haas, Science 304 (2004), 78-80. NRMSE84; 10^-4.2 is 6.3e-05.",
    measure=measure,
    figures=[
        Figure("echo_84", "echo state, 1000 units, V by regression", "10^-4.2", form=".2g"),
        Figure("forced_84", "50 units, 18 lags, teacher forced", form=".2g"),
        Figure("free_84", "the same, then free running", form=".2g"),
    ],
    targets=targets,
    seeds=6,
    findings=FINDINGS,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
