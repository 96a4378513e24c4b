"""The table knows all that is registered, and what is registered later is in it by itself."""

import dataclasses

import pytest
import torch

from freerun import cells, forcing, heads
from freerun.cells import CELLS, Cell
from freerun.forcing import FORCINGS, TeacherForcing
from freerun.heads import HEADS, Gaussian
from freerun.plan import Forcing
from tests.contracts.table import FORCING_ARGUMENTS, HEAD_ARGUMENTS, cases, make_head, policies


@pytest.mark.parametrize("name", HEADS)
def test_every_head_is_in_the_table_with_more_than_one_output(name: str) -> None:
    assert name in HEAD_ARGUMENTS, f"say in HEAD_ARGUMENTS how to build {name}"
    head = make_head(name)
    assert head.outputs is None or head.outputs > 1, "one output hides wrong axes"


@pytest.mark.parametrize("name", FORCINGS)
def test_every_forcing_is_in_the_table(name: str) -> None:
    assert name in FORCING_ARGUMENTS, f"say in FORCING_ARGUMENTS how to build {name}"
    assert FORCING_ARGUMENTS[name]


def test_the_table_holds_nothing_that_is_not_registered() -> None:
    assert set(HEAD_ARGUMENTS) <= set(HEADS)
    assert set(FORCING_ARGUMENTS) <= set(FORCINGS)


@pytest.mark.parametrize("kind", [*HEADS.values(), *FORCINGS.values()], ids=lambda k: k.__name__)
def test_heads_and_policies_are_frozen_values(kind: type) -> None:
    """They stand in saved configurations and serve as default arguments."""
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", policies().values(), ids=list(policies()))
def test_policies_are_forcings(policy: object) -> None:
    assert isinstance(policy, Forcing)


class Wide(Gaussian):
    pass


class Slow(TeacherForcing):
    pass


def test_registering_buys_every_contract() -> None:
    before = list(cases())
    cells.register(Cell("sine", gates=1, memory=1, update=lambda d, r, m: (torch.sin(d + r),)))
    assert heads.register(Wide) is Wide
    assert forcing.register(Slow) is Slow
    try:
        after = list(cases())
    finally:
        del CELLS["sine"], HEADS["Wide"], FORCINGS["Slow"]
    every = {"hidden", "output", "both"}
    assert {case.recurrence for case in after if case.cell == "sine"} == every
    assert {case.recurrence for case in after if case.head == "Wide"} == every
    assert {case.cell for case in after if case.forcing == "Slow"} == {*CELLS, "sine"}
    assert list(cases()) == before
