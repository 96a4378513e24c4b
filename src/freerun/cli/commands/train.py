"""``freerun train forecast|classify|label|text``: a network trained, kept and measured."""

from dataclasses import replace
from pathlib import Path

from freerun._checks import fail
from freerun.cli import options
from freerun.cli.output import print_json, say
from freerun.cli.recipes import CLASSIFY, FORECAST, LABEL, TEXT, Recipe
from freerun.cli.runs import check_out

__all__ = ["classify", "forecast", "label", "text"]


def forecast(
    data: options.Data,
    out: options.Out,
    head: options.Head = FORECAST.head,
    cell: options.Cell = FORECAST.cell,
    hidden_size: options.HiddenSize = FORECAST.hidden_size,
    layers: options.Layers = FORECAST.num_layers,
    recurrence: options.Recurrence = FORECAST.recurrence,
    output_lags: options.OutputLags = FORECAST.output_lags,
    residual: options.Residual = FORECAST.residual,
    dropout: options.Dropout = FORECAST.dropout,
    forcing: options.Forcing = FORECAST.forcing,
    window: options.Window = FORECAST.window or 1,
    epochs: options.Epochs = FORECAST.epochs,
    batch_size: options.BatchSize = FORECAST.batch_size,
    lr: options.Lr = FORECAST.lr,
    validate: options.Validate = None,
    patience: options.Patience = None,
    seed: options.Seed = 0,
    threads: options.Threads = 1,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a network to forecast a series, and measure it on the part held back.

    Its outputs are fed back to it. Teacher forcing trains it on the truth in their place;
    FreeRunning trains it as it will run. With --validate 0.3 the last 30 % of the training part
    is not trained on: the epoch whose error running free is least there is kept, and training
    stops after --patience epochs without a better one.
    """
    recipe = replace(
        FORECAST, head=head, cell=cell, hidden_size=hidden_size, num_layers=layers,
        recurrence=recurrence, output_lags=output_lags, residual=residual, dropout=dropout,
        forcing=forcing, window=window, epochs=epochs, batch_size=batch_size, lr=lr,
        validate=validate, patience=patience,
    )  # fmt: skip
    _train(recipe, data, out, resume, overwrite, seed, threads, quiet, json)


def classify(
    data: options.Data,
    out: options.Out,
    cell: options.Cell = CLASSIFY.cell,
    hidden_size: options.HiddenSize = CLASSIFY.hidden_size,
    layers: options.Layers = CLASSIFY.num_layers,
    bidirectional: options.Bidirectional = CLASSIFY.bidirectional,
    dropout: options.Dropout = CLASSIFY.dropout,
    epochs: options.Epochs = CLASSIFY.epochs,
    batch_size: options.BatchSize = CLASSIFY.batch_size,
    lr: options.Lr = CLASSIFY.lr,
    validate: options.Validate = None,
    patience: options.Patience = None,
    seed: options.Seed = 0,
    threads: options.Threads = 1,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a network to read a sequence and say its class, and measure it on the test part."""
    recipe = replace(
        CLASSIFY, cell=cell, hidden_size=hidden_size, num_layers=layers,
        bidirectional=bidirectional, dropout=dropout, epochs=epochs, batch_size=batch_size, lr=lr,
        validate=validate, patience=patience,
    )  # fmt: skip
    _train(recipe, data, out, resume, overwrite, seed, threads, quiet, json)


def label(
    data: options.Data,
    out: options.Out,
    cell: options.Cell = LABEL.cell,
    hidden_size: options.HiddenSize = LABEL.hidden_size,
    layers: options.Layers = LABEL.num_layers,
    recurrence: options.Recurrence = LABEL.recurrence,
    bidirectional: options.Bidirectional = LABEL.bidirectional,
    dropout: options.Dropout = LABEL.dropout,
    forcing: options.Forcing = LABEL.forcing,
    epochs: options.Epochs = LABEL.epochs,
    batch_size: options.BatchSize = LABEL.batch_size,
    lr: options.Lr = LABEL.lr,
    validate: options.Validate = None,
    patience: options.Patience = None,
    seed: options.Seed = 0,
    threads: options.Threads = 1,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a network to label every step of a sequence, and measure it on the test part."""
    recipe = replace(
        LABEL, cell=cell, hidden_size=hidden_size, num_layers=layers, recurrence=recurrence,
        bidirectional=bidirectional, dropout=dropout, forcing=forcing, epochs=epochs,
        batch_size=batch_size, lr=lr,
        validate=validate, patience=patience,
    )  # fmt: skip
    _train(recipe, data, out, resume, overwrite, seed, threads, quiet, json)


def text(
    data: options.Data,
    out: options.Out,
    cell: options.Cell = TEXT.cell,
    hidden_size: options.HiddenSize = TEXT.hidden_size,
    layers: options.Layers = TEXT.num_layers,
    recurrence: options.Recurrence = TEXT.recurrence,
    output_lags: options.OutputLags = TEXT.output_lags,
    dropout: options.Dropout = TEXT.dropout,
    forcing: options.Forcing = TEXT.forcing,
    window: options.Window = TEXT.window or 1,
    epochs: options.Epochs = TEXT.epochs,
    batch_size: options.BatchSize = TEXT.batch_size,
    lr: options.Lr = TEXT.lr,
    validate: options.Validate = None,
    patience: options.Patience = None,
    seed: options.Seed = 0,
    threads: options.Threads = 1,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a network to continue a text, character by character; measure it on the last tenth."""
    recipe = replace(
        TEXT, cell=cell, hidden_size=hidden_size, num_layers=layers, recurrence=recurrence,
        output_lags=output_lags, dropout=dropout, forcing=forcing, window=window, stride=window,
        epochs=epochs, batch_size=batch_size, lr=lr,
        validate=validate, patience=patience,
    )  # fmt: skip
    _train(recipe, data, out, resume, overwrite, seed, threads, quiet, json)


def _train(
    recipe: Recipe, data: str, out: Path, resume: bool, overwrite: bool, seed: int, threads: int,
    quiet: bool, json: bool,
) -> None:  # fmt: skip
    check_out(out, resume, overwrite)
    if recipe.patience is not None and recipe.validate is None:
        expected = "--patience needs a part to measure on"
        fail("freerun", expected, "no --validate", "Add --validate 0.2, say.")

    from freerun.cli.figures import print_best, print_figures
    from freerun.cli.measures import measure
    from freerun.cli.sources import load
    from freerun.cli.training import Keeping, chosen, train, using_threads

    source = load(recipe.task, data)
    with using_threads(threads):
        net, history = train(recipe, source, Keeping(out, resume, overwrite), seed, quiet)
        figures = measure(recipe.task, net, source)
    result = {
        "task": recipe.task,
        "data": source.name,
        "run": str(out),
        "seed": seed,
        "epochs": len(history),
        "train_loss": history["train_loss"][-1],
        "seconds": sum(history["seconds"]),
        **chosen(history),
        **figures,
    }
    if json:
        print_json(result)
        return
    print_figures(recipe.task, source.name, figures)
    print_best(result)
    say(f"kept in {out}", quiet)
