"""Estimators on disk: exactly what they were, and nothing that is not one of them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import freerun as fr
from freerun.cli import main
from freerun.recipes import policies
from tests.estimators.examples import KINDS, forecaster, ragged, small, waves


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last bit, of the same type."""
    if isinstance(one, list):
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
        return
    assert type(one) is type(other)
    np.testing.assert_array_equal(one, other)
    assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


def answers(task: str, model: Any, X: Any) -> list[Any]:
    """All that an estimator can be asked."""
    if task == "forecast":
        return [model.predict(4), model.sample(4, 3), model.predict(4, series=X), model.score(X)]
    if task == "text":
        return [model.generate("to", 20), model.generate(samples=2), model.score("fro and to")]
    found = [model.predict(X)]
    if hasattr(model, "predict_proba"):
        found.append(model.predict_proba(X))
    if hasattr(model, "transform"):
        found += [model.transform(X), model.get_feature_names_out()]
    return found


@pytest.mark.parametrize("task", KINDS)
def test_loaded_it_is_what_was_saved(task: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    model, X, _ = fitted[task]
    model.save(tmp_path / "run")
    again = KINDS[task].load(tmp_path / "run")
    assert_same(answers(task, again, X), answers(task, model, X))
    assert again.get_params() == model.get_params()
    assert again.recipe_ == model.recipe_
    assert again.history_ == model.history_
    attributes = {name for name in vars(model) if name.endswith("_")}
    assert {name for name in vars(again) if name.endswith("_")} == attributes
    net = fr.load(tmp_path / "run")
    for one, other in zip(net.parameters(), model.network_.parameters(), strict=True):
        assert torch.equal(one, other)
    assert net.scaling == model.network_.scaling
    again.save(tmp_path / "again")
    for name in ("config.json", "history.jsonl"):
        assert (tmp_path / "again" / name).read_text() == (tmp_path / "run" / name).read_text()


@pytest.mark.parametrize("task", KINDS)
def test_a_run_of_another_task_is_refused(
    task: str, fitted: dict[str, Any], tmp_path: Path
) -> None:
    fitted[task][0].save(tmp_path / "run")
    for other, kind in KINDS.items():
        if other != task:
            message = f"{tmp_path / 'run'}: a run of {other}, got {task}. Load it with the estimat"
            with pytest.raises(fr.RunError, match=re.escape(message)):
                kind.load(tmp_path / "run")


def test_a_network_without_a_task_is_refused(tmp_path: Path) -> None:
    fr.save(fr.RecurrentNetwork(1, 2, fr.heads.Point(1)), tmp_path / "net")
    with pytest.raises(fr.RunError, match="a run of forecast, got no task"):
        fr.Forecaster.load(tmp_path / "net")
    with pytest.raises(fr.RunError, match="nothing there"):
        fr.Forecaster.load(tmp_path / "nowhere")


def test_only_a_run_is_replaced_and_only_when_asked(fitted: dict[str, Any], tmp_path: Path) -> None:
    model = fitted["regress"][0]
    model.save(tmp_path / "run")
    with pytest.raises(fr.RunError):
        model.save(tmp_path / "run")
    model.save(tmp_path / "run", overwrite=True)
    (tmp_path / "mine").mkdir()
    with pytest.raises(fr.RunError):
        model.save(tmp_path / "mine", overwrite=True)


def test_what_is_not_fitted_cannot_be_saved(tmp_path: Path) -> None:
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        small("classify").save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "forcing", [fr.FreeRunning(5), fr.TeacherForcing(), "FreeRunning", "TeacherForcing"]
)
def test_policies_are_what_they_were(forcing: Any, tmp_path: Path) -> None:
    model = forecaster(forcing=forcing).fit(waves(60, 1)[0])
    model.save(tmp_path / "run")
    again = fr.Forecaster.load(tmp_path / "run")
    assert again.forcing == forcing
    assert type(again.forcing) is type(forcing)
    assert again.recipe_ == model.recipe_
    assert again.recipe_.forcing.split(":")[0] in ("FreeRunning", "TeacherForcing")
    np.testing.assert_array_equal(clone(again).fit(waves(60, 1)[0]).predict(3), model.predict(3))


