"""Running on beyond the end of the data: what `freerun run` writes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

import freerun as fr
from freerun._checks import fail
from freerun.data.tables import Clock, join, show_time, units_of
from freerun.recipes.ends import Ends, go_on

__all__ = ["QUANTILES", "forecast", "text"]

QUANTILES = (0.05, 0.5, 0.95)

Columns = dict[str, "np.ndarray[Any, Any]"]


def forecast(
    net: fr.RecurrentNetwork, ends: Ends, schema: fr.Schema | None, names: Sequence[str],
    inputs: list[Tensor] | None, steps: int, draw: str, paths: int, seed: int, widening: float,
) -> tuple[dict[str, Any], Columns]:  # fmt: skip
    """Forecast ``steps`` beyond ``ends``.

    Args:
        net: The network.
        ends: Where to go on.
        schema: What the columns are called, where a file was read.
        names: What the outputs are called.
        inputs: Those known ahead, or None.
        steps: How many.
        draw: ``"mean"`` or ``"sample"``.
        paths: How many for each series.
        seed: Of the draws.
        widening: How many times as far from the forecast paths lie as the network's own.

    Returns:
        For JSON; and a table, a row for each step of each series.
    """
    several = paths > 1
    if draw == "sample" and not net.head.can_sample:
        fix = "Train with --head Gaussian, or leave out --paths and --draw."
        expected = "--paths above 1 and --draw sample need a run whose head has a spread"
        fail("freerun", expected, f"a {type(net.head).__name__} head", fix)
    path = go_on(
        net, ends, steps, inputs, widening, draw=str(draw), paths=paths,
        quantiles=QUANTILES if several else None, generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    name, ahead = _when(ends, schema, steps)
    table = _where(ends, schema, steps, name, ahead)
    times = [[_plain(one) for one in of_one] for of_one in ahead]
    result: dict[str, Any] = {"names": list(names)}
    many = len(ends) > 1
    if many:
        result["series"] = list(ends.keys)
    result["y"] = path.y.tolist() if many else path.y[0].tolist()
    named = {name: path.y[..., n] for n, name in enumerate(names)}
    if several:
        assert path.quantiles is not None
        named = {f"{name} mean": column for name, column in named.items()}
        result["quantiles"] = {}
        for number, level in enumerate(QUANTILES):
            values = path.quantiles[:, number]
            result["quantiles"][f"{level:g}"] = (values if many else values[0]).tolist()
            named |= {f"{name} {level:.0%}": values[..., n] for n, name in enumerate(names)}
        result["each_path"] = (path.paths if many else path.paths[0]).tolist()
        for number in range(paths):
            one = path.paths[:, number]
            named |= {f"{name} path {number + 1}": one[..., n] for n, name in enumerate(names)}
    table |= {name: column.reshape(-1).double().numpy() for name, column in named.items()}
    result["times"] = times if many else times[0]
    return result, table


def _when(ends: Ends, schema: fr.Schema | None, steps: int) -> tuple[str, list[Any]]:
    """What the column of times is called, and those of each series; or steps, counted from 1."""
    clock: Clock | None = None if schema is None else schema.clock
    if schema is not None and schema.time is not None and ends.times is not None and clock:
        return schema.time, [clock.after(last, steps) for last in ends.times]
    return "step", [np.arange(1, steps + 1) for _ in ends.keys]


def _where(
    ends: Ends, schema: fr.Schema | None, steps: int, name: str, ahead: list[Any]
) -> Columns:
    """The columns that say which series and which step a row is of."""
    found = {name: np.concatenate(ahead)}
    if len(ends) > 1:
        series = "series" if schema is None else schema.series or "series"
        keys = [key or f"series {n}" for n, key in enumerate(ends.keys, start=1)]
        found = {series: np.repeat(np.array(keys, object), steps), **found}
    return found


def _plain(time: Any) -> Any:
    return show_time(time) if isinstance(time, np.datetime64) else time.item()


def text(
    net: fr.RecurrentNetwork, classes: Sequence[str], unit: str, prompt: str, steps: int,
    draw: str | fr.Sampling, paths: int, seed: int,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Continue ``prompt`` by ``steps`` units: for JSON, and as text.

    Raises:
        ArgumentError: The network does not know a unit of the prompt.
    """
    code = {name: number for number, name in enumerate(classes)}
    units = units_of(prompt, unit)
    unknown = next((one for one in units if one not in code), None)
    if unknown is not None:
        fix = "Use those of the text it was trained on."
        fail("freerun", f"--prompt must be of {unit} that the run knows", repr(unknown), fix)
    seen = torch.tensor([code[one] for one in units]) if units else None
    path = fr.run(
        net,
        steps,
        warmup=None if seen is None else (None, seen),
        draw=draw,
        paths=paths,
        generator=torch.Generator().manual_seed(seed),
    )
    drawn = [join([classes[number] for number in one], unit) for one in path.paths.tolist()]
    shown = "\n\n".join(prompt + one for one in drawn) + "\n"
    return {"prompt": prompt, "texts": drawn}, shown
