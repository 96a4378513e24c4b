"""Chen's system: a network that is to be simulated should be trained in simulation.

    y*(t) = (0.8 - 0.5 exp(-y1^2)) y1 - (0.3 + 0.9 exp(-y1^2)) y2 + u1 + 0.2 u2 + 0.1 u1 u2 + v(t)
    y(t)  = y*(t) + w(t),       y1 = y*(t-1), u2 = u(t-2), ...;  s.d. of v 0.1, of w 0.5

Ten tanh units read u(t-1), u(t-2) and two past outputs. From the same start and for as many
updates, the network is trained on the measured outputs (teacher forced; in system identification
*NARX*) and on its own (free running; *NOE*): directly, or led there by way of
f(t) = 0.1 y(t) + 0.9 g(o(t)). All are then simulated on a test set of the same kind without any
noise: the network sees u alone.

Reproduces Ribeiro and Aguirre, "Parallel training considered harmful?", *Neurocomputing* 316
(2018), the example of Chen's system, for which one realisation is published: mean squared error
0.387 and 0.062. The settings below were chosen on seeds 100 to 115, which the figures leave out.

    python examples/narx_noe.py
"""

import copy
import statistics

import torch

import freerun as fr
from reproduction import Experiment, Figure, Picture, Runs, Target, main

STEPS = 1000
SEARCH = fr.Optimizer("lbfgs")

FINDINGS = """\
The teacher-forced error is the published one; what happens under free running depends on the way
there. Directly from the teacher's weights the median is 0.086, which misses the target: the
published 0.062 lies within the spread, but it is one realisation. Led there by feeding a tenth of
the truth for ten steps, and its own outputs for two, the same network reaches 0.065. Being led
does not make up for the noise in the equation, as one might think: without that noise, on the
seeds for choosing, the medians are 0.041 led and 0.056 directly, with it 0.056 and 0.071. It is a
better way into the same loss, whose poor minima are known. Left there (f = 0.1 y + 0.9 g(o) to
the end) it reached 0.056 on the seeds for choosing, as much as led on to free running (0.056;
0.071 directly). One step ahead on the noise-free test, free running is better too, although only
the teacher was trained for one step. The spread over realisations is large, the ratio goes from 3
to 12, and noise and test inputs make most of it: three starts on the same data differ less. Forty
steps instead of ten overfit (0.093 on seeds 0 to 5, where ten had 0.077). Tried on the seeds for
choosing, for strict free running: stopping by a held-out quarter (0.094), AdamW with weight decay
0.03 for 2000 updates (0.069 on 8 seeds, but 0.091 on those of the table), shares 0.3, 0.1, 0.03,
0 in turn (0.057), and 8 steps with a tenth and 5 without (0.058; 0.070 on those of the table,
just above the target, which was seen before this was settled)."""


# Steps of twenty iterations each. With many more, training error falls and simulation's rises.
WAYS: dict[str, list[tuple[fr.forcing.Forcing, int]]] = {
    "forced": [(fr.TeacherForcing(), 12)],
    "direct": [(fr.FreeRunning(), 12)],
    "free": [(fr.GeneralizedTeacherForcing(0.1), 10), (fr.FreeRunning(), 2)],
}


def chen(steps: int, seed: int, noisy: bool) -> fr.Sequences:
    """One realisation, with u(t-1) beside y(t)."""
    v, w = (0.1, 0.5) if noisy else (0.0, 0.0)
    u, y = fr.datasets.chen(steps + 1, equation_noise=v, output_noise=w, seed=seed)
    return fr.Sequences(u[:-1], y[1:], dtype=torch.float64)


def measure(seed: int, quick: bool = False) -> dict[str, float]:
    """Mean squared error in simulation on the test set, of both networks."""
    train, test = chen(STEPS, seed, True), chen(STEPS, 10_000 + seed, False)
    torch.manual_seed(seed)
    start = fr.RecurrentNetwork(
        1, 10, fr.heads.Point(1), recurrence="output", output_lags=2, input_lags=1
    ).double()
    # In a loop that starts from random weights, simulation has many poor minima.
    fr.fit(start, train, epochs=5, optimizer=SEARCH, progress=False)
    found: dict[str, float] = {}
    for name, way in WAYS.items():
        net = copy.deepcopy(start)
        for forcing, steps in way:
            epochs = 1 if quick else steps
            fr.fit(net, train, forcing=forcing, epochs=epochs, optimizer=SEARCH, progress=False)
        error = fr.evaluate(net, test)
        found |= {name: error["free_error"] ** 2, f"{name}_one_step": error["error"] ** 2}
    return found | {"ratio": found["forced"] / found["free"]}


def targets(runs: Runs) -> list[Target]:
    """The published error, and how much worse the teacher's is."""
    free, ratio = statistics.median(runs["free"]), statistics.median(runs["ratio"])
    return [
        Target("median error trained free running at most 0.07", f"{free:.3f}", free <= 0.07),
        Target("teacher forced at least 4 times worse", f"{ratio:.1f} times", ratio >= 4),
    ]


def draw(runs: Runs) -> Picture:
    """The error in simulation of every seed, in the order of the teacher's."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.5), layout="constrained")
    axes = canvas.add_subplot()
    order = sorted(range(len(runs["forced"])), key=lambda seed: runs["forced"][seed])
    for color, (name, label, published) in enumerate(DRAWN):
        errors = [runs[name][seed] for seed in order]
        axes.semilogy(errors, "o", color=f"C{color}", label=label)
        if published is not None:
            axes.axhline(published, color=f"C{color}", linestyle=":")
    axes.set_xlabel("realisation, in the order of the teacher's error")
    axes.set_xticks([])
    axes.set_ylabel("mean squared error in simulation")
    canvas.legend(loc="outside upper center", ncols=3, title="published: dotted")
    return canvas


DRAWN = (
    ("forced", "teacher forced", 0.387),
    ("direct", "free running, directly", None),
    ("free", "free running, led there", 0.062),
)

EXPERIMENT = Experiment(
    name="narx_noe",
    title="Chen's system: a network that is to be simulated should be trained in simulation.",
    source="Ribeiro and Aguirre, Neurocomputing 316 (2018), Chen's system.",
    measure=measure,
    figures=[
        Figure("forced", "in simulation, teacher forced", "0.387", form=".3f"),
        Figure("direct", "in simulation, free running, directly", form=".3f"),
        Figure("free", "in simulation, free running, led there", "0.062", form=".3f"),
        Figure("ratio", "teacher forced over the latter", "6.2", form=".1f"),
        Figure("forced_one_step", "one step ahead, teacher forced", form=".3f"),
        Figure("free_one_step", "one step ahead, free running, led there", form=".3f"),
    ],
    targets=targets,
    seeds=20,
    findings=FINDINGS,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
