"""Result: teacher forcing is biased by output noise, training as the network runs is not.

    y*(t) = 1.5 y*(t-1) - 0.7 y*(t-2) + 0.5 u(t-1),   y(t) = y*(t) + noise of s.d. 0.1

A linear network (one identity unit, output recurrence, two lags) is fitted to N = 300 steps, once
teacher forced and once free running, for many seeds. Published, 100 seeds (Ribeiro and Aguirre
2018):

    teacher forced   1.414  +- 0.026    -0.629  +- 0.021
    free running     1.5004 +- 0.0025   -0.7004 +- 0.0020

Beside each stands what the same estimator must give, least squares on the same data, worked out
without the network: with the teacher, a linear regression.

    python benchmarks/results/attenuation.py            # 100 seeds, about 2 minutes on one core
    python benchmarks/results/attenuation.py --seeds 10
"""

import argparse
import json
import sys

import numpy as np
import torch

import freerun as fr

PUBLISHED = {
    "teacher forced": ((1.414, 0.026), (-0.629, 0.021)),
    "free running": ((1.5004, 0.0025), (-0.7004, 0.0020)),
}
TRUTH = (1.5, -0.7)


def coefficients(net: fr.RecurrentNetwork) -> tuple[float, float]:
    """R: what multiplies y(t-1) and y(t-2)."""
    fed = net.layers[0].weight_fh.detach()
    return float(fed[0, 0]), float(fed[0, 1])


def linear_network() -> fr.RecurrentNetwork:
    """y(t) = b + U u(t-1) + R (y(t-1), y(t-2)): one identity unit, units left as they are.

    V = 1 and c = 0 stay, for they would only say the same thing twice.
    """
    net = fr.RecurrentNetwork(
        1, 1, fr.heads.Point(1), cell="identity", recurrence="output", output_lags=2
    ).double()
    torch.nn.init.ones_(net.output.weight)
    net.output.requires_grad_(False)
    net.scaling = fr.Scaling.identity()
    return net


def estimates(seed: int, steps: int) -> dict[str, tuple[float, float]]:
    """Both estimates, and least squares, for one seed."""
    u, y = fr.datasets.second_order(steps + 1, output_noise=0.1, seed=seed)
    data = fr.Sequences(u[:-1], y[1:], dtype=torch.float64)  # x(t) is u(t-1)
    torch.manual_seed(seed)
    net = linear_network()
    search = fr.Optimizer("lbfgs")
    found = {}
    fr.fit(net, data, epochs=10, optimizer=search, progress=False)
    found["teacher forced"] = coefficients(net)
    # Free running has poor minima far from the truth: begin where the teacher left off.
    fr.fit(net, data, forcing=fr.FreeRunning(), epochs=4, optimizer=search, progress=False)
    found["free running"] = coefficients(net)
    found["least squares"] = least_squares(u[:-1, 0].numpy(), y[1:, 0].numpy())
    return found


def least_squares(u: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Regression of y(t) on y(t-1), y(t-2), u(t-1) and 1; what came before the first step is 0."""
    past = [np.concatenate([np.zeros(lag), y[:-lag]]) for lag in (1, 2)]
    solution = np.linalg.lstsq(np.stack([*past, u, np.ones_like(y)], 1), y, rcond=None)[0]
    return float(solution[0]), float(solution[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)

    runs = []
    for seed in range(options.seeds):
        runs.append(estimates(seed, options.steps))
        if seed % 10 == 9:
            print(f"{seed + 1} of {options.seeds} seeds", file=sys.stderr)
    table = {
        name: [
            [float(np.mean(c)), float(np.std(c))]
            for c in zip(*(r[name] for r in runs), strict=True)
        ]
        for name in runs[0]
    }
    if options.json:
        print(json.dumps({"seeds": options.seeds, "steps": options.steps, "estimates": table}))
        return
    print(f"truth             y(t-1) {TRUTH[0]:.4f}            y(t-2) {TRUTH[1]:.4f}")
    for name, measured in table.items():
        cells = [f"{mean:8.4f} +- {spread:.4f}" for mean, spread in measured]
        print(f"{name:16}  " + "   ".join(cells))
        if name in PUBLISHED:
            cells = [f"{mean:8.4f} +- {spread:.4f}" for mean, spread in PUBLISHED[name]]
            print("  published       " + "   ".join(cells))


if __name__ == "__main__":
    main()
