"""One policy after the other."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import (
    Constant,
    Curriculum,
    Exponential,
    FreeRunning,
    GeneralizedTeacherForcing,
    HorizonCurriculum,
    PlanBatch,
    ProfessorForcing,
    Progress,
    ScheduledSampling,
    SparseTeacherForcing,
    TeacherForcing,
)
from freerun.forcing.hooks import has_penalty
from freerun.plan import Forcing
from tests.forcing.examples import Watching, data, network, train

BATCH = PlanBatch(None, torch.zeros(2, 6, 1))


class Noting:
    """The teacher, who notes how far training is when it is his turn."""

    def __init__(self, name: str, seen: list[tuple[str, float, float]]) -> None:
        self.name, self.seen = name, seen

    def plan(self, batch: PlanBatch, progress: float, generator: Any) -> fr.Plan:
        assert isinstance(progress, Progress)
        self.seen.append((self.name, float(progress), progress.epochs))
        return fr.Plan(batch.y, 1.0)


def turns(at: list[float], epochs: int, names: str = "abc") -> list[tuple[str, float, float]]:
    """Whose turn each batch was, and how far its phase had come; two batches an epoch."""
    seen: list[tuple[str, float, float]] = []
    policy = Curriculum([Noting(name, seen) for name in names[: len(at) + 1]], at)
    train(network(), policy, epochs=epochs)
    assert len(seen) == 2 * epochs
    return seen


@pytest.mark.parametrize(
    ("at", "epochs", "wanted"),
    [
        ([0.5], 4, "aaaabbbb"),
        ([2], 4, "aaaabbbb"),
        ([1], 4, "aabbbbbb"),
        ([3.0], 4, "aaaaaabb"),
        ([0.25, 0.875], 4, "aabbbbbc"),
        ([1, 3], 4, "aabbbbcc"),
        ([0.3], 4, "aaabbbbb"),
        ([0.1], 5, "abbbbbbbbb"),
        ([0.3], 5, "aaabbbbbbb"),
        ([0.7], 5, "aaaaaaabbb"),
    ],
)
def test_policies_change_at_the_batch_they_should(
    at: list[float], epochs: int, wanted: str
) -> None:
    assert "".join(name for name, *_ in turns(at, epochs)) == wanted


@pytest.mark.parametrize("at", [[2, 3], [0.5, 0.75]], ids=["epochs", "shares"])
def test_each_sees_its_own_phase_as_the_whole(at: list[float]) -> None:
    for name, begin, length in (("a", 0.0, 2.0), ("b", 2.0, 1.0), ("c", 3.0, 1.0)):
        own = [(share, epochs) for who, share, epochs in turns(at, 4) if who == name]
        assert [epochs for _, epochs in own] == pytest.approx([length] * len(own))
        batches = [index / (2 * length) for index in range(int(2 * length))]
        assert [share for share, _ in own] == pytest.approx(batches), (name, begin)


def test_a_phase_may_have_part_of_an_epoch() -> None:
    """Half of one: a schedule that counts epochs moves in it all the same."""
    policy = Curriculum([TeacherForcing(), ScheduledSampling(Exponential(0.25))], [0.5])
    number, within = policy.phase(Progress(0.75, epochs=1))
    assert (number, float(within), within.epochs, within.epoch) == (1, 0.5, 0.5, 0.25)
    rows = PlanBatch(None, torch.zeros(100, 100, 1))
    weights = torch.as_tensor(policy.plan(rows, Progress(0.75, epochs=1), None).weights)
    assert weights.mean() == pytest.approx(0.25**0.25, abs=0.03)


def test_epochs_that_nobody_counts_are_still_to_come() -> None:
    policy = Curriculum([TeacherForcing(), FreeRunning()], [3])
    assert policy.plan(BATCH, 0.9, None).is_teacher()
    assert policy.plan(BATCH, Progress(), None).is_teacher()
    assert Curriculum([TeacherForcing(), FreeRunning()], [0.5]).plan(BATCH, 0.9, None).is_free()


def test_a_curriculum_may_hold_another() -> None:
    seen: list[tuple[str, float, float]] = []
    a, b, c, d = (Noting(name, seen) for name in "abcd")
    policy = Curriculum([a, Curriculum([b, c], [1]), d], [1, 3])
    train(network(), policy, epochs=4)
    assert "".join(name for name, *_ in seen) == "aabbccdd"
    assert [share for _, share, _ in seen] == pytest.approx([0, 0.5] * 4)
    assert [epochs for *_, epochs in seen] == pytest.approx([1] * 8)


@pytest.mark.parametrize(
    ("epochs", "first", "second"), [(3, 1, 1), (5, 1, 2), (5, 2, 1), (6, 2, 2)]
)
def test_rounding_takes_no_batch_from_a_phase(epochs: int, first: int, second: int) -> None:
    """(2/3 - 1/3) / (1 - 1/3) is less than a half, by a bit."""
    seen: list[tuple[str, float, float]] = []
    a, b, c = (Noting(name, seen) for name in "abc")
    train(network(), Curriculum([a, Curriculum([b, c], [second])], [first]), epochs=epochs)
    wanted = "aa" * first + "bb" * second + "cc" * (epochs - first - second)
    assert "".join(name for name, *_ in seen) == wanted


def test_hooks_are_those_of_the_policy_whose_turn_it_is() -> None:
    """An alpha that adapts begins to with its own phase; a horizon cuts in its own alone."""
    alphas: list[float] = []
    steps: list[int] = []

    def see(policy: Any, net: Any, batch: PlanBatch, progress: Progress, plan: fr.Plan) -> None:
        alphas.append(policy.policies[1].alpha)
        steps.append(batch.y.shape[1])

    policy = Curriculum(
        [HorizonCurriculum(3, end=3), GeneralizedTeacherForcing("adaptive", every=1, decay=0.5)],
        [0.5],
    )
    train(network(), Watching(policy, see), epochs=4)
    assert steps == [3] * 4 + [9] * 4
    assert alphas[:5] == [1.0] * 5
    assert all(alpha < 1 for alpha in alphas[5:])


def test_a_horizon_grows_over_its_own_phase() -> None:
    steps: list[int] = []

    def see(policy: Any, net: Any, batch: PlanBatch, progress: Progress, plan: fr.Plan) -> None:
        steps.append(batch.y.shape[1])

    horizon = HorizonCurriculum(2, over=1.0)
    policy = Curriculum([TeacherForcing(), horizon], [0.5])
    train(network(), Watching(policy, see), train=data(16, 16, 16, 16), epochs=4)
    assert steps == [16] * 4 + [horizon.horizon(batch / 4, 16) for batch in range(4)]
    assert steps[4] == 2


def test_every_policy_may_refuse_before_anything_is_written(tmp_path: Path) -> None:
    within = Curriculum([TeacherForcing(), SparseTeacherForcing(2)], [0.5])
    policy = Curriculum([TeacherForcing(), within], [0.25])
    with pytest.raises(ArgumentError, match="every must be output_lags=3 or more"):
        train(network(output_lags=3), policy, epochs=4, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("policy", "epochs", "name"),
    [
        (Curriculum([TeacherForcing(), FreeRunning()], [4]), 4, "FreeRunning"),
        (Curriculum([TeacherForcing(), FreeRunning()], [9]), 4, "FreeRunning"),
        (Curriculum([TeacherForcing(), FreeRunning()], [1]), 1, "FreeRunning"),
        (Curriculum([TeacherForcing(), FreeRunning()], [0.9]), 4, "FreeRunning"),
        (Curriculum([TeacherForcing(), FreeRunning(), TeacherForcing()], [0.51, 0.6]), 4,
            "FreeRunning"),
        (Curriculum([TeacherForcing(), Curriculum([FreeRunning(1), FreeRunning()], [2])], [2]), 4,
            "FreeRunning"),
        (Curriculum([TeacherForcing(), Curriculum([FreeRunning(), TeacherForcing()], [0.9])],
            [0.75]), 4, "TeacherForcing"),
    ],
)  # fmt: skip
def test_a_turn_that_never_comes_is_refused(
    policy: Curriculum, epochs: int, name: str, tmp_path: Path
) -> None:
    got = f"got none for {name} in {epochs} epochs of 2 batches. Move at, or train for more epochs."
    with pytest.raises(ArgumentError, match=rf"^Curriculum: at=\[.*\] must give .*{got}$"):
        train(network(), policy, epochs=epochs, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("at", [[0.8], [0.9], [0.3, 0.9], [4, 4.0 + 1]])
def test_a_turn_of_one_batch_is_enough(at: list[float]) -> None:
    if at == [0.8]:
        Curriculum([TeacherForcing(), FreeRunning()], at).check_turns(5, 1)
        return
    policies: list[Forcing] = [TeacherForcing(), FreeRunning(), TeacherForcing()]
    Curriculum(policies[: len(at) + 1], at).check_turns(10, 1)


def test_no_training_needs_no_turns(tmp_path: Path) -> None:
    policy = Curriculum([TeacherForcing(), FreeRunning()], [3])
    assert len(train(network(), policy, epochs=0)) == 0
    net = fr.RecurrentNetwork(0, 3, fr.heads.Point(1), recurrence="output")
    fr.fit(net, data().astype(torch.float32), forcing=policy, epochs=4, progress=False)


def test_it_adds_to_the_loss_if_one_of_its_policies_does() -> None:
    plain = Curriculum([TeacherForcing(), FreeRunning()], [0.5])
    one = Curriculum([TeacherForcing(), ProfessorForcing()], [0.5])
    assert not has_penalty(plain)
    assert has_penalty(one)
    assert has_penalty(Curriculum([plain, one], [0.5]))
    assert one.needs_output_edge
    assert not plain.needs_output_edge


def test_what_it_needs_is_what_the_first_one_needs() -> None:
    net = network()
    free = Curriculum([FreeRunning(), TeacherForcing()], [0.5])
    assert torch.equal(net(None, forcing=free, steps=5).o, net(None, steps=5).o)
    with pytest.raises(ArgumentError, match="y must be given to be forced"):
        net(None, forcing=Curriculum([TeacherForcing(), FreeRunning()], [0.5]), steps=5)


A, B = TeacherForcing(), FreeRunning()


@pytest.mark.parametrize(
    ("policies", "at", "message"),
    [
        ([A], [], "policies must be two or more, got 1. Pass policies=[fr.TeacherForcing(), "),
        (A, [], "policies must be two or more, got 1."),
        ([A, FreeRunning], [0.5], "policies must be policies, got the class FreeRunning. Pass"),
        ([A, "free"], [0.5], "policies must be policies, got 'free'. Pass fr.TeacherForcing(),"),
        ([A, Constant()], [0.5], "policies must be policies, got Constant(value=0.5). Pass"),
        ([A, B], [], "at must have 1 numbers, one less than policies, got 0. Say where each but"),
        ([A, B], [0.2, 0.5], "at must have 1 numbers, one less than policies, got 2."),
        ([A, B], [-0.5], "at must be a finite number of 0 or more, got -0.5."),
        ([A, B], [0.0], "at must be above 0, or the first has no turn, got 0.0. Leave the first"),
        ([A, B], ["half"], "at must be a finite number of 0 or more, got 'half'."),
        ([A, B], "half", "at must be a finite number of 0 or more, got 'half'."),
        ([A, B], [True], "at must be a finite number of 0 or more, got True."),
        ([A, B], [2.5], "at must be whole epochs, or shares below 1, got 2.5. Pass 2, or a share"),
        ([A, B, A], [0.5, 3], "at must be all epochs, or all shares, got 0.5 and 3. Say all in"),
        ([A, B, A], [0.5, 0.5], "at must rise, got 0.5 and then 0.5. Put them in order."),
        ([A, B, A], [4, 2], "at must rise, got 4 and then 2. Put them in order."),
    ],
)  # fmt: skip
def test_what_is_no_curriculum_is_refused(policies: Any, at: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(f'Curriculum: {message}')}"):
        Curriculum(policies, at)


def test_one_number_needs_no_list() -> None:
    assert Curriculum([A, B], 0.5) == Curriculum((A, B), (0.5,))  # type: ignore[arg-type]
    assert hash(Curriculum([A, B], [0.5])) == hash(Curriculum((A, B), (0.5,)))
