"""Closed loop: what is fed, in whose units, and what a seed fixes."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun import _measure, closed_loop
from freerun import unroll as unrolling
from freerun.heads import Head
from freerun.kernels.binding import unfolding

HEADS = [
    fr.heads.Gaussian(2),
    fr.heads.StudentT(2),
    fr.heads.Laplace(2),
    fr.heads.GaussianMixture(2, 3),
    fr.heads.Point(2),
    fr.heads.Bernoulli(2),
    fr.heads.Poisson(2),
    fr.heads.NegativeBinomial(2),
    fr.heads.Categorical(3),
]
DRAWN = [head for head in HEADS if head.can_sample]
RECURRENCES = ["output", "both"]


def name(head: Head) -> str:
    return type(head).__name__


def network(head: Head = fr.heads.Gaussian(2), **options: Any) -> fr.RecurrentNetwork:
    """A float64 network whose units are not the user's."""
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"recurrence": "both", "output_lags": 2, "input_lags": 1} | options
    net = fr.RecurrentNetwork(arguments.pop("input_size", 3), 5, head, **arguments).double()
    x_side = (torch.arange(net.input_size) + 1.0).double()
    y_side = torch.tensor([2.0, -3.0]).double(), torch.tensor([4.0, 0.5]).double()
    shift, scale = y_side if head.scalable else (None, None)
    if net.input_size:
        net.scaling = fr.Scaling(x_side, x_side * 2, shift, scale)
    else:
        net.scaling = fr.Scaling(None, None, shift, scale)
    return net


def targets(head: Head, *shape: int) -> Tensor:
    """Something the head can be scored on."""
    drawn = torch.Generator().manual_seed(1)
    if head.outputs is None:
        return torch.randint(head.size, shape, generator=drawn)
    if head.scalable:
        return torch.randn(*shape, head.outputs, generator=drawn).double() * 3
    return torch.randint(2, (*shape, head.outputs), generator=drawn).double()


def inputs(*shape: int) -> Tensor:
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(2)).double()


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def by_hand(net: fr.RecurrentNetwork, x: Tensor, x0: Tensor, y0: Tensor) -> Tensor:
    """The mean path in the user's units, a step at a time from the whole past."""
    head, scaling = net.head, net.scaling
    xs = scaling.scale_x(torch.cat([x0, x], 1))
    fed = head.feed_truth(scaling.scale_y(y0)).to(net.dtype)
    path = []
    for t in range(x0.shape[1], xs.shape[1]):
        # From the true start again for every step, feeding what is known up to it by hand.
        state = net.initial_state(len(x))
        for s in range(t):
            after = net(xs[:, s : s + 1], state=state).state
            assert state.output is not None
            register = torch.cat([state.output[:, 1:], fed[:, s : s + 1]], 1)
            state = fr.State(after.hidden, register, after.inputs)
        o = net(xs[:, t : t + 1], state=state).o
        path.append(o.argmax(-1) if head.outputs is None else scaling.unscale_y(head.mean(o)))
        fed = torch.cat([fed, head.feed_mean(o)], 1)
    return torch.cat(path, 1).detach()


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """So little memory that a few rows of a few steps fill it."""
    monkeypatch.setattr(_measure, "BUDGET", 5000)


@pytest.mark.parametrize("recurrence", RECURRENCES)
@pytest.mark.parametrize("head", HEADS, ids=name)
def test_mean_path_is_the_loop_by_hand_in_the_users_units(head: Head, recurrence: str) -> None:
    net = network(head, recurrence=recurrence)
    x0, y0, x = inputs(2, 7), targets(head, 2, 7), inputs(2, 13)[:, 7:]
    path = fr.run(net, warmup=(x0, y0), inputs=x)
    wanted = by_hand(net, x, x0, y0)
    assert path.y.shape == wanted.shape
    torch.testing.assert_close(path.y, wanted)
    if head.outputs is None:
        assert path.mean is not None
        torch.testing.assert_close(path.mean.sum(-1), torch.ones(2, 6).double())
        assert torch.equal(path.mean.argmax(-1), path.y)
    else:
        assert path.mean is None


