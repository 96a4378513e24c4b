"""``freerun run``: a run goes on where its data end, on its own outputs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from freerun._checks import RunError, fail
from freerun.cli import columns, options
from freerun.cli.output import print_json, say
from freerun.cli.runs import Run, read_run

__all__ = ["run"]


MEAN, SAMPLE = DRAWS = ("mean", "sample")
"""What can be fed back."""

HORIZON, LETTERS = 60, 200
"""Steps of a forecast, and units of a text, where nobody says how many."""

FORMS = (".csv", ".tsv", ".parquet")


def run(
    run: options.Run,
    steps: Annotated[
        int | None,
        options.count(
            "--steps",
            "How many; by default what a forecast was judged by, or 200 units of text.",
        ),
    ] = None,
    paths: Annotated[int, options.count("--paths", "How many runs to draw.")] = 1,
    draw: Annotated[
        str | None,
        options.word(
            "--draw", "What is fed back. By default samples for text and several paths.", DRAWS
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Forecasts: other series to go on from, in training or not; by default those of "
            "training, to their very end.",
        ),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Forecasts with inputs: a table of those of the steps to come."
        ),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Text to go on from.")] = "",
    temperature: Annotated[
        float,
        options.number(
            "--temperature",
            "Text: below 1 the likely is likelier, above 1 less so.",
            "from 0.000001 to 1000000",
            lambda temperature: 1e-6 <= temperature <= 1e6,
            0.5,
        ),
    ] = 1.0,
    top_k: Annotated[
        int | None, options.count("--top-k", "Text: draw from so many likeliest characters.")
    ] = None,
    top_p: Annotated[
        float | None,
        options.number(
            "--top-p",
            "Text: draw from the likeliest that make up so much.",
            "above 0, 1 at most",
            lambda share: 1e-9 <= share <= 1,
            0.9,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A file to write, in place of standard output: .csv, .tsv or .parquet; text as is."
        ),
    ] = None,
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Forecast beyond the end of the data, as a table; or continue a text.

    Several paths of a forecast need a run whose head has a spread, as Gaussian has; beside them
    stand their mean, 5 %, 50 % and 95 % quantiles. Times go on where those of the data end.
    """
    found = read_run(run)
    steps = steps or (found.recipe.horizon or HORIZON if found.task == "forecast" else LETTERS)
    _check(found, paths, draw, bool(prompt or temperature != 1.0 or top_k or top_p),
           bool(data or inputs), out)  # fmt: skip
    _check_spares(out, (data, inputs))

    import freerun as fr
    from freerun._files import write_whole
    from freerun.cli import continuing
    from freerun.cli.training import using_threads

    if draw is None:
        draw = SAMPLE if found.task == "text" or paths > 1 else MEAN
    net = fr.load(run)
    how = {"delimiter": delimiter, "encoding": encoding}
    content: str | bytes
    with using_threads(1):
        if found.task == "text":
            sampling = fr.Sampling(temperature, top_k, top_p)
            fed = MEAN if draw == MEAN else sampling
            classes, unit = found.classes or [], found.unit
            result, content = continuing.text(net, classes, unit, prompt, steps, fed, paths, seed)
        else:
            suffix = ".csv" if out is None else out.suffix.lower()
            result, content = _forecast(
                found, net, data, inputs, steps, draw, paths, seed, suffix, how
            )
    about = {"task": found.task, "run": str(run), "steps": steps, "paths": paths, "seed": seed}
    about["draw"] = draw
    if out is not None:
        write_whole(out, content)
        say(f"written to {out}")
        about["out"] = str(out)
    if json:
        print_json({**about, **result})
    elif out is None:
        print(content if isinstance(content, str) else content.decode(), end="")