def test_a_policy_that_was_chosen_is_kept_with_what_it_was_chosen_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "AUTO", ("TeacherForcing", "FreeRunning:warmup=2"))
    monkeypatch.setattr(policies, "MARGIN", 1e9)
    model = forecaster(forcing="auto").fit(waves(60, 1)[0])
    model.save(tmp_path / "run")
    again = fr.Forecaster.load(tmp_path / "run")
    assert again.forcing == "auto"
    assert again.recipe_ == model.recipe_
    assert again.recipe_.forcing == "FreeRunning:warmup=2"
    assert again.tried_ == model.tried_
    assert len(again.tried_) == 2
    np.testing.assert_array_equal(clone(again).fit(waves(60, 1)[0]).predict(3), model.predict(3))


def test_a_policy_that_is_not_known_is_named(tmp_path: Path) -> None:
    class Mine:
        def plan(self, batch: Any, progress: float, generator: Any) -> fr.Plan:
            return fr.Plan(batch.y, 1.0)

    forecaster(forcing=Mine()).fit(waves(60, 1)[0]).save(tmp_path / "run")
    message = "got 'Mine'. Make it known with freerun.forcing.register."
    with pytest.raises(fr.RunError, match=re.escape(message)):
        fr.Forecaster.load(tmp_path / "run")


def test_numbers_of_numpy_and_generators_are_kept_as_json_can(tmp_path: Path) -> None:
    (y,) = waves(60, 1)
    model = forecaster(
        hidden_size=np.int64(3), lr=np.float32(0.01), residual=np.True_,
        random_state=np.random.RandomState(3),
    ).fit(y)  # fmt: skip
    model.save(tmp_path / "run")
    again = fr.Forecaster.load(tmp_path / "run")
    assert (again.hidden_size, again.residual, again.random_state) == (3, True, None)
    assert again.lr == pytest.approx(0.01)
    np.testing.assert_array_equal(again.predict(3), model.predict(3))
    clone(again).fit(y)


@pytest.mark.parametrize(
    "labels", [["b", "a"], [3, 1], [True, False], [2.5, 1.5], np.array(["b", "a"], object)]
)
@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_labels_keep_their_type(labels: Any, tmp_path: Path) -> None:
    y = np.array([labels[n % 2] for n in range(12)], getattr(labels, "dtype", None))
    if y.dtype.kind == "f":
        y = y - 0.5
    model = small("classify").fit(ragged(), y)
    model.save(tmp_path / "run")
    found = fr.SequenceClassifier.load(tmp_path / "run").predict(ragged())
    assert_same(found, model.predict(ragged()))


def test_names_and_number_of_features_are_kept(tmp_path: Path) -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 3)), columns=["a", "b", "c"])
    model = small("classify").fit(X, [0, 1] * 6)
    model.save(tmp_path / "run")
    again = fr.SequenceClassifier.load(tmp_path / "run")
    assert_same(again.predict(X), model.predict(X))
    assert again.n_features_in_ == 3
    assert list(again.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="The feature names should match"):
        again.predict(X.rename(columns={"a": "z"}))


def test_what_chose_the_epoch_is_kept(tmp_path: Path) -> None:
    model = small("regress", epochs=5, validate=0.25).fit(ragged(), np.arange(12.0))
    model.save(tmp_path / "run")
    history = fr.SequenceRegressor.load(tmp_path / "run").history_
    assert history.best_epoch == model.history_.best_epoch
    assert history.best == model.history_.best
    assert history.monitor == "valid_loss"


