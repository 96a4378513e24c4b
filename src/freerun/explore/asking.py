"""Requests read from what a page sends: names and texts, none of them trusted."""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import TypeVar

from freerun._checks import check_choice, fail
from freerun.explore.answers import ForecastRequest, TextRequest

__all__ = ["read_request"]

Request = TypeVar("Request", ForecastRequest, TextRequest)

WHERE = "explore"
LONGEST = 32
"""Characters that a number may have."""


def read_request(kind: type[Request], pairs: Iterable[tuple[str, str]]) -> Request:
    """Make a request of pairs of a name and a number.

    Args:
        kind: Which request.
        pairs: Of a query. What is not given stays as it is by default.

    Raises:
        ArgumentError: A name that is not known, or given twice, or not given and has no default; or
            a text that is no number. Ranges are checked where it is answered.

    Example:
        >>> read_request(TextRequest, [("origin", "7"), ("share", "0.25")])
        TextRequest(origin=7, horizon=120, series=0, share=0.25, temperature=1.0, top_k=0, seed=0, \
around=0)
    """
    known = {field.name: field for field in fields(kind)}
    found: dict[str, int | float] = {}
    for name, text in pairs:
        check_choice(WHERE, "a name", name[:LONGEST], known)
        if name in found:
            fail(WHERE, f"{name} must be given once", "several", "Leave one of them out.")
        found[name] = _number(name, text, known[name].type is int)
    for name, field in known.items():
        if name not in found and field.default is MISSING:
            fail(WHERE, f"{name} must be given", "none", f"Pass {name}=1.")
    return kind(**found)  # type: ignore[arg-type]  # the fields are int and float alone


def _number(name: str, text: str, is_whole: bool) -> int | float:
    kind = "a whole number" if is_whole else "a number"
    if len(text) <= LONGEST and text.isascii() and "_" not in text:
        try:
            return int(text) if is_whole else float(text)
        except ValueError:
            pass
    fail(WHERE, f"{name} must be {kind}", repr(text[:LONGEST]), f"Pass {name}=1, say.")