def _check(
    run: Run, paths: int, draw: str | None, writes: bool, goes_on: bool,
    out: Path | None,
) -> None:  # fmt: skip
    """Refuse what cannot be done with this run."""
    if run.task not in ("forecast", "text"):
        fix = f"Use `freerun evaluate {run.folder}`."
        expected = "RUN must be of forecast or text, which goes on by itself"
        fail("freerun", expected, f"{run.folder}, which is of {run.task}", fix)
    if run.task == "forecast" and writes:
        expected = "--prompt, --temperature, --top-k and --top-p need a run of text"
        fail("freerun", expected, f"the forecast {run.folder}", "Leave them out.")
    if run.task == "text" and goes_on:
        expected = "--data and --inputs need a run of forecast"
        fail("freerun", expected, f"the text {run.folder}", "Leave them out; see --prompt.")
    if draw == MEAN and paths > 1:
        expected = "--paths above 1 must be drawn, for all means are the same"
        fail("freerun", expected, "--draw mean", "Use --draw sample, or leave out --paths.")
    if draw == MEAN and writes and run.task == "text":
        expected = "--temperature, --top-k and --top-p need samples to draw"
        fail("freerun", expected, "--draw mean", "Leave out --draw, or the others.")
    if out is not None and out.is_dir():
        fix = f"Use --out {out / 'path.csv'}, say."
        fail("freerun", "--out must be a file", f"the directory {out}", fix)
    if out is not None and run.task == "forecast" and out.suffix.lower() not in FORMS:
        fix = f"Use --out {out.with_suffix('.csv')}, say."
        fail("freerun", f"--out must end with {', '.join(FORMS)}", out, fix)


def _check_spares(out: Path | None, read: Sequence[str | None]) -> None:
    """Refuse to write over what is read."""
    if out is None or not out.exists():
        return
    for one in read:
        if one is not None and os.path.exists(one) and os.path.samefile(out, one):
            fail(
                "freerun", "--out must be a file of its own", f"{out}, which is read", "Rename it."
            )


def _ends(found: Run, net: Any, data: str | None, how: dict[str, Any]) -> Any:
    """Where to go on: from other series, or from those of training."""
    from freerun.cli.resuming import source_of
    from freerun.cli.training import ends_of
    from freerun.recipes.ends import FILE, Ends

    if data is None and not (found.folder / FILE).is_file():
        fix = "Finish training with --resume, or pass --data FILE with series to go on from."
        fail(str(found.folder), f"a run with {FILE}", "none", fix, RunError)
    ends = Ends.read(found.folder) if data is None else ends_of(net, source_of(found, data, how))
    sizes = (0 if ends.x is None else ends.x[0].shape[1], ends.y[0].shape[1])
    if sizes != (net.input_size, net.head.outputs):
        expected = f"{net.head.outputs} outputs and {net.input_size} inputs, as config.json says"
        fix = "Restore the run from a copy, or train it again."
        fail(str(found.folder / FILE), expected, f"{sizes[1]} and {sizes[0]}", fix, RunError)
    return ends


def _forecast(
    found: Run, net: Any, data: str | None, inputs: str | None, steps: int, draw: str, paths: int,
    seed: int, suffix: str, how: dict[str, Any],
) -> tuple[dict[str, Any], bytes]:  # fmt: skip
    """The forecast for JSON, and as the content of a file."""
    from freerun.cli import continuing
    from freerun.data.tables import columns_bytes, read_ahead

    schema = found.schema
    ends = _ends(found, net, data, how)
    ahead = None
    if net.input_size and inputs is None:
        names = "" if schema is None else f", {', '.join(one.name for one in schema.known)},"
        expected = f"--inputs must be given: the run reads inputs{names} that are known ahead"
        fail("freerun", expected, "none", "Pass --inputs FILE with those of the steps to come.")
    if inputs is not None:
        if not net.input_size:
            fail("freerun", "--inputs needs a run with inputs", found.folder, "Leave it out.")
        if schema is None:
            fix = "Go on from Python: fr.Forecaster.load(run).predict(steps, inputs)."
            fail("freerun", "--inputs needs a run that was trained on a table", found.folder, fix)
        delimiter, encoding = how["delimiter"], how["encoding"]
        with columns.reading(inputs, True):
            ahead = read_ahead(inputs, schema, ends.keys, ends.times, steps, delimiter, encoding)
    there = schema.outputs if schema else found.config.get("data", {}).get("names")
    outputs = list(there or [f"y{n + 1}" for n in range(net.head.outputs)])
    widening = float((found.notes.get("choice") or {}).get("widening", 1.0))
    result, table = continuing.forecast(
        net, ends, schema, outputs, ahead, steps, draw, paths, seed, widening
    )
    return result, columns_bytes(table, suffix)
