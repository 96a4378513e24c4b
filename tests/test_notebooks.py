"""Objects show themselves in notebooks: tables, and pictures that can be styled further."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch

import freerun as fr

mpl.use("agg")


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def network(**options: Any) -> fr.RecurrentNetwork:
    defaults: dict[str, Any] = {"head": fr.heads.Gaussian(2), "recurrence": "both"}
    return fr.RecurrentNetwork(3, 4, **(defaults | options))


def test_a_network_shows_every_parameter_and_how_many_numbers_there_are() -> None:
    net = network(residual=True, num_layers=2)
    shown = net._repr_html_()
    for name, parameter in net.named_parameters():
        assert f"<td>{name}</td>" in shown
        assert f"<td>{' x '.join(map(str, parameter.shape))}</td>" in shown
    assert f"<th>{sum(p.numel() for p in net.parameters()):,}</th>" in shown
    for name, symbol in (("layers.0.weight_fh", "R"), ("output.weight", "V"), ("skip", "s")):
        assert f"<td>{name}</td><td>{symbol}</td>" in shown


def test_what_stands_in_a_name_is_no_markup() -> None:
    class Odd(fr.heads.Gaussian):
        def __repr__(self) -> str:
            return "<script>"

    assert "<script>" not in network(head=Odd(1))._repr_html_()


def test_an_unrolled_network_draws_its_means_and_what_was_fed() -> None:
    unrolled = network()(torch.randn(2, 7, 3), torch.randn(2, 7, 2))
    axes = unrolled.plot(sequence=1)
    means, fed = axes.lines[:2], axes.lines[2:4]
    for number, line in enumerate(means):
        assert line.get_ydata() == pytest.approx(unrolled.mean[1, :, number].detach().numpy())
    for number, line in enumerate(fed):
        assert line.get_ydata() == pytest.approx(unrolled.f[1, :, number].detach().numpy())
    _, given = plt.subplots()
    assert unrolled.plot(ax=given) is given


def test_classes_are_drawn_as_probabilities() -> None:
    net = network(head=fr.heads.Categorical(5))
    unrolled = net(torch.randn(1, 7, 3), torch.zeros(1, 7, dtype=torch.int64))
    (shades,) = unrolled.plot().images
    shown = torch.as_tensor(shades.get_array().data).T
    torch.testing.assert_close(shown, unrolled.mean[0].detach())


def test_of_a_summary_the_hidden_units_are_drawn() -> None:
    net = network(recurrence="hidden", readout="last")
    unrolled = net(torch.randn(1, 7, 3))
    (shades,) = unrolled.plot().images
    shown = torch.as_tensor(shades.get_array().data).T
    torch.testing.assert_close(shown, unrolled.h[0].detach())


def test_no_such_sequence_is_refused() -> None:
    unrolled = network()(torch.randn(2, 7, 3), torch.randn(2, 7, 2))
    with pytest.raises(fr.ArgumentError, match="sequence must be a whole number from 0 to 1"):
        unrolled.plot(sequence=2)


def test_paths_gaps_histories_and_networks_have_pictures() -> None:
    net = network(head=fr.heads.Gaussian(1))
    data = fr.Sequences(torch.randn(3, 40, 3), torch.randn(3, 40, 1))
    history = fr.fit(net, data, epochs=1, progress=False)
    x, y = data.x_flat, data.y_flat
    assert x is not None
    assert y is not None
    path = fr.run(net, 5, warmup=(x[:20], y[:20]), inputs=x[20:25])
    gap = fr.exposure_gap(net, data, horizon=3)
    for one in (history, path, gap):
        axes = one.plot()
        assert axes.has_data()
        axes.set_title("mine")
        assert axes.get_title() == "mine"
    assert fr.draw(net).axes
