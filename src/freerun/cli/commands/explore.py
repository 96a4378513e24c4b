"""``freerun explore``: a page to drag the point where a network leaves the truth."""

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from freerun._checks import fail
from freerun.cli import columns, options
from freerun.cli.output import print_json, say
from freerun.cli.runs import Run, read_run

__all__ = ["explore"]

NEEDED = ("starlette", "uvicorn")


def explore(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="A file like that of training, or a built-in set; by default those of training.",
        ),
    ] = None,
    port: Annotated[
        int,
        options.count("--port", "Where on this machine; 0 takes a port that is free.", 0, 65535),
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """Show a forecast or a text beside the truth, and drag the point where it runs free.

    A page in the browser, from this machine alone, until Ctrl-C: one step ahead, running free and
    fed a share of the truth, side by side, with their errors. Needs freerun[explore].
    """
    found = read_run(run)
    _check(found)

    import freerun as fr
    from freerun.cli import exploring
    from freerun.cli.resuming import source_of
    from freerun.cli.training import using_threads
    from freerun.explore import server

    net = fr.load(run)
    source = source_of(found, data, {"delimiter": delimiter, "encoding": encoding})
    subject = exploring.subject_of(found, net, source)
    with using_threads(1), server.listen(port) as listening:
        subject.answer(subject.first())  # type: ignore[arg-type]  # its own; kernels are ready then
        token = server.draw_token()
        url = f"http://{server.LOOPBACK}:{listening.getsockname()[1]}/{token}/"
        if json:
            print_json({"task": found.task, "run": str(run), "data": source.name, "url": url})
        else:
            print(url)
        sys.stdout.flush()  # whoever reads a pipe waits for the address
        say("Ctrl-C ends it. The address works on this machine alone.", json)
        if not no_browser:
            exploring.open_browser(url)
        title = f"{run}, a run of {found.task} on {source.name}"
        server.server_for(server.app_for(subject, title, token)).run(sockets=[listening])


def _check(run: Run) -> None:
    """Refuse what cannot be shown, before anything large is imported."""
    if run.task not in ("forecast", "text"):
        fix = f"Use `freerun evaluate {run.folder}`."
        expected = "RUN must be of forecast or text, which goes on by itself"
        fail("freerun", expected, f"{run.folder}, which is of {run.task}", fix)
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        fix = "Install them: pip install 'freerun[explore]'."
        fail(
            "freerun",
            f"explore needs {' and '.join(NEEDED)}",
            f"no {' and no '.join(missing)}",
            fix,
        )
