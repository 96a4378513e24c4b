"""Whose part of the work is whose, when several threads are at the same sequences.

What the steps wait for is cut by units: each member of a team computes its own units of every
step, reads the others' of the step before, and meets them after each. What they do not wait for, a
chunk's products, is cut by steps. A thread that is alone at its sequences is a team of one.

No number depends on how many came: cuts are where tiles of a product end (see ``products``).
"""

from freerun.kernels.loop import call as at
from freerun.kernels.loop import task as of
from freerun.kernels.loop.task import FLAG_SIZE, Table, field
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import lanes, size
from freerun.kernels.machine.products import LEAST_EVEN_ROWS, panels_of_tile
from freerun.kernels.machine.signals import add_up, give_way, nanoseconds, peek, post, relax

__all__ = [
    "FIRST_UNIT", "IS_TEAM", "MEMBER", "OWN_UNITS", "PART", "SEAT_SIZE", "SPACES", "SPARE",
    "cut_units", "meet", "own_share", "own_steps", "private_bytes", "shared_room", "take_seat",
]  # fmt: skip

(
    # where gradients of weights are summed; whether a team was asked for, the thread's number in it
    # and how many came (0 and 1 without one); the address of the members' flags, each the count of
    # one's meetings; and that of the nanoseconds that they waited
    PART, IS_TEAM, MEMBER, MEMBERS, FLAGS, LOST,
    # its units, whole vectors of them
    FIRST_UNIT, OWN_UNITS,
    # its own scratch memory: a row of zeros, one to be written over; and rows of outputs
    SPACES, SPARE,
    SEAT_SIZE,
) = range(11)  # fmt: skip

SEAT_BYTES = 128

PATIENCE = 2_000
"""Looks for another member, some tens of microseconds, before the processor is given away."""


def private_bytes(gates: int, widest: int, out: int, one: int) -> int:
    """Scratch memory that a thread needs for itself, its seat too, in numbers of ``one`` bytes."""
    return SEAT_BYTES + (2 * gates + 4 * max(out, widest)) * one


@inner
def take_seat(number: Number, call: Table, task: int, piece: int, room: int, seat: Table) -> None:
    """Fill in the ``seat`` of a thread, where its scratch memory, ``room``, begins."""
    seat[PART], seat[MEMBER], seat[MEMBERS] = piece, 0, 1
    seat[IS_TEAM] = field(task, of.TEAM) > 0
    if seat[IS_TEAM]:
        seat[PART], seat[MEMBER], seat[MEMBERS] = 0, piece, field(task, of.MEMBERS)
    seat[LOST] = task + of.LOST * 8
    seat[FLAGS] = task + (of.TASK_SIZE + 2 * field(task, of.PIECES)) * 8
    seat[SPACES] = room + SEAT_BYTES
    seat[SPARE] = seat[SPACES] + 2 * call[at.GATES] * size(number)


@inner
def shared_room(call: Table, task: int, room: int) -> int:
    """Where the scratch memory begins that a team shares: the first thread's."""
    first = field(task, of.ROOM) if field(task, of.TEAM) else room
    return first + call[at.PRIVATE]


@inner
def cut_units(number: Number, call: Table, seat: Table, rows: int) -> None:
    """Say which units are the seat's own, for steps of ``rows`` sequences."""
    wide, width, member, members = lanes(number), call[at.WIDTH], seat[MEMBER], seat[MEMBERS]
    grain = wide * panels_of_tile(rows)
    count = (width + grain - 1) // grain
    begin, end = count * member // members * grain, count * (member + 1) // members * grain
    seat[FIRST_UNIT] = min(begin, width)
    seat[OWN_UNITS] = min(end, width) - seat[FIRST_UNIT]


@inner
def own_share(seat: Table, count: int) -> tuple[int, int]:
    """Of ``count`` things side by side: the first that is the seat's own, and what is behind."""
    member, members = seat[MEMBER], seat[MEMBERS]
    return count * member // members, count * (member + 1) // members


@inner
def own_steps(seat: Table, begin: int, end: int, rows: int) -> tuple[int, int]:
    """Of a chunk's steps those that are the seat's own.

    Few are all the first member's: cut, products of few rows would add up in another order.
    """
    if (end - begin) // seat[MEMBERS] * rows < LEAST_EVEN_ROWS and seat[MEMBERS] > 1:
        return begin, end if seat[MEMBER] == 0 else begin
    first, last = own_share(seat, end - begin)
    return begin + first, begin + last


@inner
def meet(seat: Table) -> None:
    """Wait until all members have come here: then each can read what the others wrote before."""
    member, members, flags = seat[MEMBER], seat[MEMBERS], seat[FLAGS]
    if members == 1:
        return
    own = flags + member * FLAG_SIZE * 8
    meeting = peek(own) + 1
    post(own, meeting)
    looks = began = 0
    for other in range(members):
        while peek(flags + other * FLAG_SIZE * 8) < meeting:
            looks += 1
            relax()
            if looks == PATIENCE:
                began = nanoseconds()
            if looks >= PATIENCE:  # with more threads than processors, the other waits for this one
                give_way()
    if began:
        add_up(seat[LOST], nanoseconds() - began)
