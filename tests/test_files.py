"""Files and directories are whole or not there, whatever fails on the way."""

import contextlib
import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun import _files
from freerun._files import new_directory, sweep, write_whole
from freerun._flatten import flatten, unflatten
from freerun.training import loop
from tests.training.examples import driven, network, same, weights

FAULTS = (errno.ENOSPC, errno.EACCES)
FSYNC = os.fsync


class Faulty:
    """A system call that fails the nth time it is made."""

    def __init__(self, call: Callable[..., Any], nth: int, code: int) -> None:
        self.call, self.nth, self.code, self.calls = call, nth, code, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.call is FSYNC and stat.S_ISDIR(os.fstat(arguments[0]).st_mode):
            return self.call(*arguments)  # of directories not every file system knows how to
        self.calls += 1
        if self.calls == self.nth:
            raise OSError(self.code, os.strerror(self.code))
        return self.call(*arguments, **options)


def inject(patched: pytest.MonkeyPatch, name: str, nth: int, code: int) -> Faulty:
    faulty = Faulty(getattr(os, name), nth, code)
    patched.setattr(os, name, faulty)
    return faulty


def partial(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".partial-" in path.name or ".repl" in path.name]


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("name", ["replace", "fsync", "chmod", "fdopen"])
def test_a_file_that_cannot_be_written_keeps_what_it_had(
    name: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_whole(file, "before")
    with monkeypatch.context() as patched:
        inject(patched, name, 1, code)
        with pytest.raises(fr.RunError) as caught:
            write_whole(file, "after")
    reason = os.strerror(code).lower()
    assert str(caught.value) == (
        f"writing {file}: a place that can be written, got {reason}. Choose another path."
    )
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    write_whole(file, b"after")
    assert file.read_text() == "after"


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize(
    ("name", "nth"),
    [*(("replace", n) for n in (1, 2, 3)), ("fsync", 1), ("fsync", 3), ("rename", 1)],
)
def test_a_saved_run_is_whole_or_not_there(
    name: str, nth: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        inject(patched, name, nth, code)
        with pytest.raises(fr.RunError, match=os.strerror(code).lower()):
            fr.save(network(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    fr.save(network(), tmp_path / "run")
    fr.load(tmp_path / "run")


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["replace", "rename"])
def test_what_cannot_be_replaced_stays(
    name: str, nth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = network(seed=1), network(seed=2)
    fr.save(old, tmp_path / "run")
    # Where two names can change places at once, nothing is renamed: this is the way without.
    monkeypatch.setattr(_files, "_exchange", lambda one, other: False)
    with monkeypatch.context() as patched:
        faulty = inject(patched, name, nth, errno.ENOSPC)
        failed = nth <= (3 if name == "replace" else 2)
        if failed:
            with pytest.raises(fr.RunError, match="no space left"):
                fr.save(new, tmp_path / "run", overwrite=True)
        else:
            fr.save(new, tmp_path / "run", overwrite=True)
    assert faulty.calls >= min(nth, 3 if name == "replace" else 2)
    assert same(weights(fr.load(tmp_path / "run")), weights(old if failed else new))
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


@pytest.mark.parametrize(("name", "code"), [("replace", errno.ENOSPC), ("fsync", errno.EACCES)])
def test_a_training_whose_disk_fails_leaves_what_it_had(
    name: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every write in turn; afterwards the run is resumed to the end."""
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)

    def train(out: Path) -> fr.RecurrentNetwork:
        net = network("hidden")
        options: dict[str, Any] = {"epochs": 2, "progress": False}
        fr.fit(net, driven(6), driven(2, seed=1), out=out, resume=True, **options)
        return net

    whole = train(tmp_path / "whole")
    failures = 0
    for nth in range(1, 100):
        out = tmp_path / f"run{nth}"
        with monkeypatch.context() as patched:
            faulty = inject(patched, name, nth, code)
            said = ""
            try:
                train(out)
            except fr.RunError as error:
                said = str(error)
            done = faulty.calls < nth
        assert said.endswith(
            "" if done else f"got {os.strerror(code).lower()}. Choose another path."
        )
        failures += not done
        assert partial(tmp_path) == []
        if out.exists():
            fr.load(out)
        else:
            assert nth <= 4
        assert same(weights(train(out)), weights(whole))
        if done:
            break
    assert failures >= 4 + 3 * 2  # a new run has four files, and a kept one three


def test_a_directory_that_cannot_be_flushed_is_whole_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files_only(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not for directories")
        FSYNC(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    fr.save(network(), tmp_path / "run")
    fr.load(tmp_path / "run")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(fr.RunError, match="got not a directory"):
        write_whole(tmp_path / "file" / "below", "x")
    with pytest.raises(fr.RunError, match="got no such file"):
        write_whole(tmp_path / "nowhere" / "below", "x")
    with pytest.raises(fr.RunError, match=r"writing .*below: a place that can be written"):
        fr.save(network(), tmp_path / "file" / "below")
    with pytest.raises(fr.RunError, match="got something is there"):
        fr.save(network(), tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(fr.RunError, match="got something is there"):
        fr.save(network(), tmp_path / "link")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_error_within_leaves_no_directory(tmp_path: Path) -> None:
    def fail() -> None:
        with new_directory(tmp_path / "a" / "b") as aside:
            (aside / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list((tmp_path / "a").iterdir()) == []


def test_modes_are_those_of_files_that_are_simply_written(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with new_directory(tmp_path / "run") as aside:
            write_whole(aside / "file", "x")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "run" / "file").stat().st_mode) == 0o640


def test_only_the_names_own_leftovers_are_swept(tmp_path: Path) -> None:
    """A name may hold what a pattern would read as one."""
    for name in (".run[1].partial-x", ".run1.partial-x", ".run[1]2.partial-x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("half")
    fr.save(network(), tmp_path / "run[1]")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [".run1.partial-x", ".run[1]2.partial-x", "run[1]"]
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run[1]"]


# --- nested state as tensors and JSON ------------------------------------------------------------


def test_state_comes_back_as_it_was() -> None:
    state = {
        0: {"step": torch.tensor(3.0), "old": [torch.ones(2), None], "nan": float("inf")},
        "0": {"step": torch.tensor(4.0)},
        "a.b": torch.tensor([1]),
        "a": {"b": torch.tensor([2]), "flag": True, "empty": {}, "none": []},
    }
    tensors: dict[str, torch.Tensor] = {}
    structure = json.loads(json.dumps(flatten(state, "s", tensors)))
    assert len(tensors) == 5
    read = unflatten(structure, tensors)
    assert str(read) == str(state)


@pytest.mark.parametrize("value", [{1, 2}, {"a": object()}, {(1, 2): 3}, [lambda: 0]])
def test_what_would_need_a_pickle_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^state.*without a pickle$"):
        flatten(value, "state", {})


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_kill_at_any_rename_of_a_replacement_leaves_a_whole_run(
    exchanges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def network(size: int) -> fr.RecurrentNetwork:
        return fr.RecurrentNetwork(1, size, fr.heads.Point(1))

    if not exchanges:
        monkeypatch.setattr(_files, "_exchange", lambda one, other: False)
    exchange = _files._exchange
    place = tmp_path / "run"
    found = set()
    for at in range(8):
        calls = 0

        def counted(work: Any) -> Any:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == at + 1:  # noqa: B023
                    raise Killed
                return work(*arguments, **options)

            return call

        fr.save(network(2), place, overwrite=True)
        with monkeypatch.context() as patch:
            # A killed process cleans nothing up, so neither may what would be done on the way out.
            if exchanges:
                patch.setattr(_files, "_exchange", counted(exchange))
            patch.setattr("freerun._files.os.rename", counted(os.rename))
            patch.setattr("freerun._files.shutil.rmtree", counted(shutil.rmtree))
            with contextlib.suppress(Killed):
                fr.save(network(3), place, overwrite=True)
        found.add(fr.load(place).hidden_size)
    assert found == {2, 3}
    fr.save(network(4), place, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_saving_where_a_run_is_says_how_to_replace_it(tmp_path: Path) -> None:
    net = fr.RecurrentNetwork(1, 2, fr.heads.Point(1))
    fr.save(net, tmp_path / "run")
    with pytest.raises(fr.RunError, match="A run is replaced with overwrite=True"):
        fr.save(net, tmp_path / "run")


def test_a_run_whose_replacement_was_killed_halfway_can_be_replaced(tmp_path: Path) -> None:
    """Between two renames there is nothing under the name: nobody has loaded the run since."""
    fr.save(network(seed=1), tmp_path / "run")
    os.rename(tmp_path / "run", tmp_path / ".run.replaced-x")
    (tmp_path / ".run.partial-x").mkdir()
    fr.save(network(seed=2), tmp_path / "run", overwrite=True)
    assert same(weights(fr.load(tmp_path / "run")), weights(network(seed=2)))
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_link_is_replaced_and_what_it_points_to_is_not(
    exchanges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchanges:
        monkeypatch.setattr(_files, "_exchange", lambda one, other: False)
    fr.save(network(seed=1), tmp_path / "real")
    (tmp_path / "run").symlink_to(tmp_path / "real")
    (tmp_path / ".run.partial-x").symlink_to(tmp_path / "real")
    fr.save(network(seed=2), tmp_path / "run", overwrite=True)
    assert same(weights(fr.load(tmp_path / "run")), weights(network(seed=2)))
    assert same(weights(fr.load(tmp_path / "real")), weights(network(seed=1)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real", "run"]


def test_resuming_sweeps_what_a_killed_replacement_left(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fr.fit(network(), driven(), epochs=1, out=run, progress=False)
    for name in (".run.partial-x", ".run.replaced-x", ".other.partial-x"):
        (tmp_path / name).mkdir()
    fr.fit(network(), driven(), epochs=2, out=run, resume=True, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.partial-x", "run"]
