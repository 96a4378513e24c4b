"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "BatchSize",
    "Bidirectional",
    "Cell",
    "Data",
    "Dropout",
    "Epochs",
    "Forcing",
    "Head",
    "HiddenSize",
    "Json",
    "Layers",
    "Lr",
    "Out",
    "OutputLags",
    "Overwrite",
    "Quiet",
    "Recurrence",
    "Residual",
    "Resume",
    "Run",
    "Seed",
    "Threads",
    "Window",
]

MOST_SEED = 2**32 - 1

Data = Annotated[str, typer.Argument(help="A built-in set; `freerun data` lists them.")]
Run = Annotated[Path, typer.Argument(help="A run directory, the --out of `freerun train`.")]
Out = Annotated[Path, typer.Option(help="The run directory to make.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Seed = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="The same seed, the same result.")]
Threads = Annotated[int, typer.Option(min=1, help="PyTorch's threads; wide layers profit.")]

Cell = Annotated[str, typer.Option(help="tanh, relu, identity, gru or lstm.")]
HiddenSize = Annotated[int, typer.Option(min=1, help="Units of a layer.")]
Layers = Annotated[int, typer.Option(min=1, help="Layers upon each other.")]
Dropout = Annotated[float, typer.Option(min=0.0, max=0.999, help="Share of outputs dropped.")]
Bidirectional = Annotated[bool, typer.Option(help="Read from both ends.")]
Recurrence = Annotated[
    str, typer.Option(help="Which edges recur: hidden (states), output (outputs) or both.")
]
OutputLags = Annotated[int, typer.Option(min=1, help="How many past outputs are fed back.")]
Residual = Annotated[bool, typer.Option(help="Learn the change from step to step.")]
Head = Annotated[
    str, typer.Option(help="Point (squared error), or with a spread Gaussian, StudentT, Laplace.")
]
Forcing = Annotated[
    str,
    typer.Option(
        metavar="NAME[:ARG=VALUE]",
        help="What is fed back in training: TeacherForcing, FreeRunning, FreeRunning:warmup=20.",
    ),
]
Window = Annotated[int, typer.Option(min=1, help="Steps that gradients go through at once.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the data.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Sequences in a step.")]
Lr = Annotated[float, typer.Option(help="The learning rate at the start.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")]