def test_forecasts_go_on_from_the_same_ends(tmp_path: Path) -> None:
    (y,) = waves(70, 1)
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=70), "sales": y})
    frame["price"] = np.arange(70.0) % 5
    table = fr.read(frame[:60], "sales", known="price")
    with pytest.warns(UserWarning, match="no better than trivial"):
        model = forecaster(validate=0.2, horizon=3, start="random").fit(table)
    model.save(tmp_path / "run")
    again = fr.Forecaster.load(tmp_path / "run")
    assert again.skill_ == model.skill_
    assert again.schema_ == model.schema_
    assert_same(again.predict(5, frame[60:]), model.predict(5, frame[60:]))
    assert_same(again.predict(5, frame), model.predict(5, frame["price"].to_numpy()[60:, None]))
    with pytest.raises(fr.DataError, match="inputs must go on at 2024-03-01"):
        again.predict(5, frame[61:])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for every task."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    pd.DataFrame(
        {"month": pd.date_range("2010-01-01", periods=60, freq="MS"), "sales": waves(60, 1)[0]}
    ).to_csv(folder / "forecast.csv", index=False)
    rows = [(n, t, rng.normal()) for n in range(16) for t in range(4)]
    table = pd.DataFrame(rows, columns=["series", "time", "x"])
    table.assign(y=["ab"[n % 2] for n in table["series"]]).to_csv(folder / "classify.csv")
    table.assign(y=table["series"] / 2).to_csv(folder / "regress.csv", index=False)
    table.assign(y=["ab"[x > 0] for x in table["x"]]).to_csv(folder / "label.csv", index=False)
    table.assign(y=["ab"[n % 2] for n in table["series"]]).to_csv(
        folder / "classify.csv", index=False
    )
    (folder / "text.txt").write_text("to and fro, " * 100)
    return folder


@pytest.mark.parametrize("task", KINDS)
def test_a_run_of_the_command_line_is_the_estimator_of_its_task(
    task: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(files.glob(f"{task}.*"))
    options = ["--epochs", "2", "--hidden-size", "4", "--seed", "3", "--test", "0", "--quiet"]
    if task == "forecast":
        options += ["--forcing", "FreeRunning:warmup=2"]
    command = ["train", task, str(file), "--out", str(tmp_path / "run"), *options]
    assert main(command) == 0, capsys.readouterr().err
    model = KINDS[task].load(tmp_path / "run")
    assert (model.hidden_size, model.epochs, model.random_state) == (4, 2, 3)
    assert len(model.history_) == 2
    net = fr.load(tmp_path / "run")
    assert torch.equal(net.output.weight, model.network_.output.weight)
    if task == "text":
        assert len(model.generate("to", 5)) == 5
        return
    table = fr.read(file, task=task)
    if task == "forecast":
        assert model.forcing == fr.FreeRunning(2)
        assert model.season is None or model.season == 12
        assert model.predict(3).shape == (3,)
        np.testing.assert_allclose(model.predict(3, series=table), model.predict(3), rtol=1e-6)
        clone(model).fit(table)
        return
    found = model.predict(table)
    assert len(found) == 16
    assert np.isfinite(model.score(table))
    if task != "regress":
        assert model.classes_.tolist() == ["a", "b"]


BREAKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no recipe": lambda notes: notes.pop("recipe"),
    "another recipe": lambda notes: notes["recipe"].update(colour="red"),
    "no parameters": lambda notes: notes.update(parameters=None),
    "a list": lambda notes: notes.update(recipe=[1, 2]),
    "labels of no type": lambda notes: notes.update(labels_are="colour"),
    "no labels' type": lambda notes: notes.pop("labels_are"),
    "another history": lambda notes: notes.update(history={"colour": 1}),
    "features in words": lambda notes: notes.update(features={"count": "many"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_notes_that_were_broken_are_refused(
    name: str, fitted: dict[str, Any], tmp_path: Path
) -> None:
    fitted["classify"][0].save(tmp_path / "run")
    file = tmp_path / "run" / "config.json"
    config = json.loads(file.read_text())
    BREAKS[name](config["notes"])
    file.write_text(json.dumps(config))
    message = f"{tmp_path / 'run'}: the notes of an estimator, got "
    with pytest.raises(fr.RunError, match=re.escape(message)) as caught:
        fr.SequenceClassifier.load(tmp_path / "run")
    assert caught.value.__context__ is not None


def test_files_that_are_gone_are_named(fitted: dict[str, Any], tmp_path: Path) -> None:
    fitted["forecast"][0].save(tmp_path / "run")
    (tmp_path / "run" / "ends.safetensors").unlink()
    with pytest.raises(fr.RunError, match=r"ends\.safetensors"):
        fr.Forecaster.load(tmp_path / "run")
    (tmp_path / "run" / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(fr.RunError, match=r"weights\.safetensors"):
        fr.Forecaster.load(tmp_path / "run")
