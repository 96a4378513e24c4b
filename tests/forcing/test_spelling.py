"""Policies in writing: on the command line, and in the runs that are kept."""

import builtins
import dataclasses
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import (
    FORCINGS,
    Constant,
    Curriculum,
    DataAsDemonstrator,
    Exponential,
    FreeRunning,
    GeneralizedTeacherForcing,
    HorizonCurriculum,
    InverseSigmoid,
    Linear,
    NoisyTeacherForcing,
    ProfessorForcing,
    ScheduledSampling,
    SparseTeacherForcing,
    TeacherForcing,
    forcing_of,
    read_forcing,
    spell_forcing,
)
from freerun.plan import Forcing
from freerun.training.run_directory import plain
from tests.contracts.table import policies
from tests.forcing.examples import network, train

FOUR_PARTS = re.compile(r"freerun: .*\S, got .*\S\. \S.+[.?]", re.DOTALL)
"""The object: what was expected, got what. The fix."""

# --- every policy that there can be ---------------------------------------------------------------

SHARES = st.floats(0, 1)
ABOVE_0 = st.floats(0, 1, exclude_min=True)
COUNTS = st.integers(1, 10**6)

SCHEDULES = st.one_of(
    st.builds(Constant, SHARES),
    st.builds(Linear, SHARES, SHARES, ABOVE_0),
    st.builds(Exponential, SHARES, SHARES, SHARES),
    st.builds(InverseSigmoid, st.floats(1, 1e300), SHARES, SHARES),
    st.sampled_from(["linear", "exponential", "inverse_sigmoid", "constant"]),
    SHARES,
)
FEEDS = st.sampled_from(["mean", "sample"])


def between(low: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, low + 1000)


SINGLE: dict[str, st.SearchStrategy[Any]] = {
    "TeacherForcing": st.builds(TeacherForcing),
    "FreeRunning": st.builds(FreeRunning, st.integers(0, 10**9)),
    "ScheduledSampling": st.builds(ScheduledSampling, SCHEDULES, FEEDS, st.booleans()),
    "SparseTeacherForcing": st.builds(SparseTeacherForcing, COUNTS | st.just("lyapunov")),
    "GeneralizedTeacherForcing": st.builds(
        GeneralizedTeacherForcing, SHARES | st.just("adaptive"), COUNTS, SHARES
    ),
    "NoisyTeacherForcing": st.builds(NoisyTeacherForcing, st.floats(0, 1e6)),
    "HorizonCurriculum": COUNTS.flatmap(
        lambda start: st.builds(HorizonCurriculum, st.just(start), between(start), ABOVE_0)
    ),
    "ProfessorForcing": st.builds(
        ProfessorForcing, st.floats(0, 9), COUNTS, st.floats(0, 1), st.floats(0, 0.5),
        st.floats(0.51, 1), FEEDS,
    ),
    "DataAsDemonstrator": st.builds(DataAsDemonstrator, COUNTS, COUNTS),
}  # fmt: skip


def curricula(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    begins = st.lists(st.floats(0, 0.999, exclude_min=True), min_size=1, max_size=3, unique=True)
    epochs = st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True)

    def made(at: Sequence[float]) -> st.SearchStrategy[Any]:
        held = st.lists(inner, min_size=len(at) + 1, max_size=len(at) + 1)
        return st.builds(Curriculum, held, st.just(sorted(at)))

    return begins.flatmap(made) | epochs.flatmap(made)


POLICIES = st.recursive(st.one_of(*SINGLE.values()), curricula, max_leaves=6)


def test_no_policy_is_left_out() -> None:
    assert {*SINGLE, "Curriculum"} == set(FORCINGS)


@given(POLICIES)
def test_what_is_spelled_is_read_and_what_is_kept_is_rebuilt(policy: Forcing) -> None:
    assert read_forcing(spell_forcing(policy)) == policy
    assert forcing_of(json.loads(json.dumps(plain(policy)))) == policy


