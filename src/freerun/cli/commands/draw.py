"""``freerun draw``: pictures for papers and lectures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from freerun._checks import FreerunError, fail
from freerun.cli import options
from freerun.cli.output import print_json, say
from freerun.cli.reading import choose
from freerun.cli.runs import read_run
from freerun.cli.wording import as_options

__all__ = ["draw"]

FORCING = "forcing"

MOST_STEPS = 12
"""Of a network; :mod:`freerun.drawing.asked` has the same."""

NETWORK = "A network without a run"
UNFOLDED = "How a network is drawn"


def _words(option: str, help: str, choices: tuple[str, ...]) -> Any:
    made = options.word(option, help, choices)
    made.rich_help_panel = NETWORK
    return made


def _count(option: str, help: str, panel: str, least: int = 1) -> Any:
    made = options.count(option, help, least)
    made.rich_help_panel = panel
    return made


What = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN|forcing", help="A run directory, or the word forcing before a policy.",
        show_default=False,
    ),
]  # fmt: skip
Policy = Annotated[
    str | None,
    typer.Argument(
        metavar="POLICY",
        help="After forcing: NAME[:ARG=VALUE], as for `freerun train forecast --forcing`.",
        show_default=False,
    ),
]
Recurrence = Annotated[
    str | None,
    _words(
        "--recurrence", "Which edges recur; hidden by default.", ("hidden", "output", "both")
    ),
]  # fmt: skip
Readout = Annotated[
    str | None, _words("--readout", "Outputs; every by default.", ("every", "last"))
]
Cell = Annotated[
    str | None,
    typer.Option(help="tanh by default, relu, identity, gru or lstm.", rich_help_panel=NETWORK),
]
Layers = Annotated[int | None, _count("--layers", "Layers upon each other.", NETWORK)]
Bidirectional = Annotated[
    bool | None, typer.Option(help="Read from both ends.", rich_help_panel=NETWORK)
]
OutputLags = Annotated[
    int | None, _count("--output-lags", "How many past outputs are fed back.", NETWORK)
]
InputLags = Annotated[
    int | None, _count("--input-lags", "How many past inputs each step reads too.", NETWORK, 0)
]
Residual = Annotated[
    bool | None,
    typer.Option(help="Learn the change from step to step.", rich_help_panel=NETWORK),
]
InputSize = Annotated[
    int | None, _count("--input-size", "Inputs, 1 by default; 0 for none.", NETWORK, 0)
]
HiddenSize = Annotated[
    int | None, _count("--hidden-size", "Units of a layer, for --shapes.", NETWORK)
]
Steps = Annotated[
    int | None,
    options.count("--steps", "Of a network how many are drawn, 4; of a policy's sequence 50."),
]
Epochs = Annotated[int, options.count("--epochs", "How long training is.")]
Forcing = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[:ARG=VALUE]", help="Who feeds the output edge; any w by default.",
        rich_help_panel=UNFOLDED,
    ),
]  # fmt: skip
Progress = Annotated[
    float | None,
    options.number(
        "--progress", "How much of training is done.", "from 0 to 1", lambda p: 0 <= p <= 1, 0.5
    ),
]
K1 = Annotated[
    int | None, _count("--k1", "Truncated BPTT: losses that go back together.", UNFOLDED)
]
K2 = Annotated[int | None, _count("--k2", "Truncated BPTT: how far; k1 by default.", UNFOLDED)]
Shapes = Annotated[
    bool, typer.Option("--shapes", help="Write shapes to parameters.", rich_help_panel=UNFOLDED)
]
Dark = Annotated[bool, typer.Option("--dark", help="Light on dark.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="The file to make, .svg or .png; graph.svg or forcing.svg by default.",
        show_default=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file in --out.")]


def draw(
    what: What = None,
    policy: Policy = None,
    recurrence: Recurrence = None,
    readout: Readout = None,
    cell: Cell = None,
    layers: Layers = None,
    bidirectional: Bidirectional = None,
    output_lags: OutputLags = None,
    input_lags: InputLags = None,
    residual: Residual = None,
    input_size: InputSize = None,
    hidden_size: HiddenSize = None,
    steps: Steps = None,
    epochs: Epochs = 50,
    forcing: Forcing = None,
    progress: Progress = None,
    k1: K1 = None,
    k2: K2 = None,
    shapes: Shapes = False,
    dark: Dark = False,
    out: Out = None,
    overwrite: Overwrite = False,
    json: options.Json = False,
) -> None:
    """Draw a network unfolded in time, or what a forcing policy feeds over training.

    The network of a run; without one, that which the options describe.

    After the word forcing: a policy, w(t) epoch by epoch.
    """
    network = {
        "recurrence": recurrence, "readout": readout, "cell": cell, "num_layers": layers,
        "bidirectional": bidirectional, "output_lags": output_lags, "input_lags": input_lags,
        "residual": residual, "input_size": input_size, "hidden_size": hidden_size,
    }  # fmt: skip
    described = {name: value for name, value in network.items() if value is not None}
    how = {"forcing": forcing, "progress": progress, "k1": k1, "k2": k2, "shapes": shapes or None}
    _check(what, policy, described, how, steps)

    from freerun.drawing.files import check_path

    name = "forcing.svg" if what == FORCING else "graph.svg"
    file = check_path(out or Path(name), overwrite, "freerun", "--out")
    painted = {"dark": dark, "path": file, "overwrite": overwrite}
    try:
        if what == FORCING:
            assert policy is not None
            made = _policy(policy, epochs, steps or 50, painted)
        else:
            net = _network(described) if what is None else _network_of(Path(what))
            made = _graph(net, how, epochs, steps or 4, painted)
    except FreerunError as error:
        raise type(error)(as_options(str(error))) from error
    if json:
        print_json({"file": str(file), **made})
    else:
        say(f"drawn in {file}")


def _check(
    what: str | None, policy: str | None, described: Mapping[str, Any], how: Mapping[str, Any],
    steps: int | None,
) -> None:  # fmt: skip
    """Refuse what does not go together."""
    given = [name for name, value in {**described, **how}.items() if value is not None]
    options_given = [f"--{name.replace('num_', '').replace('_', '-')}" for name in given]
    if what == FORCING:
        if policy is None:
            fix = "Use freerun draw forcing FreeRunning:warmup=20, say."
            fail("freerun", "the policy to draw must be named", "none", fix)
        if given:
            expected = f"{options_given[0]} is for a network"
            fail("freerun", expected, "a policy to draw", "Leave it out.")
        return
    if policy is not None:
        fix = f"Use freerun draw forcing {policy}, or leave it out."
        fail("freerun", "a policy is drawn after the word forcing", repr(what), fix)
    if what is not None and described:
        expected = f"{options_given[0]} describes a network without a run"
        fail("freerun", expected, what, "Leave out the one or the other.")
    if how["k2"] is not None and how["k1"] is None:
        fail("freerun", "--k2 needs a --k1", "none", "Use --k1 2, say.")
    if how["progress"] is not None and how["forcing"] is None:
        fail("freerun", "--progress needs a --forcing", "none", "Use --forcing ScheduledSampling.")
    if steps is not None and steps > MOST_STEPS:
        expected = f"--steps must be at most {MOST_STEPS} for a network"
        fail("freerun", expected, steps, f"Use --steps {MOST_STEPS}.")


def _network_of(run: Path) -> Any:
    """The network of any run, of a task or saved from Python."""
    if not (run / "config.json").is_file():
        read_run(run)  # which says what is there instead, and what was meant
    import freerun as fr

    return fr.load(run)


def _network(described: Mapping[str, Any]) -> Any:
    import freerun as fr

    asked = {"input_size": 1, "hidden_size": 32, **described}
    if "cell" in asked:
        asked["cell"] = choose("--cell", asked["cell"], fr.cells.CELLS)
    return fr.RecurrentNetwork(head=fr.heads.Point(1), **asked)


def _graph(
    net: Any, how: Mapping[str, Any], epochs: int, steps: int, painted: Mapping[str, Any]
) -> dict[str, Any]:
    import freerun as fr
    from freerun.drawing import asked, lay_out

    text = how["forcing"]
    policy = None if text is None else fr.forcing.read_forcing(text, "--forcing")
    bptt = None if how["k1"] is None else fr.TruncatedBPTT(how["k1"], how["k2"])
    progress, shapes = how["progress"] or 0.0, bool(how["shapes"])
    fr.draw(net, steps=steps, epochs=epochs, forcing=policy, progress=progress, bptt=bptt,
            shapes=shapes, **painted)  # fmt: skip
    graph = lay_out(asked(net, steps, policy, bptt, progress, epochs), shapes)
    return {"title": graph.title, "captions": list(graph.captions), **graph.to_dict()}


def _policy(text: str, epochs: int, steps: int, painted: Mapping[str, Any]) -> dict[str, Any]:
    import freerun as fr
    from freerun.drawing import plan_over_training

    policy = fr.forcing.read_forcing(text, "--forcing")
    fr.draw(policy, epochs=epochs, steps=steps, **painted)
    planned = plan_over_training(policy, epochs, steps)
    return {
        "forcing": planned.name,
        "mean": planned.mean.tolist(),
        "weights": planned.weights.tolist(),
        "remarks": list(planned.remarks),
    }
