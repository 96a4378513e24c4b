"""Forcings as they are written on the command line."""

import pytest

import freerun as fr
from freerun.forcing import read_forcing
from freerun.plan import Forcing


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("TeacherForcing", fr.TeacherForcing()),
        ("teacher-forcing", fr.TeacherForcing()),
        ("FreeRunning", fr.FreeRunning()),
        ("free_running:", fr.FreeRunning()),
        ("FREERUNNING:warmup=20", fr.FreeRunning(warmup=20)),
        ("FreeRunning: warmup = 20", fr.FreeRunning(warmup=20)),
    ],
)
def test_a_policy_is_read_however_its_name_is_spelt(text: str, policy: Forcing) -> None:
    assert read_forcing(text) == policy


@pytest.mark.parametrize("text", ["", ":", "Free", "FreeRunning:20", "FreeRunning:warmup=x"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(fr.ArgumentError):
        read_forcing(text)
