"""``freerun train TASK``: a network trained, kept and measured."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

from freerun._checks import fail
from freerun.cli import columns, options
from freerun.cli.output import print_json, say
from freerun.cli.runs import check_out
from freerun.cli.settings import Config
from freerun.recipes.recipe import RECIPES, Recipe

__all__ = [
    "DOCUMENTED",
    "LEFT_OUT",
    "READING",
    "command",
    "reading_options",
    "recipe_options",
    "recipe_with",
    "with_options",
]

Options = dict[str, tuple[Any, Any]]
"""Names of a command's parameters; for each its annotation and its default."""

NETWORK: dict[str, Any] = {
    "head": options.Head,
    "cell": options.Cell,
    "hidden_size": options.HiddenSize,
    "layers": options.Layers,
    "recurrence": options.Recurrence,
    "input_lags": options.InputLags,
    "output_lags": options.OutputLags,
    "residual": options.Residual,
    "bidirectional": options.Bidirectional,
    "dropout": options.Dropout,
    "forcing": options.Forcing,
    "start": options.Start,
    "scale": options.Scale,
    "window": options.Window,
    "horizon": options.Horizon,
    "epochs": options.Epochs,
    "batch_size": options.BatchSize,
    "lr": options.Lr,
    "validate": options.Validate,
    "patience": options.Patience,
}
"""Options that are fields of a recipe, which has their defaults; layers are its num_layers."""

READING: Options = {
    "target": (columns.Target, None),
    "time": (columns.Time, None),
    "series": (columns.Series, None),
    "known": (columns.Known, None),
    "observed": (columns.Observed, None),
    "layout": (columns.Layout, "long"),
    "missing": (columns.Missing, "refuse"),
    "unit": (columns.Unit, "characters"),
    "delimiter": (columns.Delimiter, None),
    "encoding": (columns.Encoding, "utf-8"),
}
"""Options that say how a file is read, and their defaults."""

EDGES = ("recurrence", "output_lags", "residual", "forcing")
WHOLE = ("output_lags", "residual", "recurrence", "forcing", "start", "scale", "window", "horizon")
"""What sequences with one answer have no use for."""

TABLE = ("target", "time", "series", "known", "missing", "delimiter", "encoding")

LEFT_OUT = {
    "forecast": {"bidirectional", "unit"},
    "classify": {*WHOLE, "head", "observed", "layout", "unit"},
    "regress": {*WHOLE, "observed", "layout", "unit"},
    "label": {"head", "output_lags", "residual", "start", "scale", "window", "horizon", "observed",
              "layout", "unit"},
    "text": {"head", "residual", "bidirectional", "input_lags", "start", "scale", "horizon", *TABLE,
             "observed", "layout"} - {"encoding"},
}  # fmt: skip
"""Options that a task has no use for."""

SHARES = {"text": 0.1}
"""How much of a file is held back to be measured on, where it is not a fifth."""

DOCUMENTED = {
    "forecast": """Train a network to forecast series, and measure it on the part held back.

    Its outputs are fed back to it. Teacher forcing trains it on the truth in their place;
    FreeRunning trains it as it will run; --forcing auto chooses among a few ways by the tail of
    the training part. Unless --epochs or --validate say otherwise, that tail also decides what it
    begins from and how long it is trained, and it is then trained on all of it. With
    --validate 0.3 the last 30 % of the training part is not trained on: the epoch whose error
    running free is least there is kept, and training stops after --patience epochs without a
    better one.
    """,
    "classify": "Train a network to say a sequence's class, and measure it on those held back.",
    "regress": "Train a network to say a sequence's number, and measure it on those held back.",
    "label": "Train a network to label every step, and measure it on sequences held back.",
    "text": "Train a network to continue a text, unit by unit; measure it on the last tenth.",
}


def command(task: str) -> Callable[..., None]:
    """The function behind ``freerun train TASK``, with the options that the task has a use for."""
    parameters: Options = {
        "data": (options.Data, inspect.Parameter.empty),
        "out": (options.Out, inspect.Parameter.empty),
        "config": (Annotated[str | None, Config], None),
        **recipe_options(RECIPES[task], LEFT_OUT[task]),
        **reading_options(LEFT_OUT[task]),
        "test": (options.Test, SHARES.get(task, 0.2)),
        "seed": (options.Seed, 0),
        "threads": (options.Threads, 1),
        "resume": (options.Resume, False),
        "overwrite": (options.Overwrite, False),
        "no_report": (options.NoReport, False),
        "quiet": (options.Quiet, False),
        "json": (options.Json, False),
    }

    def train(**given: Any) -> None:
        _train(task, given)

    return with_options(train, task, DOCUMENTED[task], parameters)


def recipe_options(recipe: Recipe, left_out: Collection[str]) -> Options:
    """The options that are fields of ``recipe``, with its defaults, but for some."""
    return {
        name: (kind, getattr(recipe, _field(name)))
        for name, kind in NETWORK.items()
        if name not in left_out
    }


def reading_options(left_out: Collection[str]) -> Options:
    """The options that say how a file is read, but for some."""
    return {name: one for name, one in READING.items() if name not in left_out}


def with_options(
    function: Callable[..., None], name: str, documented: str, parameters: Options
) -> Callable[..., None]:
    """Give ``function`` the signature and the help of a command."""
    made: Any = function
    made.__name__ = name
    made.__doc__ = "\n\n".join(" ".join(one.split()) for one in documented.split("\n\n"))
    made.__annotations__ = {name: kind for name, (kind, _) in parameters.items()}
    made.__signature__ = inspect.Signature([
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in parameters.items()
    ])  # fmt: skip
    return function


def _field(option: str) -> str:
    return "num_layers" if option == "layers" else option


def recipe_with(recipe: Recipe, given: Mapping[str, Any]) -> Recipe:
    """``recipe`` with what was asked for."""
    known = {field.name for field in fields(Recipe)}
    asked = {_field(name): value for name, value in given.items() if _field(name) in known}
    return replace(recipe, **asked)


def _train(task: str, given: Mapping[str, Any]) -> None:
    out, quiet = Path(given["out"]), given["quiet"]
    check_out(out, given["resume"], given["overwrite"])
    recipe = recipe_with(RECIPES[task], given)
    if recipe.patience is not None and recipe.validate is None:
        expected = "--patience needs a part to measure on"
        fail("freerun", expected, "no --validate", "Add --validate 0.2, say.")

    from freerun.cli.figures import print_best, print_figures
    from freerun.cli.measures import measure
    from freerun.cli.reporting import report_of
    from freerun.cli.sources import load
    from freerun.cli.training import Keeping, chosen, train, using_threads

    how = {name: given[name] for name in READING if name in given}
    source = load(task, given["data"], given["test"], given["seed"], how, quiet or given["json"])
    keeping = Keeping(out, given["resume"], given["overwrite"], given["test"], how)
    with using_threads(given["threads"]):
        net, history, source, recipe = train(recipe, source, keeping, given["seed"], quiet)
        figures = measure(recipe, net, source)
        report = None if given["no_report"] else report_of(out, net, source, history.rows, figures)
    result = {
        "task": task,
        "data": source.name,
        "run": str(out),
        "seed": given["seed"],
        "epochs": len(history),
        "train_loss": history["train_loss"][-1] if len(history) else None,
        "seconds": sum(history["seconds"]) if len(history) else 0.0,
        **chosen(history),
        **figures,
        "report": None if report is None else str(report),
    }
    if given["json"]:
        print_json(result)
        return
    print_figures(task, source.name, figures)
    print_best(result)
    say(f"kept in {out}" + ("" if report is None else f"; look at {report}"), quiet)