@pytest.mark.parametrize("recurrence", RECURRENCES)
def test_first_step_is_fed_the_last_observation(recurrence: str) -> None:
    net = network(recurrence=recurrence, output_lags=1)
    x0, y0, x = inputs(7), targets(net.head, 7), inputs(4)
    other = y0.clone()
    other[-1] += 1
    first, changed = (fr.run(net, warmup=(x0, y), inputs=x).y[0] for y in (y0, other))
    assert not torch.allclose(first, changed)
    if recurrence == "output":
        other = y0.clone()
        other[-2] += 1
        changed = fr.run(net, warmup=(x0, other), inputs=x).y[0]
        torch.testing.assert_close(first, changed)


@pytest.mark.parametrize("draw", ["mean", "sample"])
@pytest.mark.parametrize("recurrence", RECURRENCES)
@pytest.mark.parametrize("head", DRAWN, ids=name)
def test_two_runs_are_one_with_state_and_generator_handed_on(
    head: Head, recurrence: str, draw: str
) -> None:
    net = network(head, recurrence=recurrence)
    warmup, x = (inputs(2, 7), targets(head, 2, 7)), inputs(2, 9)
    whole = fr.run(net, warmup=warmup, inputs=x, draw=draw, generator=seeded())
    drawn = seeded()
    first = fr.run(net, 4, warmup, x, draw, generator=drawn)
    second = fr.run(net, inputs=x[:, 4:], draw=draw, generator=drawn, state=first.state)
    torch.testing.assert_close(torch.cat([first.y, second.y], 1), whole.y)
    for part, wanted in zip(
        second.state.tensors().values(), whole.state.tensors().values(), strict=True
    ):
        torch.testing.assert_close(part, wanted)


def test_many_paths_go_on_from_their_states() -> None:
    net = network(input_size=0, input_lags=0)
    y0 = targets(net.head, 7)
    whole = fr.run(net, 9, y0, draw="sample", paths=5, generator=seeded())
    drawn = seeded()
    first = fr.run(net, 4, y0, draw="sample", paths=5, generator=drawn)
    second = fr.run(net, 5, draw="sample", generator=drawn, state=first.state)
    torch.testing.assert_close(torch.cat([first.paths, second.y], 1), whole.paths)
    x = inputs(9)
    net = network()
    whole = fr.run(net, inputs=x, draw="sample", paths=5, generator=seeded())
    drawn = seeded()
    first = fr.run(net, 4, inputs=x, draw="sample", paths=5, generator=drawn)
    second = fr.run(net, inputs=x[4:], draw="sample", generator=drawn, state=first.state)
    torch.testing.assert_close(torch.cat([first.paths, second.y], 1), whole.paths)


