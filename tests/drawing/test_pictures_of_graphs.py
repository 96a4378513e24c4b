"""Pictures of networks: all that is laid out is painted, and can be read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import freerun as fr
from freerun.drawing import asked, lay_out
from tests.drawing.overlaps import boxes, outside, overlapping, upon_lines

Described = dict[str, Any]

BOTH = {"recurrence": "both"}
OUTPUT = {"recurrence": "output"}
LAST = {"readout": "last"}
BACK = {"bidirectional": True}

TABLE: list[tuple[Described, Described]] = [
    ({}, {}),
    ({}, {"steps": 1}),
    ({}, {"steps": 7, "bptt": fr.TruncatedBPTT(3)}),
    ({}, {"bptt": fr.TruncatedBPTT(1, 2)}),
    ({"input_lags": 3}, {}),
    ({"num_layers": 2, "input_lags": 1}, {}),
    (LAST, {}),
    (LAST, {"bptt": fr.TruncatedBPTT(2)}),
    (BACK, {}),
    ({**BACK, "num_layers": 2}, {}),
    ({**BACK, **LAST}, {}),
    ({**BACK, **LAST, "num_layers": 2}, {"shapes": True}),
    (OUTPUT, {}),
    (OUTPUT, {"forcing": fr.TeacherForcing()}),
    (OUTPUT, {"forcing": fr.FreeRunning(2), "steps": 5}),
    ({**OUTPUT, "input_size": 0}, {"forcing": fr.GeneralizedTeacherForcing(0.25), "steps": 2}),
    ({**OUTPUT, "residual": True, "output_lags": 2}, {}),
    ({**OUTPUT, "output_lags": 3, "input_lags": 2}, {"forcing": fr.SparseTeacherForcing(3)}),
    ({**OUTPUT, "num_layers": 3}, {"bptt": fr.TruncatedBPTT(2), "forcing": fr.FreeRunning()}),
    (BOTH, {"bptt": fr.TruncatedBPTT(1, 3)}),
    (BOTH, {"shapes": True, "steps": 3}),
    ({**BOTH, "num_layers": 2, "output_lags": 40, "residual": True}, {}),
    ({**BOTH, "num_layers": 2, "cell": "lstm"}, {"shapes": True, "bptt": fr.TruncatedBPTT(2)}),
    (
        {**BOTH, "num_layers": 2, "output_lags": 3, "input_lags": 3, "residual": True},
        {"shapes": True},
    ),
    ({**BACK, "input_lags": 2, "input_size": 12, "cell": "lstm"}, {"shapes": True, "steps": 2}),
    ({"num_layers": 3}, {"bptt": fr.TruncatedBPTT(1, 3), "steps": 2}),
    ({**BACK, "num_layers": 2, "cell": "gru"}, {"shapes": True, "steps": 2}),
    ({**BOTH, "residual": True}, {"forcing": fr.GeneralizedTeacherForcing(0.123)}),
]


def build(described: Described) -> fr.RecurrentNetwork:
    return fr.RecurrentNetwork(
        **{"input_size": 2, "hidden_size": 64, "head": fr.heads.Gaussian(1), **described}
    )


@pytest.mark.parametrize(("described", "how"), TABLE)
def test_nothing_is_written_upon_anything(
    described: Described, how: Described, tmp_path: Path
) -> None:
    net = build(described)
    figure = fr.draw(net, **how, path=tmp_path / "graph.svg")
    shapes = how.get("shapes", False)
    graph = lay_out(asked(net, **{name: how[name] for name in how if name != "shapes"}), shapes)
    found = boxes(figure)
    written = [text for text, _ in found]
    labels = {one.label for part in (graph.nodes, graph.edges, graph.cuts) for one in part}
    assert labels - {""} <= set(written)
    assert graph.title in written
    assert overlapping(found) == []
    assert outside(figure, found) == []
    assert upon_lines(figure, graph, found) == []


def test_every_edge_node_and_cut_is_painted(tmp_path: Path) -> None:
    from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

    net = build({**BOTH, "output_lags": 2})
    bptt = fr.TruncatedBPTT(2)
    graph = lay_out(asked(net, bptt=bptt))
    figure = fr.draw(net, bptt=bptt, path=tmp_path / "graph.png")
    (ax,) = figure.axes
    kinds = [type(patch) for patch in ax.patches]
    assert kinds.count(Circle) == sum(node.drawn for node in graph.nodes)
    assert kinds.count(FancyArrowPatch) == len(graph.edges) + 1
    assert kinds.count(Rectangle) == 1 + 1 + 2  # W, R_1, R_2
    assert len(ax.lines) == len(graph.cuts) == 2
    for cut, line in zip(graph.cuts, ax.lines, strict=True):
        assert list(line.get_xdata()) == [cut.x, cut.x]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_picture_is_the_same_bytes(kind: str, tmp_path: Path) -> None:
    one, two, dark = (tmp_path / f"{name}.{kind}" for name in ("one", "two", "dark"))
    for path in (one, two):
        fr.draw(build(OUTPUT), path=path)
    fr.draw(build(OUTPUT), path=dark, dark=True)
    assert one.read_bytes() == two.read_bytes() != dark.read_bytes()


def test_a_label_upon_a_line_is_seen(tmp_path: Path) -> None:
    """The check itself can fail."""
    graph = lay_out(asked(build({})))
    edge = next(one for one in graph.edges if one.source == "h1@2" and one.kind == "state")
    moved = replace(edge, label_at=edge.path[0])
    others = tuple(one for one in graph.edges if one is not edge)
    from freerun.drawing.files import new_figure
    from freerun.drawing.graph_picture import paint_graph, size_of_graph
    from freerun.drawing.theme import LIGHT

    graph = replace(graph, edges=(*others, moved))
    figure = new_figure(size_of_graph(graph), None, shown=False)
    paint_graph(graph, figure, LIGHT)
    assert "$W$" in upon_lines(figure, graph, boxes(figure))
