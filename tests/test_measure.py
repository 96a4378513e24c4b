"""From data to batches in the network's units, and errors back in the user's."""

import pytest
import torch

import freerun as fr
from freerun._measure import (
    evaluating,
    plan_batch,
    root_mean,
    scaled_batch,
    scaled_data,
    squared_error,
)


def series(steps: int, outputs: int = 2) -> fr.Sequences:
    numbers = torch.arange(steps * 3.0).reshape(steps, 3)
    return fr.Sequences(numbers[:, :1] + 100, numbers[:, :outputs] * 10 - 5)


def network(**options: object) -> fr.RecurrentNetwork:
    arguments: dict[str, object] = {"recurrence": "both", "output_lags": 2, "input_lags": 3}
    return fr.RecurrentNetwork(1, 4, fr.heads.Gaussian(2), **(arguments | options))  # type: ignore[arg-type]


def test_batch_and_lags_are_scaled_and_cast() -> None:
    data, net = series(20), network().double()
    net.scaling = fr.Scaling.standard(data)
    windows = data.windows(5)
    batch = scaled_batch(net, windows.batch([7, 9], context=4))
    x, y = (part.double() for part in data[0] if part is not None)
    torch.testing.assert_close(batch.x[1], net.scaling.scale_x(x[9:14]))  # type: ignore[index]
    torch.testing.assert_close(batch.y[0], net.scaling.scale_y(y[7:12]))
    assert batch.lengths is None
    assert batch.mask is None
    assert batch.state is not None
    torch.testing.assert_close(batch.state.output[0], net.scaling.scale_y(y[5:7]))
    torch.testing.assert_close(batch.state.inputs[1], net.scaling.scale_x(x[6:9]))
    net(batch.x, batch.y, state=batch.state)


def test_lags_before_the_true_start_are_zero_as_they_are_fed() -> None:
    data, net = series(20), network()
    net.scaling = fr.Scaling.standard(data)
    state = scaled_batch(net, data.windows(5).batch([0, 1], context=3)).state
    assert state is not None
    assert torch.equal(state.output[0], torch.zeros(2, 2))
    assert torch.equal(state.inputs[0], torch.zeros(3, 1))
    assert torch.equal(state.output[1, 0], torch.zeros(2))
    assert bool((state.output[1, 1] != 0).all())


def test_a_missing_target_is_no_lag_but_its_input_is() -> None:
    y = torch.arange(10.0)
    y[3] = torch.nan
    data = fr.Sequences(torch.arange(10.0) - 3, y, missing="mask")
    net = fr.RecurrentNetwork(
        1, 4, fr.heads.Gaussian(1), recurrence="output", output_lags=2, input_lags=2
    )
    net.scaling = fr.Scaling.standard(data)
    batch = scaled_batch(net, data.windows(3).batch([4], context=2))
    assert batch.state is not None
    assert batch.state.output[0, 1] == 0
    torch.testing.assert_close(
        batch.state.inputs[0], net.scaling.scale_x(torch.tensor([[-1.0], [0.0]]))
    )


def test_lengths_are_kept_where_samples_differ() -> None:
    data = fr.Sequences([[1.0, 2.0], [3.0, 4.0, 5.0]], [[1.0, 2.0], [3.0, 4.0, 5.0]])
    net = fr.RecurrentNetwork(1, 4, fr.heads.Point(1))
    lengths = scaled_batch(net, data.batch([0, 1])).lengths
    assert lengths is not None
    assert lengths.tolist() == [2, 3]


def test_too_little_context_is_refused() -> None:
    with pytest.raises(fr.ArgumentError, match=r"the 3 steps .* got 2\. .*context=net\.context"):
        scaled_batch(network(), series(9).windows(5).batch([0], context=2))


def test_squared_error_is_in_the_users_units() -> None:
    data, net = series(20), network(recurrence="hidden", output_lags=1)
    net.scaling = fr.Scaling.standard(data)
    batch = scaled_batch(net, data.windows(5).batch([2, 6, 8], context=3))
    o = net(batch.x).o
    observed = torch.ones(3, 5, 2, dtype=torch.bool)
    observed[1, 2, 0] = False
    y = torch.where(observed, batch.y, torch.nan)
    total, count = squared_error(net, o, y, observed)
    difference = net.scaling.unscale_y(o[..., :2]) - net.scaling.unscale_y(batch.y)
    wanted = torch.where(observed, difference.square(), 0).sum(0).double()
    torch.testing.assert_close(total, wanted, rtol=1e-4, atol=0)
    assert count[2].tolist() == [2, 3]
    assert squared_error(net, o, batch.y)[1].unique().tolist() == [3]


