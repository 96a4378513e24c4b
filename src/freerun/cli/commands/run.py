"""``freerun run``: a run goes on where its data end, on its own outputs."""

from pathlib import Path
from typing import Annotated

import typer

from freerun._checks import fail
from freerun.cli import options
from freerun.cli.output import print_json, say
from freerun.cli.runs import read_notes

__all__ = ["run"]


MEAN, SAMPLE = DRAWS = ("mean", "sample")
"""What can be fed back."""


def run(
    run: options.Run,
    steps: Annotated[int, options.count("--steps", "How many steps, or characters.")],
    paths: Annotated[int, options.count("--paths", "How many runs to draw.")] = 1,
    draw: Annotated[
        str | None,
        options.word(
            "--draw", "What is fed back. By default samples for text and several paths.", DRAWS
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
        expected = "RUN must be of forecast or text, which goes on by itself"
        fail("freerun", expected, f"{run}, which is of {task}", fix)
    if task == "forecast" and (prompt or temperature != 1.0 or top_k or top_p):
        fix = "Leave them out."
        expected = "--prompt, --temperature, --top-k and --top-p need a run of text"
        fail("freerun", expected, f"the forecast {run}", fix)
    if draw == MEAN and paths > 1:
        fix = "Use --draw sample, or leave out --paths."
        fail(
            "freerun",
            "--paths above 1 must be drawn, for all means are the same",
            "--draw mean",
            fix,
        )
    if draw == MEAN and (temperature != 1.0 or top_k or top_p):
        fix = "Leave out --draw, or the others."
        expected = "--temperature, --top-k and --top-p need samples to draw"
        fail("freerun", expected, "--draw mean", fix)
    if out is not None and out.is_dir():
        fix = f"Use --out {out / 'path.csv'}, say."
        fail("freerun", "--out must be a file", f"the directory {out}", fix)

    import freerun as fr
    from freerun._files import write_whole
    from freerun.cli import continuing
    from freerun.cli.sources import load
    from freerun.cli.training import using_threads

    if draw is None:
        draw = SAMPLE if task == "text" or paths > 1 else MEAN
    net = fr.load(run)
    with using_threads(1):
        if task == "text":
            sampling = fr.Sampling(temperature, top_k, top_p)
            how = MEAN if draw == MEAN else sampling
            classes = config["data"]["classes"]
            result, shown = continuing.text(net, classes, prompt, steps, how, paths, seed)
        else:
            source = load(task, trained_on)
            result, shown = continuing.forecast(net, source, steps, draw, paths, seed)
    about = {"task": task, "run": str(run), "steps": steps, "paths": paths, "seed": seed}
    about["draw"] = draw
    if out is not None:
        write_whole(out, shown)
        say(f"written to {out}")
        about["out"] = str(out)
    if json:
        print_json({**about, **result})
    elif out is None:
        print(shown, end="")
