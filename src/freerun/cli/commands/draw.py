"""``freerun draw``: pictures for papers and lectures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from freerun._checks import FreerunError, fail
from freerun.cli import options
from freerun.cli.output import print_json, say
from freerun.cli.wording import as_options

__all__ = ["draw"]

FORCING = "forcing"

What = Annotated[
    str, typer.Argument(metavar="forcing", help="The word forcing: w(t) of a policy over training.")
]
Policy = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME[:ARG=VALUE]", help="The policy, as for `freerun train forecast --forcing`."
    ),
]
Epochs = Annotated[int, options.count("--epochs", "How long training is.")]
Steps = Annotated[int, options.count("--steps", "How long a sequence is.")]
Dark = Annotated[bool, typer.Option("--dark", help="Light on dark.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="The file to make, .svg or .png; forcing.svg by default.", show_default=False
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file in --out.")]


def draw(
    what: What,
    policy: Policy = None,
    epochs: Epochs = 50,
    steps: Steps = 50,
    dark: Dark = False,
    out: Out = None,
    overwrite: Overwrite = False,
    json: options.Json = False,
) -> None:
    """Draw what a forcing policy feeds over training: w(t), epoch by epoch."""
    if what != FORCING:
        fail("freerun", f"what is drawn must be {FORCING}", repr(what), f"Use {FORCING}.")
    if policy is None:
        fix = "Use freerun draw forcing FreeRunning:warmup=20, say."
        fail("freerun", "the policy to draw must be named", "none", fix)

    from freerun.drawing.files import check_path

    file = check_path(out or Path("forcing.svg"), overwrite, "freerun", "--out")
    made = _policy(policy, epochs, steps, dark, file, overwrite)
    if json:
        print_json(made)
    else:
        say(f"drawn in {file}")


def _policy(
    text: str, epochs: int, steps: int, dark: bool, file: Path, overwrite: bool
) -> dict[str, Any]:
    import freerun as fr
    from freerun.drawing import plan_over_training

    policy = fr.forcing.read_forcing(text, "--forcing")
    try:
        fr.draw(policy, epochs=epochs, steps=steps, dark=dark, path=file, overwrite=overwrite)
        planned = plan_over_training(policy, epochs, steps)
    except FreerunError as error:
        raise type(error)(as_options(str(error))) from error
    return {
        "file": str(file),
        "forcing": planned.name,
        "mean": planned.mean.tolist(),
        "weights": planned.weights.tolist(),
        "remarks": list(planned.remarks),
    }
