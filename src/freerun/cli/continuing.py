"""Running on beyond the end of the data: what `freerun run` prints."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import torch

import freerun as fr
from freerun._checks import fail
from freerun.cli.sources import Source

__all__ = ["forecast", "text"]

QUANTILES = (0.05, 0.5, 0.95)


def forecast(
    net: fr.RecurrentNetwork, source: Source, steps: int, draw: str, paths: int, seed: int
) -> tuple[dict[str, Any], str]:
    """Forecast ``steps`` beyond the end of ``source``: for JSON, and as CSV."""
    several = paths > 1
    if draw == "sample" and not net.head.can_sample:
        fix = "Train with --head Gaussian, or leave out --paths and --draw."
        expected = "--paths above 1 and --draw sample need a run whose head has a spread"
        fail("freerun", expected, f"a {type(net.head).__name__} head", fix)
    path = fr.run(
        net,
        steps,
        warmup=(None, source.everything),
        draw=str(draw),
        paths=paths,
        quantiles=QUANTILES if several else None,
        generator=torch.Generator().manual_seed(seed),
    )
    names = source.test.names or tuple(f"y{n + 1}" for n in range(path.y.shape[-1]))
    result: dict[str, Any] = {"names": list(names), "y": path.y.tolist()}
    columns = {name: path.y[:, n] for n, name in enumerate(names)}
    if several:
        assert path.quantiles is not None
        result |= {"quantiles": {}, "each_path": path.paths.tolist()}
        columns = {f"{name} mean": column for name, column in columns.items()}
        for level, values in zip(QUANTILES, path.quantiles, strict=True):
            result["quantiles"][f"{level:g}"] = values.tolist()
            columns |= {f"{name} {level:.0%}": values[:, n] for n, name in enumerate(names)}
        for number, one in enumerate(path.paths, start=1):
            columns |= {f"{name} path {number}": one[:, n] for n, name in enumerate(names)}
    return result, _as_csv(columns)


def text(
    net: fr.RecurrentNetwork, characters: Sequence[str], prompt: str, steps: int,
    draw: str | fr.Sampling, paths: int, seed: int,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Continue ``prompt`` by ``steps`` characters: for JSON, and as text.

    Raises:
        ArgumentError: The network does not know a character of the prompt.
    """
    code = {character: number for number, character in enumerate(characters)}
    unknown = next((character for character in prompt if character not in code), None)
    if unknown is not None:
        fix = "Use those of the text it was trained on."
        fail("freerun", "--prompt must be of characters that the run knows", repr(unknown), fix)
    seen = torch.tensor([code[character] for character in prompt]) if prompt else None
    path = fr.run(
        net,
        steps,
        warmup=None if seen is None else (None, seen),
        draw=draw,
        paths=paths,
        generator=torch.Generator().manual_seed(seed),
    )
    drawn = ["".join(characters[number] for number in one) for one in path.paths.tolist()]
    shown = "\n\n".join(prompt + one for one in drawn) + "\n"
    return {"prompt": prompt, "texts": drawn}, shown


def _as_csv(columns: dict[str, torch.Tensor]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["step", *columns])
    values = [column.tolist() for column in columns.values()]
    for step, row in enumerate(zip(*values, strict=True), start=1):
        writer.writerow([step, *(f"{value:.6g}" for value in row)])
    return file.getvalue()
