"""What a network is made of, as a table for notebooks."""

from collections.abc import Iterable
from html import escape

from torch import Tensor

__all__ = ["table_of_parameters"]

SYMBOLS = {
    "weight_ih": "U",
    "weight_hh": "W",
    "weight_fh": "R",
    "bias_ih": "b",
    "bias_hh": "b (of the gates' own past)",
    "output.weight": "V",
    "output.bias": "c",
    "skip": "s",
}
"""What the equations call a parameter, by the end of its name."""


def table_of_parameters(title: str, parameters: Iterable[tuple[str, Tensor]]) -> str:
    """HTML: every parameter with its letter in the equations, its shape, and how many numbers."""
    rows, total = [], 0
    for name, parameter in parameters:
        symbol = next((letter for end, letter in SYMBOLS.items() if name.endswith(end)), "")
        shape = " x ".join(map(str, parameter.shape)) or "1"
        rows.append(f"<tr>{_cells('td', name, symbol, shape, f'{parameter.numel():,}')}</tr>")
        total += parameter.numel()
    head = f"<tr>{_cells('th', 'parameter', 'in the equations', 'shape', 'numbers')}</tr>"
    foot = f"<tr>{_cells('th', 'all', '', '', f'{total:,}')}</tr>"
    return (
        f"<table><caption>{escape(title)}</caption><thead>{head}</thead>"
        f"<tbody>{''.join(rows)}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _cells(kind: str, *texts: str) -> str:
    return "".join(f"<{kind}>{escape(text)}</{kind}>" for text in texts)
