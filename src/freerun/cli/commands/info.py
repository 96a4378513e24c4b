"""``freerun info``: what a run is."""

from typing import Any

from freerun._checks import RunError, fail
from freerun.cli import options
from freerun.cli.output import print_json
from freerun.cli.runs import Run, read_run

__all__ = ["info"]


def info(run: options.Run, json: options.Json = False) -> None:
    """Say what a run is: its network, its data, how it was trained, and how far."""
    found = read_run(run)
    import freerun as fr
    from freerun.checkpoint import HISTORY
    from freerun.training import History

    net = fr.load(run)
    file = found.folder / HISTORY
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows: list[Any] = History.rows_of(lines, file)
    if not all(isinstance(row, dict) and "seconds" in row for row in rows):
        fail(str(file), "a row for each epoch", "others", "Restore the file.", RunError)
    about = _about(found, net, rows)
    if json:
        print_json({**about, "network": found.config["network"], "settings": found.notes["recipe"]})
        return
    print(f"{found.folder}: a run of {found.task}, trained on {about['data'] or 'arrays'}")
    print(f"  network   {net.extra_repr()}")
    print(f"  weights   {about['parameters']} numbers of {about['dtype']}")
    for name in ("inputs", "outputs"):
        if about[name]:
            print(f"  {name:<9} {_short(about[name])}")
    if found.classes:
        print(f"  classes   {_short(found.classes)}")
    settings = ", ".join(
        f"{name}={value}" for name, value in found.notes["recipe"].items() if value is not None
    )
    print(f"  settings  {settings}")
    if rows:
        last = ", ".join(
            f"{name} {value:.4g}" for name, value in rows[-1].items()
            if isinstance(value, float) and name not in ("seconds", "lr", "steps_per_second")
        )  # fmt: skip
        print(f"  trained   {len(rows)} epochs in {about['seconds']:.0f} s; the last: {last}")


def _about(run: Run, net: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = run.config.get("data", {}).get("names")
    inputs: list[str] = []
    if run.schema is not None:
        inputs, names = list(run.schema.inputs), list(run.schema.outputs)
    return {
        "run": str(run.folder),
        "task": run.task,
        "data": run.data,
        "format": run.config["format"],
        "parameters": sum(one.numel() for one in net.parameters()),
        "dtype": run.config["dtype"],
        "inputs": inputs,
        "outputs": names or [],
        "classes": run.classes,
        "epochs": len(rows),
        "seconds": sum(row["seconds"] or 0.0 for row in rows),
        "last": rows[-1] if rows else None,
    }


def _short(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(map(repr, names[:8])) + more