def test_error_of_classes_is_the_brier_score() -> None:
    net = fr.RecurrentNetwork(1, 4, fr.heads.Categorical(3))
    o, y = torch.randn(5, 4, 3), torch.randint(3, (5, 4))
    observed = torch.rand(5, 4) < 0.7
    total, count = squared_error(net, o, torch.where(observed, y, -1), observed)
    distance = o.softmax(-1) - torch.nn.functional.one_hot(y, 3)
    wanted = (distance.square().sum(-1) * observed).sum(0)
    torch.testing.assert_close(total.squeeze(-1), wanted.double(), rtol=1e-5, atol=1e-7)
    assert torch.equal(count.squeeze(-1), observed.sum(0).double())


def test_an_output_that_is_not_a_number_is_infinitely_far_off() -> None:
    net = network(recurrence="hidden", output_lags=1)
    o, y = torch.zeros(1, 3, 4), torch.zeros(1, 3, 2)
    o[0, 1, 0] = torch.nan
    observed = torch.tensor([[True, True, False]]).unsqueeze(-1).expand(1, 3, 2)
    o[0, 2] = torch.nan
    total, _ = squared_error(net, o, y, observed)
    assert total.tolist() == [[0, 0], [torch.inf, 0], [0, 0]]


def test_root_mean_pools_over_the_last_axis() -> None:
    total, count = torch.tensor([[3.0, 5.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    root = root_mean(total, count)
    assert root[0] == 2
    assert torch.isnan(root[1])


def test_one_target_per_sequence() -> None:
    data = fr.Sequences([[1.0, 2.0], [3.0, 4.0, 5.0]], [0, 1], target="sequence")
    net = fr.RecurrentNetwork(1, 4, fr.heads.Categorical(2), readout="last", bidirectional=True)
    batch = scaled_batch(net, data.batch([0, 1]))
    assert batch.state is None
    o = net(batch.x, lengths=batch.lengths).o
    assert squared_error(net, o, batch.y)[0].shape == (1,)


def test_data_scaled_once_make_the_batches_that_batches_scaled_one_by_one_do() -> None:
    y = torch.arange(24.0).reshape(12, 2)
    y[4, 1] = torch.nan
    x = torch.arange(12.0)[:, None] + 100
    data = fr.Sequences([x, x[:7]], [y, y[:7]], missing="mask", dtype=torch.float64)
    net = network()
    net.scaling = fr.Scaling.standard(data)
    for samples in (data, data.windows(3)):
        scaled = scaled_data(net, samples)
        for index in ([0, 1], [1]):
            one = scaled_batch(net, samples.batch(index, net.context))
            other = plan_batch(net, scaled.batch(index, net.context))
            assert one.x is not None
            assert other.x is not None
            assert one.x.dtype == other.x.dtype == net.dtype
            mask = torch.ones_like(one.y, dtype=torch.bool) if one.mask is None else one.mask
            real = mask.any(-1)
            assert torch.equal(one.x[real], other.x[real])
            assert torch.equal(one.y[mask], other.y[mask])
            assert one.state is not None
            state = net.initial_state(len(index)) if other.state is None else other.state
            for name, part in one.state.tensors().items():
                assert torch.equal(part, state.tensors()[name])


def test_nothing_is_copied_where_units_stay_and_no_state_made_where_nothing_was() -> None:
    data, net = series(9), network()
    net.scaling = fr.Scaling.identity()
    scaled = scaled_data(net, data)
    assert scaled.x_flat is data.x_flat
    assert scaled.y_flat is data.y_flat
    assert plan_batch(net, scaled.batch([0], net.context)).state is None
    assert plan_batch(net, scaled.windows(3).batch([0, 1], net.context)).state is not None


@pytest.mark.parametrize("name", ["train", "eval"])
def test_who_switches_itself_is_asked_to(name: str) -> None:
    asked: list[str] = []

    def switch(self: fr.RecurrentNetwork, *mode: bool) -> fr.RecurrentNetwork:
        asked.append(name)
        switched: fr.RecurrentNetwork = getattr(fr.RecurrentNetwork, name)(self, *mode)
        return switched

    kind = type("Own", (fr.RecurrentNetwork,), {name: switch})
    net = kind(1, 4, fr.heads.Point(1))
    net.layers[0].eval()
    with evaluating(net):
        assert asked == [name]
        assert not net.training
    assert asked == (["train", "train"] if name == "train" else ["eval"])
    assert net.training
    assert net.output.training
    assert not net.layers[0].training