@pytest.mark.parametrize("head", DRAWN, ids=name)
def test_paths_do_not_depend_on_the_block_size(head: Head, request: pytest.FixtureRequest) -> None:
    net = network(head)
    given: dict[str, Any] = {
        "warmup": (inputs(2, 40), targets(head, 2, 40)),
        "inputs": inputs(2, 40),
    }
    wanted = fr.run(net, draw="sample", paths=6, generator=seeded(), **given)
    mean = fr.run(net, **given)
    request.getfixturevalue("small_budget")
    assert _measure.fitting(net, 16) < 12  # so that rows and steps are both cut
    got = fr.run(net, draw="sample", paths=6, generator=seeded(), **given)
    torch.testing.assert_close(got.paths, wanted.paths)
    torch.testing.assert_close(fr.run(net, **given).y, mean.y)
    for part, other in zip(
        got.state.tensors().values(), wanted.state.tensors().values(), strict=True
    ):
        torch.testing.assert_close(part, other)


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 3}, {"cell": "lstm"}, {"cell": "gru"}], ids=str
)
@pytest.mark.parametrize("recurrence", RECURRENCES)
def test_an_unroll_holds_no_more_than_its_budget(
    recurrence: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However wide the network is: of h two steps are held."""
    monkeypatch.setattr(_measure, "BUDGET", 60_000)
    held: list[int] = []

    def counted(make: Any) -> Any:
        def count(shape: Any, dtype: torch.dtype) -> Tensor:
            made: Tensor = make(shape, dtype)
            held[-1] += made.numel()
            return made

        return count

    def noted(self: Any, *arguments: Any) -> Any:
        held.append(0)
        return run(self, *arguments)

    def bounded(self: Any, script: Any, *arguments: Any) -> Tensor:
        held[-1] += (
            script.block - script.places[1] // 4
        )  # losses and o have room, but no use for it
        return borrowed(self, script, *arguments)

    run, borrowed = unfolding.Unfolding.run, unfolding.Unfolding._run_borrowed
    monkeypatch.setattr(unfolding.Unfolding, "run", noted)
    monkeypatch.setattr(unfolding.Unfolding, "_run_borrowed", bounded)
    for maker in ("fresh", "empty", "zeros"):
        monkeypatch.setattr(unfolding, maker, counted(getattr(unfolding, maker)))
    net = fr.RecurrentNetwork(0, 96, fr.heads.Gaussian(1), recurrence=recurrence, **options)
    for pooled in (0, 2**24):
        held.clear()
        monkeypatch.setattr(unfolding, "POOLED", pooled)
        fr.run(net, 400, draw="sample", paths=300, keep_paths=False)
        assert len(held) > 3
        assert 20_000 < max(held) <= 60_000


@pytest.mark.parametrize("steps", [1, 2, 9])
@pytest.mark.parametrize("draw", ["mean", "sample"])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2}, {"cell": "lstm"}, {"output_lags": 4}], ids=str
)
@pytest.mark.parametrize("recurrence", RECURRENCES)
def test_whose_memory_it_runs_in_makes_no_difference(
    recurrence: str, options: dict[str, Any], draw: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network(recurrence=recurrence, **options)
    given: dict[str, Any] = {"warmup": (inputs(2, 7), targets(net.head, 2, 7))}
    given["inputs"] = inputs(2, steps)
    found = []
    for pooled in (0, 2**24):
        monkeypatch.setattr(unfolding, "POOLED", pooled)
        first = fr.run(net, draw=draw, generator=3, **given)
        again = fr.run(net, inputs=inputs(2, steps), state=first.state, draw=draw, generator=4)
        found.append([first.y, again.y, *again.state.tensors().values()])
    assert all(map(torch.equal, *found))


def test_probabilities_do_not_depend_on_the_block_size(small_budget: None) -> None:
    net = network(fr.heads.Categorical(3))
    warmup, x = (inputs(40, 5), targets(net.head, 40, 5)), inputs(40, 30)
    path = fr.run(net, warmup=warmup, inputs=x)
    assert path.mean is not None
    assert path.mean.shape == (40, 30, 3)
    one = fr.run(net, warmup=(warmup[0][7], warmup[1][7]), inputs=x[7])
    assert one.mean is not None
    torch.testing.assert_close(path.mean[7], one.mean)


@pytest.mark.parametrize("head", [fr.heads.Poisson(2), fr.heads.NegativeBinomial(2)], ids=name)
def test_counts_come_back_as_counts(head: Head) -> None:
    net = network(head).float()
    with torch.no_grad():
        net.output.bias[:2] = 4.0
    drawn = fr.run(net, inputs=inputs(50), draw="sample", generator=seeded()).y
    assert torch.equal(drawn, drawn.round())
    assert 20 < float(drawn.mean()) < 500  # their log1p is below 7
    assert 20 < float(fr.run(net, inputs=inputs(50)).y.mean()) < 500


def test_draws_follow_the_distribution() -> None:
    net = network(input_size=0, input_lags=0)
    path = fr.run(net, 1, draw="sample", paths=20000, quantiles=(0.1, 0.9), generator=seeded())
    spread = net.head.distribution(net(None, steps=1).o)
    location, scale = net.scaling.y_shift, net.scaling.y_scale
    assert location is not None
    assert scale is not None
    # A standard error is 0.007 of a standard deviation for the mean, 0.012 for a 10 % quantile.
    wide = (scale * spread.stddev).detach()
    assert bool(((path.y - location - scale * spread.mean).abs() < 0.04 * wide).all())
    assert path.quantiles is not None
    for q, got in zip((0.1, 0.9), path.quantiles, strict=True):
        level = torch.distributions.Normal(0, 1).icdf(torch.tensor(q))
        wanted = location + scale * spread.mean[0] + level * wide[0]
        assert bool(((got - wanted).abs() < 0.06 * wide).all())


def test_shapes_with_and_without_a_batch_axis() -> None:
    net = network()
    x0, y0, x = inputs(2, 7), targets(net.head, 2, 7), inputs(2, 4)
    quantiles = (0.1, 0.5, 0.9)
    path = fr.run(net, None, (x0, y0), x, "sample", 8, quantiles, seeded())
    assert path.y.shape == (2, 4, 2)
    assert path.paths.shape == (2, 8, 4, 2)
    assert path.quantiles is not None
    assert path.quantiles.shape == (2, 3, 4, 2)
    assert path.quantile(0.5).shape == (2, 4, 2)
    torch.testing.assert_close(path.quantile(quantiles), path.quantiles)
    torch.testing.assert_close(path.quantile(0.5), path.quantiles[:, 1])
    torch.testing.assert_close(path.y, path.paths.mean(1))
    one = fr.run(net, None, (x0[0], y0[0]), x[0], "sample", 8, quantiles, seeded())
    assert one.y.shape == (4, 2)
    assert one.paths.shape == (8, 4, 2)
    assert one.quantiles is not None
    assert one.quantiles.shape == (3, 4, 2)
    torch.testing.assert_close(one.quantile([0.1, 0.5, 0.9]), one.quantiles)
    assert fr.run(net, inputs=x).paths.shape == (2, 1, 4, 2)
    classes = network(fr.heads.Categorical(3))
    path = fr.run(classes, inputs=x, draw="sample", paths=9, generator=seeded())
    assert path.y.shape == (2, 4)
    assert path.paths.shape == (2, 9, 4)
    assert path.mean is None
    counts = torch.nn.functional.one_hot(path.paths, 3).sum(1)
    assert bool((counts.gather(-1, path.y.unsqueeze(-1)).squeeze(-1) == counts.amax(-1)).all())


def test_rows_of_a_batch_are_paths_of_their_own() -> None:
    net = network()
    x0, y0, x = inputs(2, 7), targets(net.head, 2, 7), inputs(2, 4)
    both = fr.run(net, warmup=(x0, y0), inputs=x).y
    for row in range(2):
        alone = fr.run(net, warmup=(x0[row], y0[row]), inputs=x[row]).y
        torch.testing.assert_close(both[row], alone)
    drawn = fr.run(net, None, (x0, y0), x, "sample", 40, generator=seeded()).paths
    # Paths of one sequence scatter about its own mean: the first step tells the rows apart.
    first = drawn[:, :, 0].mean(1)
    assert bool(((first - both[:, 0]).abs() < 0.5 * (drawn[:, :, 0].std(1))).all())


def test_every_path_is_its_own_sequences() -> None:
    net = network(fr.heads.Categorical(3))
    x0, y0, x = inputs(3, 7), targets(net.head, 3, 7), inputs(3, 30)
    draw = fr.Sampling(top_k=1)  # every draw is the same, so that all paths are known
    paths = fr.run(net, None, (x0, y0), x, draw, paths=4).paths
    for row in range(3):
        alone = fr.run(net, None, (x0[row], y0[row]), x[row], draw).y
        assert torch.equal(paths[row], alone.expand(4, 30))


def test_arrays_of_numpy_and_other_types_are_read() -> None:
    net = network()
    x0, y0, x = inputs(7), targets(net.head, 7), inputs(4)
    wanted = fr.run(net, warmup=(x0, y0), inputs=x)
    got = fr.run(net, warmup=(x0.numpy(), y0.numpy()[::-1][::-1]), inputs=x.numpy())
    assert torch.equal(got.y, wanted.y)
    assert isinstance(got.numpy(), np.ndarray)
    read_only = x.numpy().copy()
    read_only.flags.writeable = False
    rounded = fr.run(net, warmup=(x0.float(), y0.float()), inputs=read_only)
    assert rounded.y.dtype == torch.float64
    torch.testing.assert_close(rounded.y, wanted.y, rtol=1e-4, atol=1e-5)


def test_one_channel_may_come_without_its_axis() -> None:
    net = fr.RecurrentNetwork(1, 4, fr.heads.Gaussian(1), recurrence="output")
    x, y = torch.randn(9), torch.randn(9)
    got = fr.run(net, warmup=(x, y), inputs=x[:3])
    wanted = fr.run(net, warmup=(x[:, None], y[:, None]), inputs=x[:3, None])
    assert torch.equal(got.y, wanted.y)
    assert got.y.shape == (3, 1)


def test_autonomous_network_takes_y_alone() -> None:
    net = network(input_size=0, input_lags=0)
    y0 = targets(net.head, 7)
    wanted = fr.run(net, 5, (None, y0)).y
    assert torch.equal(fr.run(net, 5, y0).y, wanted)
    assert fr.run(net, 5, y0.unsqueeze(0)).y.shape == (1, 5, 2)
    assert not torch.equal(fr.run(net, 5).y, wanted)
    classes = network(fr.heads.Categorical(3), input_size=0, input_lags=0)
    assert fr.run(classes, 5, targets(classes.head, 2, 6)).y.shape == (2, 5)


def test_without_an_output_edge_the_outputs_are_those_over_the_inputs() -> None:
    net = network(recurrence="hidden", output_lags=1)
    x0, x = inputs(2, 7), inputs(2, 5)
    path = fr.run(net, warmup=(x0, None), inputs=x)
    o = net(net.scaling.scale_x(torch.cat([x0, x], 1))).mean
    torch.testing.assert_close(path.y, net.scaling.unscale_y(o[:, 7:]))
    drawn = fr.run(net, inputs=x, draw="sample", paths=3, generator=seeded())
    assert not torch.equal(drawn.paths[:, 0], drawn.paths[:, 1])


def test_the_network_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(dropout=0.5)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    modes: list[bool] = []
    unroll = unrolling.unroll

    def noted(module: fr.RecurrentNetwork, *given: Any, **named: Any) -> Any:
        modes.append(module.training)
        return unroll(module, *given, **named)

    monkeypatch.setattr(closed_loop, "unroll", noted)
    net.train()
    net.layers[0].eval()
    first = fr.run(net, inputs=inputs(5))
    assert modes == [False]
    assert net.training
    assert not net.layers[0].training
    assert torch.equal(first.y, fr.run(net.eval(), inputs=inputs(5)).y)
    assert not net.training
    assert not first.y.requires_grad
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key])
    net.train()
    with pytest.raises(fr.ArgumentError):
        fr.run(net, 6, inputs=inputs(5), state=fr.State())
    assert net.training


def test_sharp_sampling_is_the_likeliest_class() -> None:
    net = network(fr.heads.Categorical(3))
    path = fr.run(net, inputs=inputs(20), draw=fr.Sampling(top_k=1), generator=seeded())
    cold = fr.run(net, inputs=inputs(20), draw=fr.Sampling(1e-6), generator=seeded())
    assert torch.equal(path.y, cold.y)
    free = fr.run(net, inputs=inputs(20), draw="sample", generator=seeded())
    assert not torch.equal(path.y, free.y)


POINT = fr.heads.Point(2)
CLASSES = fr.heads.Categorical(3)
REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"head": POINT}, {"draw": "sample"}, "a head with a spread, got a Point head"),
    ({}, {"draw": fr.Sampling()}, "Sampling is for classes, got a Gaussian head"),
    ({}, {"draw": "means"}, "Did you mean 'mean'"),
    ({}, {"paths": 3}, "several paths must be drawn"),
    ({}, {"quantiles": (0.5,)}, "several paths of numbers, got one path"),
    (
        {"head": CLASSES},
        {"draw": "sample", "paths": 3, "quantiles": (0.5,)},
        "several paths of numbers, got classes",
    ),
    ({}, {"steps": 6}, "inputs must reach over 6 steps, got 5 of them"),
    ({}, {"inputs": None, "steps": 3}, "inputs must be given, 3 for each step"),
    ({}, {"inputs": inputs(5)[:, :2]}, r"inputs must be \(time, 3\), got \(5, 2\)"),
    ({}, {"inputs": inputs(5) * torch.nan}, "inputs must be finite"),
    ({}, {"warmup": inputs(4)}, r"warmup must be a pair \(x, y\), got a Tensor"),
    ({}, {"warmup": (inputs(4), None)}, "all that the network reads, got x alone"),
    ({}, {"warmup": (inputs(4), targets(POINT, 3))}, "must have the same steps, got 4 and 3"),
    ({}, {"warmup": (inputs(1, 4), targets(POINT, 1, 4))}, "a batch axis, or none"),
    ({}, {"state": fr.State()}, "state must hold"),
    ({"head": CLASSES}, {"warmup": (inputs(4), torch.zeros(4))}, "y must hold classes"),
    ({"input_size": 0, "input_lags": 0}, {"inputs": None}, "steps must be given"),
    ({"input_size": 0, "input_lags": 0}, {"steps": 2}, "inputs must be None"),
    (
        {"recurrence": "hidden", "output_lags": 1, "readout": "last"},
        {},
        "an output at every step, got readout='last'",
    ),
    (
        {"recurrence": "hidden", "output_lags": 1, "bidirectional": True},
        {},
        "run forward in time",
    ),
]


@pytest.mark.parametrize(("options", "given", "message"), REFUSED)
def test_what_means_nothing_is_refused(
    options: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    net = network(**options)
    with pytest.raises(fr.ArgumentError, match=message):
        fr.run(net, **({"inputs": inputs(5)} | given))


def test_states_and_data_of_different_sizes_are_refused() -> None:
    net = network()
    state = fr.run(net, inputs=inputs(3, 4)).state
    with pytest.raises(fr.ArgumentError, match="inputs of 2, a state of 3"):
        fr.run(net, inputs=inputs(2, 4), state=state)


def test_quantiles_of_one_path_or_of_classes_are_refused() -> None:
    with pytest.raises(fr.ArgumentError, match="several paths, got one"):
        fr.run(network(), inputs=inputs(4)).quantile(0.5)
    path = fr.run(network(CLASSES), inputs=inputs(4), draw="sample", paths=3)
    with pytest.raises(fr.ArgumentError, match="numbers, got classes"):
        path.quantile(0.5)


def test_repr_is_short() -> None:
    path = fr.run(network(), None, None, inputs(4), "sample", 3, (0.5,), seeded())
    assert repr(path) == "Path(3 paths, y (4, 2), 1 quantile)"
    path = fr.run(network(CLASSES), inputs=inputs(2, 4))
    assert repr(path) == "Path(y (2, 4) of classes)"


def test_plot_draws_every_output_and_the_band() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    path = fr.run(network(), None, None, inputs(3, 4), "sample", 5, (0.1, 0.9), seeded())
    axes = path.plot(observed=targets(POINT, 3, 4))
    assert len(axes.lines) == 12
    assert len(axes.collections) == 6
    line = np.asarray(axes.lines[3].get_ydata(), dtype=float)
    np.testing.assert_allclose(line, path.y[1, :, 1].numpy())
    alone = fr.run(network(CLASSES), inputs=inputs(4)).plot()
    assert len(alone.lines) == 1
    matplotlib.pyplot.close("all")


def test_a_seed_is_a_generator_and_one_quantile_needs_no_tuple() -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Gaussian(1), recurrence="output")
    options: dict[str, Any] = {"steps": 5, "draw": "sample", "paths": 7}
    one = fr.run(net, generator=3, quantiles=0.5, **options)
    other = fr.run(net, generator=torch.Generator().manual_seed(3), quantiles=(0.5,), **options)
    assert torch.equal(one.paths, other.paths)
    assert one.quantiles is not None
    assert other.quantiles is not None
    assert torch.equal(one.quantiles, other.quantiles)
    assert torch.equal(one.quantile(np.array([0.1, 0.9])), one.quantile((0.1, 0.9)))
    assert torch.equal(one.quantile(torch.tensor([0.1, 0.9])), one.quantile((0.1, 0.9)))
    for level in (np.float32(0.5), np.array(0.5), torch.tensor(0.5)):
        assert torch.equal(one.quantile(level), one.quantile(0.5))
        again = fr.run(net, generator=3, quantiles=level, **options).quantiles
        assert again is not None
        assert torch.equal(again, one.quantiles)
    steps = [fr.Session(net, draw="sample", generator=3).step() for _ in range(2)]
    assert torch.equal(steps[0], steps[1])
    with pytest.raises(fr.ArgumentError, match="generator must be a whole number"):
        fr.run(net, generator="seed", **options)  # type: ignore[arg-type]
    with pytest.raises(fr.ArgumentError, match="quantiles must be numbers, got dtype"):
        fr.run(net, quantiles="0.5", **options)


def test_quantiles_are_refused_before_anything_is_drawn() -> None:
    drawn = seeded()
    for bad in (1.5, (0.1, -0.1), ()):
        with pytest.raises(fr.ArgumentError, match=r"^run: quantiles must be"):
            fr.run(network(), 4, None, inputs(4), "sample", 3, bad, drawn)
    assert torch.equal(drawn.get_state(), seeded().get_state())
    path = fr.run(network(), 4, None, inputs(4), "sample", 3)
    with pytest.raises(fr.ArgumentError, match=r"^Path\.quantile: quantiles must be"):
        path.quantile([0.1, 2.0])


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize("head", [fr.heads.Gaussian(2), CLASSES], ids=str)
def test_quantiles_may_be_kept_without_the_paths(head: Head) -> None:
    """The same numbers, piece by piece: as many steps at a time as fit."""
    net = network(head)
    levels = None if head is CLASSES else (0.1, 0.9)
    options: dict[str, Any] = {"inputs": inputs(40), "draw": "sample", "paths": 50}
    whole = fr.run(net, generator=3, quantiles=levels, **options)
    bare = fr.run(net, generator=3, quantiles=levels, keep_paths=False, **options)
    assert torch.equal(bare.y, whole.y)
    assert bare.paths.shape[0] == 0
    assert bare.paths.shape[1:] == whole.paths.shape[1:]
    if levels is not None:
        assert bare.quantiles is not None
        assert whole.quantiles is not None
        assert torch.equal(bare.quantiles, whole.quantiles)
        with pytest.raises(fr.ArgumentError, match="paths that were kept, got keep_paths=False"):
            bare.quantile(0.5)
    for name, part in whole.state.tensors().items():
        assert torch.equal(bare.state.tensors()[name], part)


def test_ragged_arrays_are_refused_by_name() -> None:
    net = fr.RecurrentNetwork(0, 4, fr.heads.Gaussian(1), recurrence="output")
    with pytest.raises(fr.ArgumentError, match="must be a rectangular array of numbers"):
        fr.run(net, steps=3, warmup=(None, [[1.0, 2.0], [3.0]]))


def test_a_run_from_a_state_may_be_warmed_up_further() -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Gaussian(1), recurrence="both", output_lags=2)
    y = torch.randn(30, 1)
    whole = fr.run(net, steps=5, warmup=(None, y))
    begun = fr.run(net, steps=1, warmup=(None, y[:20]), state=None)
    before = net(None, y[None, :20]).state
    assert begun is not None
    went_on = fr.run(net, steps=5, warmup=(None, y[20:]), state=before)
    torch.testing.assert_close(went_on.y, whole.y)


def test_a_state_is_made_of_its_named_tensors_in_any_order() -> None:
    net = network(cell="lstm", num_layers=11)
    state = net.initial_state(2).map(lambda part: torch.randn_like(part))
    named = state.tensors()
    again = fr.State.from_tensors({name: named[name] for name in sorted(named, reverse=True)})
    assert [len(memory) for memory in again.hidden] == [2] * 11
    assert again.tensors().keys() == named.keys()
    assert all(again.tensors()[name] is part for name, part in named.items())
    assert fr.State.from_tensors({}) == fr.State()


def test_states_are_joined_row_upon_row() -> None:
    net = network(cell="lstm", num_layers=2)
    whole = net.initial_state(5).map(lambda part: torch.randn_like(part))
    joined = fr.State.cat([whole.map(lambda part: part[:2]), whole.map(lambda part: part[2:])])
    for name, part in whole.tensors().items():
        assert torch.equal(joined.tensors()[name], part)


@pytest.mark.parametrize("budget", [None, 2000])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_series_of_different_lengths_are_runs_of_their_own(
    recurrence: str, budget: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network(recurrence=recurrence, output_lags=1 if recurrence == "hidden" else 2)
    lengths = (7, 60, 1, 33)
    x0, y0 = [inputs(n) for n in lengths], [targets(net.head, n) for n in lengths]
    x = inputs(4, 5)
    alone = [fr.run(net, None, (x0[row], y0[row]), x[row]) for row in range(4)]
    if budget is not None:
        monkeypatch.setattr(_measure, "BUDGET", budget)
        assert _measure.fitting(net, 4) < 33  # so that series end in different blocks
    path = fr.run(net, None, (x0, y0), x)
    assert path.y.shape == (4, 5, 2)
    for row in range(4):
        torch.testing.assert_close(path.y[row], alone[row].y)
        for name, part in alone[row].state.tensors().items():
            torch.testing.assert_close(path.state.tensors()[name][row : row + 1], part)


@pytest.mark.parametrize("head", [fr.heads.Gaussian(2), fr.heads.Categorical(3)], ids=name)
def test_an_autonomous_network_takes_a_list_of_series_alone(head: Head) -> None:
    net = network(head, input_size=0, input_lags=0)
    y0 = [targets(head, 9), targets(head, 4)]
    path = fr.run(net, 5, [one.numpy() for one in y0])
    assert torch.equal(path.y, fr.run(net, 5, (None, y0)).y)
    for row in range(2):
        torch.testing.assert_close(path.y[row], fr.run(net, 5, y0[row]).y)
    assert fr.run(net, 5, y0[:1]).y.shape[0] == 1


@pytest.mark.parametrize("recurrence", RECURRENCES)
@pytest.mark.parametrize("head", HEADS, ids=name)
def test_what_is_missing_is_the_networks_own_output(head: Head, recurrence: str) -> None:
    net = network(head, recurrence=recurrence)
    x0, y0, x = inputs(30), targets(head, 30), inputs(4)
    missing = [0, 3, 4, 5, 20, 29]
    if head.outputs is None:
        y0[missing] = -1
    else:
        y0[missing, 1] = torch.nan  # one output is enough: a step is fed as a whole
    session = fr.Session(net)
    for t in range(30):
        if t in missing:
            session.step(x0[t])
        else:
            session.observe(x0[t], y0[t])
    wanted = steps_of(session, x)
    torch.testing.assert_close(fr.run(net, None, (x0, y0), x).y, wanted)
    both = ([x0, x0[:7]], [y0, y0[:7]])
    ragged = fr.run(net, None, both, torch.stack([x, x])).y
    torch.testing.assert_close(ragged[0], wanted)
    torch.testing.assert_close(ragged[1], fr.run(net, None, (x0[:7], y0[:7]), x).y)


def steps_of(session: fr.Session, x: Tensor) -> Tensor:
    return torch.stack([session.step(row) for row in x])


def test_what_is_missing_may_fall_into_any_block(small_budget: None) -> None:
    net = network()
    y0 = targets(net.head, 60)
    y0[torch.tensor([2, 45])] = torch.nan
    session = fr.Session(net)
    for t, y in enumerate(y0):
        if t in (2, 45):
            session.step(inputs(60)[t])
        else:
            session.observe(inputs(60)[t], y)
    path = fr.run(net, None, (inputs(1, 60).expand(9, -1, -1), y0.expand(9, -1, -1)), inputs(9, 5))
    torch.testing.assert_close(path.y[0], steps_of(session, inputs(9, 5)[0]))


Y7 = targets(fr.heads.Gaussian(2), 7)
LISTS: list[tuple[Any, Any, str]] = [
    (([inputs(7)] * 2, [Y7] * 3), inputs(2, 5), "x of 2, the warm-up's y of 3"),
    (([inputs(7)] * 2, [Y7, Y7[:4]]), inputs(2, 5), "same steps, got 7 and 4 in series 1"),
    (([inputs(7)], [Y7]), inputs(5), "a batch axis, or none"),
    (([inputs(1, 7)], [Y7[None]]), inputs(1, 5), r"x of series 0 must be \(time, 3\)"),
    (([inputs(7)], [Y7 / 0]), inputs(1, 5), "y of series 0 must be finite, or NaN where"),
    (([inputs(7) * torch.nan], [Y7]), inputs(1, 5), "x of series 0 must be finite, got"),
    (([inputs(7)] * 2, [Y7] * 2), [inputs(5), inputs(6)], "inputs must have the same steps"),
    (
        (inputs(7), fr.Sequences(inputs(7), Y7)),
        inputs(5),
        "y must be an array, or a list of them, got Sequences",
    ),
]


def test_no_sequence_at_all_is_refused() -> None:
    net = network(recurrence="output", input_size=0, input_lags=0)
    with pytest.raises(fr.ArgumentError, match="one sequence or more, got none"):
        fr.run(net, 3, Y7[None][:0])


@pytest.mark.parametrize(("warmup", "given", "message"), LISTS)
def test_lists_that_do_not_fit_are_refused(warmup: Any, given: Any, message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=message):
        fr.run(network(), None, warmup, given)


def test_a_list_of_inputs_is_a_batch() -> None:
    net, x = network(), inputs(2, 5)
    assert torch.equal(fr.run(net, inputs=[x[0], x[1]]).y, fr.run(net, inputs=x).y)