@pytest.mark.parametrize("policy", policies().values(), ids=list(policies()))
def test_so_are_those_of_the_table(policy: Forcing) -> None:
    assert read_forcing(spell_forcing(policy)) == policy
    assert forcing_of(json.loads(json.dumps(plain(policy)))) == policy


@pytest.mark.parametrize("name", FORCINGS)
def test_the_config_of_a_run_rebuilds_the_policy(name: str, tmp_path: Path) -> None:
    asked: dict[str, Forcing] = {
        "SparseTeacherForcing": SparseTeacherForcing(4),
        "ScheduledSampling": ScheduledSampling(InverseSigmoid(3), "sample", through=False),
        "Curriculum": Curriculum([ScheduledSampling("linear"), HorizonCurriculum(2)], [0.5]),
    }
    policy = asked[name] if name in asked else FORCINGS[name]()
    train(network(), policy, epochs=1, out=tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert forcing_of(config["training"]["forcing"]) == policy


def test_numpys_numbers_are_numbers() -> None:
    quarter: Any = np.float32(0.25)
    seven: Any = np.int64(7)
    policies: list[Forcing] = [
        GeneralizedTeacherForcing(quarter),
        GeneralizedTeacherForcing(np.float64(0.3)),
        SparseTeacherForcing(seven),
        ScheduledSampling(Linear(quarter, np.int64(0) * quarter)),
    ]
    for policy in policies:
        assert read_forcing(spell_forcing(policy)) == policy
        assert forcing_of(json.loads(json.dumps(plain(policy)))) == policy
    assert spell_forcing(policies[2]) == "SparseTeacherForcing:every=7"


# --- what people write ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("TeacherForcing", TeacherForcing()),
        ("teacher-forcing", TeacherForcing()),
        ("TeacherForcing()", TeacherForcing()),
        ("FreeRunning", FreeRunning()),
        ("free_running:", FreeRunning()),
        ("FREERUNNING:warmup=20", FreeRunning(warmup=20)),
        ("FreeRunning: warmup = 20", FreeRunning(warmup=20)),
        ("FreeRunning(warmup=20)", FreeRunning(warmup=20)),
        ("  free running : warmup=20 ", FreeRunning(warmup=20)),
        ("ScheduledSampling:schedule=exponential", ScheduledSampling("exponential")),
        ("ScheduledSampling:schedule='linear'", ScheduledSampling("linear")),
        ("ScheduledSampling:schedule=0.3,feed=sample", ScheduledSampling(0.3, "sample")),
        (
            "scheduled-sampling:schedule=Inverse-Sigmoid(k=5,start=0,end=1),through=False",
            ScheduledSampling(InverseSigmoid(5, 0, 1), through=False),
        ),
        ("sparse-teacher-forcing:every=lyapunov", SparseTeacherForcing("lyapunov")),
        ("GeneralizedTeacherForcing:alpha=1e-05", GeneralizedTeacherForcing(1e-5)),
        ("GeneralizedTeacherForcing:alpha=adaptive,every=3", GeneralizedTeacherForcing(
            "adaptive", 3)),
        ("HorizonCurriculum:start=5,end=None", HorizonCurriculum(5)),
        (
            "Curriculum:policies=[TeacherForcing,FreeRunning(warmup=3)],at=[2]",
            Curriculum([TeacherForcing(), FreeRunning(3)], [2]),
        ),
        (
            "curriculum: policies=(teacher-forcing, free-running), at=0.5",
            Curriculum([TeacherForcing(), FreeRunning()], [0.5]),
        ),
    ],
)  # fmt: skip
def test_a_policy_is_read_however_its_name_is_spelt(text: str, policy: Forcing) -> None:
    assert read_forcing(text) == policy


