"""From a run and its data to what `freerun explore` shows."""

import threading
import webbrowser

import torch
from torch import Tensor

import freerun as fr
from freerun._checks import fail
from freerun.cli.runs import Run
from freerun.cli.sources import Source
from freerun.explore.answers import Forecasts, Series, Text, Texts

__all__ = ["open_browser", "subject_of"]


def subject_of(run: Run, net: fr.RecurrentNetwork, source: Source) -> Forecasts | Texts:
    """What answers for a run on a leveled source.

    Raises:
        ArgumentError: Nothing is fed back, so that there is nothing to see.
    """
    if not net.has_output_edge:
        fix = f"Use `freerun evaluate {run.folder}`."
        expected = "RUN must feed its outputs back"
        fail("freerun", expected, f"{run.folder}, whose recurrence is hidden", fix)
    return _texts(run, net, source) if run.task == "text" else _forecasts(run, net, source)


def _forecasts(run: Run, net: fr.RecurrentNetwork, source: Source) -> Forecasts:
    data = source.whole if source.test is None else source.test
    levels = source.seen
    assert levels is not None
    names = run.schema.outputs if run.schema else run.config.get("data", {}).get("names")
    times = None if source.table is None else source.table.times
    series = tuple(
        Series(
            name,
            None if data.x_flat is None else data.x_flat[begin:stop],
            _steps(data)[begin:stop],
            _trained_on(source, start - begin, stop - begin),
            None if times is None else times[begin:stop],
        )
        for name, begin, start, stop in _places(source, data)
    )
    return Forecasts(
        net,
        series,
        levels,
        tuple(names or [f"y{n + 1}" for n in range(net.head.outputs or 1)]),
        data.season,
        float((run.notes.get("choice") or {}).get("widening", 1.0)),
        run.recipe.horizon or 60,
    )


def _texts(run: Run, net: fr.RecurrentNetwork, source: Source) -> Texts:
    data = source.whole if source.test is None else source.test
    classes = tuple(run.classes or [])
    seen = _steps(source.train)[source.train.covered()]
    counts = torch.bincount(seen, minlength=len(classes))
    unit = run.schema.layout if run.schema else run.notes.get("parameters", {}).get("unit")
    texts = tuple(
        Text(name, _steps(data)[begin:stop], _trained_on(source, start - begin, stop - begin))
        for name, begin, start, stop in _places(source, data)
    )
    shares = counts.double() + 0.5
    return Texts(net, texts, classes, str(unit or "characters"), shares / shares.sum())


def _places(source: Source, data: fr.Sequences) -> list[tuple[str, int, int, int]]:
    """Of each series its name, and the rows where it begins, is measured from, and ends."""
    keys = [key or f"series {n}" for n, key in enumerate(source.keys, start=1)]
    rows = (data.origin.tolist(), data.start.tolist(), data.stop.tolist())
    return list(zip(keys, *rows, strict=True))


def _trained_on(source: Source, start: int, steps: int) -> int:
    """How many steps of a series were trained on: of other data than those of training, none."""
    return steps if source.test is None else start


def _steps(data: fr.Sequences) -> Tensor:
    assert data.y_flat is not None
    return data.y_flat


def open_browser(url: str) -> None:
    """Open the page; some browsers only come back when they are closed, so nobody waits."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
