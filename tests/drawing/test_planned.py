"""What a policy plans over training, and the words and the picture it is given."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import freerun as fr
from freerun.drawing import Planned, plan_over_training
from freerun.forcing import Forcing, Plan, PlanBatch
from tests.contracts.table import policies
from tests.drawing.overlaps import boxes, outside, overlapping


@dataclass(frozen=True)
class Mine:
    """The truth where it is large, ever more often; and twice as large as it is."""

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        assert batch.x is not None
        large = batch.y[..., 0].abs() > 1 - progress
        return Plan(2 * batch.y, large.double())


class Plain:
    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        return Plan(None, 0.0)


CURRICULUM = fr.Curriculum(
    [fr.NoisyTeacherForcing(), fr.SparseTeacherForcing("lyapunov"), fr.ProfessorForcing()],
    at=[0.25, 0.5],
)
SAMPLES = fr.ScheduledSampling(fr.forcing.InverseSigmoid(k=5), feed="sample", through=False)
MORE: dict[str, Forcing] = {
    "curriculum": CURRICULUM,
    "samples": SAMPLES,
    "adaptive": fr.GeneralizedTeacherForcing("adaptive"),
    "mine": Mine(),
    "plain": Plain(),
}
EVERY = {**policies(), **MORE}


@pytest.mark.parametrize(
    ("policy", "column"),
    [
        (fr.TeacherForcing(), [1, 1, 1, 1, 1, 1]),
        (fr.FreeRunning(2), [1, 1, 0, 0, 0, 0]),
        (fr.SparseTeacherForcing(3), [0, 0, 1, 0, 0, 1]),
        (fr.GeneralizedTeacherForcing(0.25), [0.25] * 6),
        (fr.HorizonCurriculum(2, end=2), [0, 1, 0, 1, 0, 1]),
    ],
)
def test_weights_are_those_of_the_plan(policy: Forcing, column: list[float]) -> None:
    planned = plan_over_training(policy, epochs=3, steps=6)
    np.testing.assert_array_equal(planned.weights, [column] * 3)
    np.testing.assert_allclose(planned.mean, [np.mean(column)] * 3)
    assert planned.phases == ()


def test_each_epoch_is_seen_in_its_middle() -> None:
    schedule = fr.forcing.Exponential(k=0.5)
    found = plan_over_training(fr.ScheduledSampling(schedule), epochs=4, steps=4000).mean
    np.testing.assert_allclose(found, 0.5 ** (np.arange(4) + 0.5), atol=0.01)  # 128000 coins


def test_a_curriculum_changes_where_it_says() -> None:
    policy = fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], at=[3])
    planned = plan_over_training(policy, epochs=5, steps=2)
    assert planned.mean.tolist() == [1, 1, 1, 0, 0]
    assert planned.phases == (3,)
    assert planned.remarks == ("First TeacherForcing; from epoch 3 FreeRunning.",)
    assert plan_over_training(CURRICULUM, epochs=8).phases == (2, 4)


def test_the_weights_of_your_own_policy_are_those_of_one_sequence_and_of_all() -> None:
    planned = plan_over_training(Mine(), epochs=6, steps=40)
    assert set(np.unique(planned.weights)) == {0, 1}
    assert (np.diff(planned.mean) > 0).all()
    assert planned.name == "Mine"
    assert plan_over_training(Plain()).name == "Plain"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (fr.TeacherForcing(), []),
        (fr.FreeRunning(3), []),
        (fr.NoisyTeacherForcing(0.2), ["y + 0.2 n(t)"]),
        (fr.DataAsDemonstrator(every=3), ["own earlier runs", "every 3 epochs"]),
        (fr.ProfessorForcing(), ["a second one with w = 0"]),
        (fr.GeneralizedTeacherForcing("adaptive"), ["set while training", "begins with"]),
        (fr.SparseTeacherForcing("lyapunov"), ["ln 2 / ", "n = 10, as an example"]),
        (fr.HorizonCurriculum(), ["cut after every w = 1"]),
        (SAMPLES, ["the mean of 32", "are samples", "No gradient passes"]),
        (CURRICULUM, ["from epoch 25", "NoisyTeacherForcing: The values", "ProfessorForcing: Bes"]),
        (Mine(), ["The values are not y: off by 1 of its"]),
    ],
)
def test_what_weights_do_not_say_is_said(policy: Forcing, words: list[str]) -> None:
    said = " ".join(plan_over_training(policy, epochs=50).remarks)
    assert bool(said) == bool(words)
    for one in words:
        assert one in said


@pytest.mark.parametrize("name", EVERY)
def test_every_policy_is_drawn_without_one_text_upon_another(name: str, tmp_path: Path) -> None:
    figure = fr.draw(EVERY[name], epochs=12, steps=15, dark=True, path=tmp_path / "a.png")
    expected = plan_over_training(EVERY[name], 12, 15).name
    title = figure.get_suptitle()
    assert title.replace("\n    ", "") == expected
    found = boxes(figure)
    assert overlapping(found) == []
    assert outside(figure, found) == []


def test_the_picture_is_of_the_numbers(tmp_path: Path) -> None:
    planned = plan_over_training(SAMPLES, 7, 9)
    figure = fr.draw(SAMPLES, epochs=7, steps=9, path=tmp_path / "a.svg")
    shade, curve, _ = figure.axes
    np.testing.assert_array_equal(np.asarray(shade.images[0].get_array()), planned.weights.T)
    assert shade.images[0].get_clim() == (0, 1)
    (line,) = curve.patches
    np.testing.assert_array_equal(line.get_data().values, planned.mean)  # type: ignore[attr-defined]


def test_files_are_the_same_bytes_and_are_not_written_over(tmp_path: Path) -> None:
    for kind in ("svg", "png"):
        one, two = tmp_path / f"one.{kind}", tmp_path / f"two.{kind.upper()}"
        for file in (one, two):
            fr.draw(fr.FreeRunning(2), epochs=2, steps=4, path=file)
        assert one.read_bytes() == two.read_bytes()
        with pytest.raises(fr.RunError, match="path must be a new file"):
            fr.draw(fr.TeacherForcing(), path=one)
        assert one.read_bytes() == two.read_bytes()
        fr.draw(fr.TeacherForcing(), path=one, overwrite=True)
        assert one.read_bytes() != two.read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        (fr.FreeRunning, {}, "must be a network or a policy.*got the class FreeRunning"),
        (3, {}, "must be a network or a policy.*got 3"),
        (fr.FreeRunning(), {"epochs": 0}, "epochs must be a whole number of 1 or more"),
        (fr.FreeRunning(), {"steps": 2.5}, "steps must be a whole number of 1 or more"),
        (fr.FreeRunning(), {"path": "a.pdf"}, r"path must end in .svg or .png, got a.pdf"),
        (fr.FreeRunning(), {"forcing": fr.TeacherForcing()}, "forcing is for drawing a network"),
        (fr.FreeRunning(), {"bptt": fr.FullBPTT()}, "bptt is for drawing a network"),
        (fr.FreeRunning(), {"shapes": True}, "shapes is for drawing a network"),
        (fr.FreeRunning(), {"path": "."}, r"path must end in .svg or .png"),
        (fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], [60]), {}, "in 50 epochs"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    what: Forcing, options: dict[str, object], said: str
) -> None:
    with pytest.raises(fr.ArgumentError, match=said):
        fr.draw(what, **options)  # type: ignore[arg-type]


def test_without_a_file_it_is_a_figure_of_pyplots() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure = fr.draw(fr.TeacherForcing(), epochs=2, steps=2)
    assert isinstance(figure, Figure)
    assert len(plt.get_fignums()) == len(before) + 1
    plt.close(figure)


def test_planned_is_a_value() -> None:
    with pytest.raises(AttributeError):
        plan_over_training(fr.TeacherForcing(), 1, 1).name = "other"  # type: ignore[misc]
    assert isinstance(plan_over_training(fr.TeacherForcing(), 1, 1), Planned)
