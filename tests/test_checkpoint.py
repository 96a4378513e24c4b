"""Networks come back from a directory as they were, or with a message that says what is broken."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

import freerun as fr
from freerun import checkpoint
from freerun.cells import CELLS
from freerun.heads import HEADS
from tests.contracts.table import EDGES, make_head
from tests.training.examples import driven, network, same, weights

CASES = [
    *((cell, recurrence, readout, "Gaussian") for cell in CELLS for recurrence, readout in EDGES),
    *(("gru", recurrence, readout, head) for head in HEADS for recurrence, readout in EDGES),
]


def build(cell: str, recurrence: str, readout: str, head: str) -> fr.RecurrentNetwork:
    return fr.RecurrentNetwork(3, 4, make_head(head), cell, recurrence, readout, dropout=0.25)


@pytest.mark.parametrize("case", CASES, ids="-".join)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_every_network_comes_back(
    case: tuple[str, str, str, str], dtype: torch.dtype, tmp_path: Path
) -> None:
    net = build(*case).to(dtype)
    if net.head.scalable:
        third = torch.tensor([0.1, 1 / 3, 1e-20], dtype=torch.float64)
        net.scaling = fr.Scaling(third, third, third[:2], third[:2])
    fr.save(net, tmp_path / "run")
    state = torch.get_rng_state()
    again = fr.load(tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), state)
    assert same(weights(net), weights(again))
    assert again.dtype == dtype
    assert not again.training
    assert again.scaling == net.scaling
    assert again.has_scaling == net.has_scaling
    assert again.head == net.head
    assert str(again) == str(net)
    x = torch.ones(2, 5, 3, dtype=dtype)
    steps = (2, 5) if case[2] == "every" else (2,)
    truth = torch.zeros(*steps, net.head.outputs or 1, dtype=dtype)
    y = truth[..., 0].long() if net.head.outputs is None else truth
    with torch.no_grad():
        assert torch.equal(net.eval()(x, y).o, again(x, y).o)


@pytest.mark.parametrize(
    "net",
    [
        fr.RecurrentNetwork(
            2, 3, fr.heads.Gaussian(2), "lstm", "both", num_layers=2, output_lags=3, input_lags=2,
            residual=True,
        ),
        fr.RecurrentNetwork(0, 3, fr.heads.Categorical(4), "gru", "output", output_lags=2),
        fr.RecurrentNetwork(2, 3, fr.heads.Point(1), readout="last", bidirectional=True),
        fr.RecurrentNetwork(2, 3, fr.heads.Point(1)).bfloat16(),
    ],
    ids=["deep", "autonomous", "two-way", "bfloat16"],
)  # fmt: skip
def test_every_option_comes_back(net: fr.RecurrentNetwork, tmp_path: Path) -> None:
    fr.save(net, str(tmp_path / "deep" / "er" / "run"))
    again = fr.load(tmp_path / "deep" / "er" / "run")
    assert same(weights(net), weights(again))
    assert checkpoint.describe(again) == checkpoint.describe(net)
    assert list((tmp_path / "deep" / "er").iterdir()) == [tmp_path / "deep" / "er" / "run"]


def test_every_argument_of_a_network_is_kept() -> None:
    code = fr.RecurrentNetwork.__init__.__code__
    arguments = code.co_varnames[1 : code.co_argcount]
    assert {*arguments} == {*checkpoint.NETWORK_ARGUMENTS, "head"}


def test_nothing_in_a_run_is_a_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    # Kernels are Numba's to load, once in a process, and no part of a run.
    fr.fit(network(), driven(), driven(), epochs=1, progress=False)

    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail("a pickle was written or read")

    for name in ("save", "load"):
        monkeypatch.setattr(torch, name, refuse)
    for name in ("dump", "dumps", "load", "loads"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    fr.fit(network(), driven(), driven(), epochs=1, out=run, progress=False)
    fr.fit(network(), driven(), driven(), epochs=2, out=run, resume=True, progress=False)
    fr.load(run)
    files = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    assert files == [
        "config.json", "history.jsonl", "last/training.safetensors", "weights.safetensors",
    ]  # fmt: skip
    for file in files:
        data = (run / file).read_bytes()
        assert not data.startswith((b"\x80", b"PK"))  # a pickle, and a zip file with one in it
        if file.endswith("safetensors"):
            safetensors.torch.load(data)
        else:
            [json.loads(line) for line in [data.decode()] if file == "config.json"]
    source = Path(checkpoint.__file__).parent
    for module in source.rglob("*.py"):
        text = module.read_text()
        assert "torch.load(" not in text.replace("safetensors.torch.load(", "")
        if module.name != "pool.py":  # what goes from one of our own processes to another
            assert "import pickle" not in text


# --- what is broken ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "run"
    fr.save(network(), path)
    return path


def cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def put_a_directory_in_its_place(run: Path) -> None:
    (run / "config.json").unlink()
    (run / "config.json").mkdir()


def set_config(**changes: object) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        config = json.loads((run / "config.json").read_text())
        for name, value in changes.items():
            *above, last = name.split("__")
            inner = config
            for key in above:
                inner = inner[key]
            if value is KeyError:
                del inner[last]
            else:
                inner[last] = value
        (run / "config.json").write_text(json.dumps(config))

    return change


def set_weights(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def apply(run: Path) -> None:
        tensors = safetensors.torch.load_file(run / "weights.safetensors")
        change(tensors)
        safetensors.torch.save_file(tensors, run / "weights.safetensors")

    return apply


CONFIG, WEIGHTS = "config.json", "weights.safetensors"
BROKEN: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no directory": (shutil.rmtree, "run: a run directory, got nothing there", ""),
    "no config": (lambda run: (run / CONFIG).unlink(), "got a directory without config.json", ""),
    "no weights": (lambda run: (run / WEIGHTS).unlink(), "got no such file", WEIGHTS),
    "config cut": (lambda run: cut(run / CONFIG), "got JSONDecodeError", CONFIG),
    "config empty": (lambda run: (run / CONFIG).write_text(""), "got JSONDecodeError", CONFIG),
    "config binary": (
        lambda run: (run / CONFIG).write_bytes(b"\xff\xfe\x00"), "got UnicodeDecodeError", CONFIG,
    ),
    "config a list": (lambda run: (run / CONFIG).write_text("[1]"), "got TypeError", CONFIG),
    "config a number": (lambda run: (run / CONFIG).write_text("3"), "got TypeError", CONFIG),
    "config endless": (
        lambda run: (run / CONFIG).write_text("[" * 10**5), "got RecursionError", CONFIG,
    ),
    "config elsewhere": (
        put_a_directory_in_its_place, "without config.json", "",
    ),
    "newer": (set_config(format=2), "a format from 1 to 1, got 2. Install a newer", CONFIG),
    "no format": (set_config(format=KeyError), "got KeyError", CONFIG),
    "odd format": (set_config(format="1"), "got '1'. Restore the file.", CONFIG),
    "true format": (set_config(format=True), "got True. Restore the file.", CONFIG),
    "no network": (set_config(network=KeyError), "got KeyError: 'network'", CONFIG),
    "no head": (set_config(network__head=KeyError), "got KeyError: 'head'", CONFIG),
    "unknown head": (set_config(network__head__name="Cauchy"), "KeyError: 'Cauchy'", CONFIG),
    "odd head": (set_config(network__head__outputs="1"), "got ArgumentError", CONFIG),
    "listed head": (set_config(network__head__name=[1]), "got TypeError", CONFIG),
    "unknown cell": (set_config(network__cell="gruu"), "Did you mean 'gru'", CONFIG),
    "unknown argument": (set_config(network__depth=3), "got TypeError", CONFIG),
    "unknown dtype": (set_config(dtype="int8"), "got KeyError: 'int8'", CONFIG),
    "too large": (set_config(network__hidden_size=10**9), "got RuntimeError", CONFIG),
    "odd scaling": (set_config(scaling={"x_shift": None}), "got ArgumentError", CONFIG),
    "scaling a text": (set_config(scaling="none"), "got ArgumentError", CONFIG),
    "weights cut": (lambda run: cut(run / WEIGHTS), "whole safetensors, got", WEIGHTS),
    "weights empty": (lambda run: (run / WEIGHTS).write_bytes(b""), "whole safetensors", WEIGHTS),
    "weights garbage": (
        lambda run: (run / WEIGHTS).write_bytes(bytes(range(256)) * 9), "safetensors", WEIGHTS,
    ),
    "weights a zip": (
        lambda run: torch.save({}, run / WEIGHTS), "whole safetensors, got", WEIGHTS,
    ),
    "weights missing one": (
        set_weights(lambda tensors: tensors.pop("output.bias")),  # type: ignore[arg-type]
        "output.bias (2,) of torch.float32, as config.json says, got none", WEIGHTS,
    ),
    "weights with one more": (
        set_weights(lambda tensors: tensors.update(more=torch.ones(1))),
        "more not there, as config.json says, got (1,) of torch.float32", WEIGHTS,
    ),
    "weights of another type": (
        set_weights(lambda tensors: tensors.update({"output.bias": torch.ones(2).double()})),
        "output.bias (2,) of torch.float32, as config.json says, got (2,) of torch.float64",
        WEIGHTS,
    ),
    "other shapes": (
        set_config(network__hidden_size=7),
        "(7,) of torch.float32, as config.json says, got (6,)", WEIGHTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_run_says_what_is_broken(name: str, saved: Path, tmp_path: Path) -> None:
    act, message, file = BROKEN[name]
    run = tmp_path / "run"
    shutil.copytree(saved, run)
    act(run)
    state = torch.get_rng_state()
    with pytest.raises(fr.RunError) as caught:
        fr.load(run)
    assert str(caught.value).startswith(f"{run / file}: ")
    assert message in str(caught.value)
    fixes = ("Restore the run from a copy", "Restore the file.", "Install a newer", "Pass what fit")
    assert any(fix in str(caught.value) for fix in fixes)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(fr.RunError, match="file: a run directory, got a file"):
        fr.load(tmp_path / "file")


# --- what is replaced ----------------------------------------------------------------------------


def test_only_a_run_is_replaced(tmp_path: Path) -> None:
    old, new = network(seed=1), network(seed=2)
    fr.save(old, tmp_path / "run")
    with pytest.raises(fr.RunError, match="got something is there"):
        fr.save(new, tmp_path / "run")
    assert same(weights(fr.load(tmp_path / "run")), weights(old))
    fr.save(new, tmp_path / "run", overwrite=True)
    assert same(weights(fr.load(tmp_path / "run")), weights(new))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(fr.RunError, match="got something is there"):
        fr.save(new, tmp_path / "mine", overwrite=True)
    (tmp_path / "mine" / "config.json").write_text('{"of": "something else"}')
    with pytest.raises(fr.RunError, match="a run's configuration, got KeyError"):
        fr.save(new, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    fr.save(new, tmp_path / "new", overwrite=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["mine", "new", "run"]


def test_what_was_read_does_not_change_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    data = checkpoint.tensor_bytes({"a": torch.ones(1000)}, note={"b": [1, None]})
    file.write_bytes(data)
    tensors, rest = checkpoint.read_tensors(file)
    with file.open("r+b") as opened:
        opened.seek(len(data) - 4000)
        opened.write(bytes(4000))
    assert torch.equal(tensors["a"], torch.ones(1000))
    assert rest == {"note": {"b": [1, None]}}