NAMES = ", ".join(map(repr, FORCINGS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"freerun: forcing must be one of {NAMES}, got ''. "
            "Pass forcing='TeacherForcing', say."),
        (":", "got ''."),
        ("Free", "got 'Free'. Did you mean 'FreeRunning'?"),
        ("Techer-Forcing", "Did you mean 'TeacherForcing'?"),
        ("scheduledsampler", "Did you mean 'ScheduledSampling'?"),
        ("generalised-teacher-forcing", "Did you mean 'GeneralizedTeacherForcing'?"),
        ("Linear", "forcing must be one of 'TeacherForcing'"),
        ("FreeRunning:20", "forcing FreeRunning: an argument must be ARG=VALUE, got '20'. "
            "Write forcing FreeRunning:warmup=VALUE."),
        ("FreeRunning:1,2,3", "an argument must be ARG=VALUE, got '1'"),
        ("FreeRunning:warmup=x", "FreeRunning: warmup must be a whole number of 0 or more"),
        ("FreeRunning:warm=3", "the argument of forcing FreeRunning must be one of 'warmup', "
            "got 'warm'. Did you mean 'warmup'?"),
        ("FreeRunning:warmup=1,warmup=2", "forcing must give warmup once, got it twice."),
        ("FreeRunning:**{'warmup':3}", "must be one of 'warmup', got 'None'"),
        ("FreeRunning:warmup", "an argument must be ARG=VALUE, got 'warmup'"),
        ("FreeRunning:warmup=", "arguments must be ARG=VALUE, got 'FreeRunning:warmup='"),
        ("TeacherForcing:3", "forcing TeacherForcing has no arguments, got '3'. "
            "Write forcing TeacherForcing."),
        ("TeacherForcing:a=3,b=[c]", "forcing TeacherForcing has no arguments, got 'a=3, b=[c]'."),
        ("GeneralizedTeacherForcing:alpha=2", "GeneralizedTeacherForcing: alpha must be a finite "
            "number from 0 to 1, got 2. Pass alpha=0.5, say."),
        (f"GeneralizedTeacherForcing:alpha={10**400}", "alpha must be a finite number from 0 to 1"),
        ("GeneralizedTeacherForcing:alpha=nan", "got 'nan'. Pass alpha=0.1, say."),
        ("GeneralizedTeacherForcing:alpha=1e999", "got inf. Pass alpha=0.5, say."),
        ("GeneralizedTeacherForcing:alpha=1j", "got 1j. Pass alpha=0.5, say."),
        ("SparseTeacherForcing:every=0", "every must be a whole number of 1 or more, got 0."),
        ("SparseTeacherForcing:every=[3]", "every must be a whole number of 1 or more, got [3]."),
        ("SparseTeacherForcing:every=(", "arguments must be ARG=VALUE, got 'SparseTeacherForcing:"),
        ("SparseTeacherForcing:every=3)", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing(every=3", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing(every=3),FreeRunning", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing:every=3),(1", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing(every=3).plan", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing(every=3)(4)", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing(every=3) or 4", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing:every=1or 2", "a value must be a number, a word, or a list"),
        ("SparseTeacherForcing:every={[]:1}", "a value must be a number, a word, or a list, got "
            "'{[]: 1}'. Write a number, a word, or a list in brackets."),
        ("SparseTeacherForcing:every=" + "[" * 99 + "]" * 99, "every must be a whole number"),
        ("SparseTeacherForcing:every=" + "[" * 9999 + "]" * 9999, "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing:every=" + "-" * 99999 + "1", "forcing SparseTeacherForcing"),
        ("SparseTeacherForcing:every=" + "9" * 9999, "forcing SparseTeacherForcing"),
        ("SparseTeacherForcing:every=3\0", "arguments must be ARG=VALUE"),
        ("SparseTeacherForcing:every='\\d'", "every must be a whole number of 1 or more, or 'lya"),
        ("ScheduledSampling:schedule=cubic", "ScheduledSampling: schedule must be one of "
            "'constant', 'linear', 'exponential', 'inverse_sigmoid', got 'cubic'."),
        ("ScheduledSampling:schedule=cubic(k=3)", "'InverseSigmoid', got 'cubic'. Pass"),
        ("ScheduledSampling:schedule=linear(over=0)", "Linear: over must be above 0, got 0."),
        ("ScheduledSampling:schedule=TeacherForcing", "schedule must be a schedule, a number"),
        ("ScheduledSampling:through=maybe", "through must be True or False, got 'maybe'."),
        ("Curriculum", "forcing Curriculum needs policies, at, got 'Curriculum()'. "),
        ("Curriculum:at=[1]", "forcing Curriculum needs policies, at, got 'Curriculum(at=[1])'"),
        ("Curriculum:policies=[Curriculum,FreeRunning],at=[1]", "Curriculum needs policies, at"),
        ("Curriculum:policies=[FreeRunning],at=[1]", "policies must be two or more, got 1."),
        ("Curriculum:policies=[free,FreeRunning],at=[1]", "policies must be policies, got 'free'."),
        ("Curriculum:policies=[FreeRunning,FreeRunning],at=[[1]]", "got [1]."),
        ("Curriculum:policies=[FreeRunning,FreeRunning(warmup=-1)],at=[1]", "FreeRunning: warmup"),
    ],
    ids=lambda text: text[:60].replace("\0", "0"),
)  # fmt: skip
def test_what_is_no_policy_is_refused_in_four_parts(text: str, said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_forcing(text)
    message = str(caught.value)
    assert said in message
    assert FOUR_PARTS.fullmatch(message), message
    assert message.count("freerun: ") == 1


CODE = (
    "__import__('os').system('touch owned')",
    "open('owned', 'w')",
    "eval('1')",
    "exec('1')",
    "print(1)",
    "[open('owned', 'w') for _ in [1]]",
    "(lambda: open('owned', 'w'))()",
    "{open('owned', 'w')}",
    'f\'{open("owned", "w")}\'',
    "(x := open('owned', 'w'))",
    "FreeRunning.__class__",
    "FreeRunning().plan(1, 2, 3)",
    "[TeacherForcing().__class__.__mro__]",
    "9**9**9**9",
    "'a' * 10**10",
    "await open('owned', 'w')",
)


@pytest.mark.parametrize("code", CODE)
def test_nothing_is_ever_executed(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for module, name in ((os, "system"), (builtins, "exec"), (builtins, "print")):
        monkeypatch.setattr(module, name, lambda *a, **k: pytest.fail("was executed"))
    for text in (
        f"SparseTeacherForcing:every={code}",
        f"ScheduledSampling:schedule={code}",
        f"Curriculum:policies=[{code},FreeRunning],at=[{code}]",
        f"FreeRunning:{code}",
        f"FreeRunning:**{code}",
        f"FreeRunning:*{code}",
        f"FreeRunning() if {code} else 3",
        code,
    ):
        with pytest.raises(ArgumentError) as caught:
            read_forcing(text)
        assert FOUR_PARTS.fullmatch(str(caught.value)), caught.value
    assert not list(tmp_path.iterdir())


@given(st.text(max_size=40), st.sampled_from([*FORCINGS, ""]), st.sampled_from([":", "(", ""]))
def test_whatever_is_written_is_a_policy_or_refused(text: str, name: str, between: str) -> None:
    said = ""
    policy: Forcing | None = None
    try:
        policy = read_forcing(f"{name}{between}{text}")
    except ArgumentError as error:
        said = str(error)
    assert FOUR_PARTS.fullmatch(said) if said else isinstance(policy, Forcing), said


# --- what runs keep -------------------------------------------------------------------------------


def test_a_kept_policy_that_is_not_known_is_named() -> None:
    with pytest.raises(KeyError, match="Mine"):
        forcing_of({"name": "Mine"})
    with pytest.raises(ArgumentError, match="must be one of 'warmup', got 'cool'"):
        forcing_of({"name": "FreeRunning", "cool": 3})
    with pytest.raises(ArgumentError, match="warmup must be a whole number"):
        forcing_of({"name": "FreeRunning", "warmup": -3})


def test_a_policy_of_ones_own_is_read_once_it_is_registered() -> None:
    @dataclasses.dataclass(frozen=True)
    class Halfway(TeacherForcing):
        share: float = 0.5

    fr.forcing.register(Halfway)
    try:
        assert read_forcing("halfway:share=0.25") == Halfway(0.25)
        assert forcing_of(plain(Halfway(0.3))) == Halfway(0.3)
    finally:
        del FORCINGS["Halfway"]
