"""The commands put together, and what becomes of every way in which one can end.

0    done
1    failed at work
2    wrong usage, or input that cannot be used
130  interrupted
"""

import errno
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from freerun._checks import FreerunError, NonFiniteError, RunError
from freerun.cli.commands import (
    compare,
    data,
    demo,
    draw,
    evaluate,
    explore,
    info,
    report,
    run,
    train,
    warm,
)
from freerun.cli.output import Stopped, say

__all__ = ["app", "main"]

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

WRONG_PLACE = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""What the system says of a path that should have been another."""

app = typer.Typer(
    name="freerun",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Begin with:  freerun demo",
)

training = typer.Typer(
    no_args_is_help=True, help="Train a network for a task, and keep it as a run directory."
)
app.command("demo", epilog="Example:  freerun demo --out runs/demo")(demo.demo)
app.add_typer(training, name="train")
app.command(
    "compare",
    epilog="Example:  freerun compare sunspots --forcing TeacherForcing --forcing FreeRunning "
    "--seeds 5 --out sunspots_compared",
)(compare.command())
app.command("evaluate", epilog="Example:  freerun evaluate runs/sunspots --horizon 120")(
    evaluate.evaluate
)
app.command(
    "run", epilog='Example:  freerun run runs/moby --steps 300 --prompt "Call me" --temperature 0.7'
)(run.run)
app.command("report", epilog="Example:  freerun report runs/sunspots --out sunspots.html")(
    report.report
)
app.command("explore", epilog="Example:  freerun explore runs/sunspots")(explore.explore)
app.command("info", epilog="Example:  freerun info runs/sunspots")(info.info)
app.command(
    "draw",
    epilog="Example:  freerun draw --recurrence output --forcing SparseTeacherForcing:every=2",
)(draw.draw)
app.command("warm", epilog="Example:  freerun warm")(warm.warm)
files = typer.Typer(invoke_without_command=True)
files.callback(epilog="Example:  freerun data --json")(data.data)
files.command(epilog="Example:  freerun data describe sales.csv --target units --time day")(
    data.describe
)
files.command(epilog="Example:  freerun data convert sales.csv sales.parquet --target units")(
    data.convert
)
app.add_typer(files, name="data")
EXAMPLES = {
    "forecast": "sales.csv --target units --known price --out runs/sales --validate 0.2",
    "classify": "japanese_vowels --out runs/vowels",
    "regress": "batches.csv --target yield --series batch --out runs/yield",
    "label": "japanese_vowels --out runs/labels",
    "text": "book.txt --out runs/book --hidden-size 192",
}
for task, example in EXAMPLES.items():
    training.command(task, epilog=f"Example:  freerun train {task} {example}")(train.command(task))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = typer.main.get_command(app)(arguments, prog_name="freerun", standalone_mode=False)
        if code == INTERRUPTED:  # Ctrl-C while nothing was there to keep
            say("freerun: stopped")
        return code if isinstance(code, int) else DONE
    except Stopped as stopped:
        say(_how_to_resume(stopped, arguments))
        return INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        say("freerun: stopped")
        return INTERRUPTED
    except FreerunError as error:
        say(_line(str(error)))
        return FAILED if _failed_at_work(error) else MISUSED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            say(_line("freerun: a path must have a shorter name, got one too long. Shorten it."))
            return MISUSED
        # Typer's own errors share no public base class with Click's, but all can say what is wrong.
        if hasattr(error, "format_message"):
            _say_misuse(error)
            return MISUSED
        if os.environ.get("FREERUN_TRACEBACK"):
            raise
        hint = "FREERUN_TRACEBACK=1 shows where."
        say(_line(f"failed with {type(error).__name__}: {error} ({hint})"))
        return FAILED


def _failed_at_work(error: FreerunError) -> bool:
    """Whether the work went wrong: training diverged, or the system could not read or write."""
    cause = error.__cause__ or error.__context__
    # A place that is not there, or not ours, was named wrongly; a full disk was not.
    refused = isinstance(error, RunError) and isinstance(cause, OSError)
    wrong = isinstance(cause, WRONG_PLACE) or getattr(cause, "errno", 0) == errno.ENAMETOOLONG
    return isinstance(error, NonFiniteError) or (refused and not wrong)


def _how_to_resume(stopped: Stopped, arguments: Sequence[str]) -> str:
    if not stopped.resumable:
        return f"freerun: {stopped}"
    kept = [part for part in arguments if part not in ("--overwrite", "--resume")]
    return f"freerun: {stopped}; to go on: {shlex.join(['freerun', *kept, '--resume'])}"


def _say_misuse(error: Any) -> None:
    message = error.format_message()
    if message:  # there is none where nothing was asked for, and the help is shown
        where = getattr(getattr(error, "ctx", None), "command_path", "freerun")
        say(_line(f"{message.rstrip('.')}. See: {where} --help"))


def _line(message: str) -> str:
    """One line, which says who speaks."""
    line = " ".join(message.split())
    return line if line.startswith("freerun") else f"freerun: {line}"


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"freerun {version('freerun')}")
        raise typer.Exit


@app.callback()
def freerun(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Train recurrent networks the way they will run.

    Results go to standard output, progress and messages to standard error.

    Exit codes: 0 done, 1 failed at work, 2 wrong usage or bad input, 130 interrupted.
    """
