"""Where a thread's room has what on the way back."""

from freerun.kernels.loop import call as at
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import inner

__all__ = ["place_after_layers", "place_of_da", "place_of_dh"]


@inner
def place_of_dh(call: Table, rows: int, layer: int, room: int, one: int) -> int:
    """A layer's rows of dh: the chunk's."""
    each = rows * call[at.BLOCK] * (call[at.WIDTH] + call[at.GATES]) + rows * call[at.GATES]
    return room + layer * each * one


@inner
def place_of_da(call: Table, rows: int, layer: int, room: int, one: int) -> int:
    """A layer's rows of da: the chunk's, then those of the step after it."""
    return place_of_dh(call, rows, layer, room, one) + rows * call[at.BLOCK] * call[at.WIDTH] * one


@inner
def place_after_layers(call: Table, rows: int, room: int, one: int) -> int:
    """What comes behind the rows of all layers."""
    return place_of_dh(call, rows, call[at.LAYERS], room, one)
