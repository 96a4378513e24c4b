"""Arguments and options that several commands share."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from freerun.cli.reading import one_of, real, whole

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
    "Horizon",
    "InputLags",
    "Json",
    "Layers",
    "Lr",
    "Out",
    "OutputLags",
    "Overwrite",
    "Patience",
    "Quiet",
    "Recurrence",
    "Residual",
    "Resume",
    "Run",
    "Scale",
    "Seed",
    "Start",
    "Test",
    "Threads",
    "Validate",
    "Window",
    "count",
    "number",
    "word",
]


def count(option: str, help: str, least: int = 1, most: float = math.inf) -> Any:
    """An option that is a whole number."""
    return typer.Option(option, parser=whole(option, least, most), metavar="N", help=help)


def number(option: str, help: str, span: str, fits: Callable[[float], bool], example: float) -> Any:
    """An option that is a number."""
    reader = real(option, span, fits, example)
    return typer.Option(option, parser=reader, metavar="NUMBER", help=f"{help} A number {span}.")


def word(option: str, help: str, choices: Iterable[str]) -> Any:
    """An option that is one of a few words."""
    metavar = "|".join(choices)
    return typer.Option(option, parser=one_of(option, choices), metavar=metavar, help=help)


Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A file (CSV, Parquet, .npz, .ts, text), a directory of them, or a built-in set.",
    ),
]
Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, the --out of `freerun train`.")
]
Out = Annotated[Path, typer.Option(help="The run directory to make.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Seed = Annotated[int, count("--seed", "The same seed, the same result.", 0, 2**32 - 1)]
Threads = Annotated[int, count("--threads", "PyTorch's threads; wide layers profit.")]

Cell = Annotated[str, typer.Option(help="tanh, relu, identity, gru or lstm.")]
HiddenSize = Annotated[int, count("--hidden-size", "Units of a layer.")]
Layers = Annotated[int, count("--layers", "Layers upon each other.")]
Dropout = Annotated[
    float,
    number(
        "--dropout",
        "Share of outputs dropped.",
        "from 0 to 0.999",
        lambda share: 0 <= share <= 0.999,
        0.2,
    ),
]
Bidirectional = Annotated[bool, typer.Option(help="Read from both ends.")]
Recurrence = Annotated[
    str, typer.Option(help="Which edges recur: hidden (states), output (outputs) or both.")
]
OutputLags = Annotated[
    int | None,
    count("--output-lags", "How many past outputs are fed back; two seasons of them by default."),
]
Residual = Annotated[bool, typer.Option(help="Learn the change from step to step.")]
Head = Annotated[
    str,
    typer.Option(
        help="With a spread Gaussian, StudentT, Laplace; Point (squared error); for counts "
        "Poisson, NegativeBinomial."
    ),
]
Forcing = Annotated[
    str,
    typer.Option(
        metavar="NAME[:ARG=VALUE]",
        help="What is fed back in training: TeacherForcing, FreeRunning:warmup=20, "
        "ScheduledSampling:schedule=linear, or another policy of freerun.forcing; of forecasts "
        "auto: the best of a few, running free.",
    ),
]
Window = Annotated[
    int | None,
    count("--window", "Steps that gradients go through at once; what the data ask for by default."),
]
Epochs = Annotated[
    int | None,
    count("--epochs", "Passes over the data; as many as their size asks for by default."),
]
InputLags = Annotated[int, count("--input-lags", "How many past inputs each step reads too.", 0)]
Horizon = Annotated[
    int | None, count("--horizon", "Steps ahead that it is judged by; 60 at most by default.")
]
Start = Annotated[
    str,
    word(
        "--start", "Begin from the best linear forecast, where the network can hold it, or at "
        "random.", ("linear", "random"),
    ),
]  # fmt: skip
Scale = Annotated[
    str, word("--scale", "Units of each series' own, or one unit of all.", ("series", "all"))
]
Test = Annotated[
    float,
    number(
        "--test",
        "Share of a file that is held back to be measured on: the last part of each series, or "
        "whole sequences where they end; 0 for none.",
        "from 0 to below 1",
        lambda share: 0 <= share < 1,
        0.2,
    ),
]
BatchSize = Annotated[int, count("--batch-size", "Sequences in a step.")]
Lr = Annotated[
    float,
    number("--lr", "The learning rate at the start.", "above 0", lambda rate: rate > 0, 0.003),
]
Validate = Annotated[
    float | None,
    number(
        "--validate",
        "Hold back the last part of each series, or a share of the sequences where they end; keep "
        "the epoch that is best there (forecasts: running free).",
        "above 0 and below 1",
        lambda share: 0 < share < 1,
        0.2,
    ),
]
Patience = Annotated[
    int | None,
    count("--patience", "With --validate: stop after so many epochs without a new best; 20."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.html.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")]
