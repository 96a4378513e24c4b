"""Output recurrence under a strict teacher: one batch of matrix products against a loop over time.

With f(t-1) = y(t-1) known beforehand, o(t) = c + V tanh(b + U x(t) + R y(t-1)) has no recurrence
left. freerun computes all steps at once; the other contender is the same network as an eager
PyTorch loop over t, written out below. Loss and every gradient are compared before anything is
timed.

    python benchmarks/teacher_forced.py            # the whole grid, about 3 minutes
    python benchmarks/teacher_forced.py --quick
"""

import argparse
import itertools
import json
import statistics

import torch
from timing import ratio, take_turns
from torch import Tensor

import freerun as fr

INPUTS, OUTPUTS = 32, 8
GRID = {"batch": (1, 8, 32, 128), "steps": (50, 200, 1000), "hidden": (16, 64, 256)}
QUICK = {"batch": (1, 32), "steps": (50, 200), "hidden": (16, 128)}


def loop_loss(net: fr.RecurrentNetwork, x: Tensor, y: Tensor) -> Tensor:
    """L / (B T), step by step: the same equations, as they are usually written."""
    layer, fed, total = net.layers[0], torch.zeros_like(y[:, 0]), torch.zeros(())
    for t in range(x.shape[1]):
        a = x[:, t] @ layer.weight_ih.T + fed @ layer.weight_fh.T + layer.bias_ih
        o = net.output(torch.tanh(a))
        total = total + 0.5 * (y[:, t] - o).square().sum()
        fed = y[:, t]
    return total / (x.shape[0] * x.shape[1])


def compare(net: fr.RecurrentNetwork, x: Tensor, y: Tensor) -> None:
    """Refuse to time two things that are not the same: in float64, to 1e-10."""
    exact = fr.RecurrentNetwork(
        INPUTS, net.hidden_size, fr.heads.Point(OUTPUTS), recurrence="output"
    )
    exact.double().load_state_dict(net.state_dict())
    found = []
    for loss in (exact.loss(x.double(), y.double()), loop_loss(exact, x.double(), y.double())):
        exact.zero_grad()
        loss.backward()
        found.append([loss.detach(), *(p.grad.clone() for p in exact.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def measure(
    batch: int, steps: int, hidden: int, seconds: float
) -> tuple[float, float, float, float]:
    """Quartiles of loop / freerun, forward and backward, and freerun's median in milliseconds."""
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(INPUTS, hidden, fr.heads.Point(OUTPUTS), recurrence="output")
    x, y = torch.randn(batch, steps, INPUTS), torch.randn(batch, steps, OUTPUTS)
    compare(net, x[:4, :50], y[:4, :50])

    def step(loss_of):
        net.zero_grad()
        loss_of().backward()

    times = take_turns(
        {
            "freerun": lambda: step(lambda: net.loss(x, y)),
            "loop": lambda: step(lambda: loop_loss(net, x, y)),
        },
        seconds,
    )
    return *ratio(times["loop"], times["freerun"]), 1e3 * statistics.median(times["freerun"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    grid = QUICK if options.quick else GRID
    rows = []
    if not options.json:
        print(
            f"torch {torch.__version__}, {options.threads} thread(s), "
            f"{INPUTS} inputs, {OUTPUTS} outputs"
        )
        print("batch  steps  hidden   loop / freerun (quartiles)      freerun, ms")
    for batch, steps, hidden in itertools.product(*grid.values()):
        low, middle, high, milliseconds = measure(
            batch, steps, hidden, 0.5 if options.quick else 2.0
        )
        rows.append({"batch": batch, "steps": steps, "hidden": hidden, "ratio": middle,
                     "quartiles": [low, high], "milliseconds": milliseconds})  # fmt: skip
        if not options.json:
            spread = f"({low:.1f} to {high:.1f})"
            cell = f"{batch:5}  {steps:5}  {hidden:6}   {middle:7.1f} x  {spread}"
            print(f"{cell}{milliseconds:19.2f}", flush=True)
    mean = statistics.geometric_mean(row["ratio"] for row in rows)
    worst = min(rows, key=lambda row: row["ratio"])
    if options.json:
        print(json.dumps({"torch": torch.__version__, "threads": options.threads, "rows": rows,
                          "geometric_mean": mean}))  # fmt: skip
    else:
        print(f"geometric mean {mean:.1f} x; least {worst['ratio']:.1f} x")


if __name__ == "__main__":
    main()
