"""``freerun run``: a run goes on where its data end, on its own outputs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from freerun._checks import fail
from freerun.cli import options
from freerun.cli.output import print_json, say
from freerun.cli.runs import read_notes

__all__ = ["Draw", "run"]


class Draw(StrEnum):
    """What is fed back."""

    MEAN = "mean"
    SAMPLE = "sample"


def run(
    run: options.Run,
    steps: Annotated[int, typer.Option(min=1, help="How many steps, or characters.")],
    paths: Annotated[int, typer.Option(min=1, help="How many runs to draw.")] = 1,
    draw: Annotated[
        Draw | None,
        typer.Option(help="What is fed back. By default samples for text and several paths."),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Text to go on from.")] = "",
    temperature: Annotated[
        float, typer.Option(help="Text: below 1 the likely is likelier, above 1 less so.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Text: draw from so many likeliest characters.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Text: draw from the likeliest that make up so much.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file to write, in place of standard output.")
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Forecast beyond the end of the data, as CSV; or continue a text.

    Several paths of a forecast need a run trained with a head that has a spread, such as
    --head Gaussian; beside them stand their mean, 5 %, 50 % and 95 % quantiles.
    """
    task, trained_on, config = read_notes(run)
    if task not in ("forecast", "text"):
        fix = f"Use `freerun evaluate {run}`."
        fail(str(run), "a run of forecast or text, which goes on by itself", task, fix)
    if task == "forecast" and (prompt or temperature != 1.0 or top_k or top_p):
        fix = "Leave out --prompt, --temperature, --top-k and --top-p."
        fail(str(run), "a run of text, for options of text", "one of forecast", fix)
    if draw is Draw.MEAN and (temperature != 1.0 or top_k or top_p):
        fix = "Leave out --draw, or the others."
        fail("--temperature, --top-k, --top-p", "samples to draw", "--draw mean", fix)
    if out is not None and out.is_dir():
        fail("--out", "a file", f"the directory {out}", f"Pass {out / 'path.csv'}.")

    import freerun as fr
    from freerun._files import write_whole
    from freerun.cli import continuing
    from freerun.cli.sources import load
    from freerun.cli.training import using_threads

    if draw is None:
        draw = Draw.SAMPLE if task == "text" or paths > 1 else Draw.MEAN
    net = fr.load(run)
    with using_threads(1):
        if task == "text":
            sampling = fr.Sampling(temperature, top_k, top_p)
            how = "mean" if draw is Draw.MEAN else sampling
            classes = config["data"]["classes"]
            result, shown = continuing.text(net, classes, prompt, steps, how, paths, seed)
        else:
            source = load(task, trained_on)
            result, shown = continuing.forecast(net, source, steps, draw, paths, seed)
    about = {"task": task, "run": str(run), "steps": steps, "paths": paths, "seed": seed}
    about["draw"] = draw.value
    if out is not None:
        write_whole(out, shown)
        say(f"written to {out}")
        about["out"] = str(out)
    if json:
        print_json({**about, **result})
    elif out is None:
        print(shown, end="")
