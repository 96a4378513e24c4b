"""From a network to all that is painted of it: the circuit on the left, unfolded on the right."""

import re
from collections.abc import Iterator
from dataclasses import replace

from freerun.drawing.asked import Asked
from freerun.drawing.circuit import circuit
from freerun.drawing.graph import Cut, Edge, Graph, Node
from freerun.drawing.labels import placed
from freerun.drawing.mathtext import label_of
from freerun.drawing.places import Places, places
from freerun.drawing.route import routed
from freerun.drawing.shapes import shape_of, shapes_caption
from freerun.drawing.unfold import edges_of, nodes_of

__all__ = ["lay_out"]


def lay_out(what: Asked, shapes: bool = False) -> Graph:
    """Lay out a network.

    Args:
        what: What :func:`freerun.drawing.asked.asked` found out.
        shapes: Write the shape of every parameter beside it in the circuit, and those of the
            variables below.

    Example:
        >>> import freerun as fr
        >>> from freerun.drawing.asked import asked
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Point(1), recurrence="output")
        >>> graph = lay_out(asked(net, forcing=fr.FreeRunning(warmup=1)))
        >>> [edge.kind for edge in graph.edges if edge.target in ("f@1", "f@2")]
        ['truth', 'own']
        >>> graph.between("f@2", "h1@3")[0].parameter
        'R'
    """
    place = places(what)
    nodes = nodes_of(what, place)
    edges = routed(edges_of(what, nodes), {node.key: node for node in nodes}, what, place)
    folded, loops = circuit(what, place)
    loops = _shaped(loops, what) if shapes else [_labelled(one) for one in loops]
    edges = [_labelled(one) for one in edges]
    cuts = tuple(_cuts(what, place))
    captions = (*what.captions, *([shapes_caption(what.net)] if shapes else ()))
    return Graph(
        nodes=(*folded, *nodes),
        edges=(
            *placed(loops, folded),
            *placed(edges, nodes, [((cut.x, cut.low), (cut.x, cut.high)) for cut in cuts]),
        ),
        cuts=cuts,
        arrow=_arrow(what, place, loops, nodes),
        title=_title(what),
        captions=captions,
    )


def _labelled(edge: Edge, shape: str = "") -> Edge:
    return replace(edge, label=label_of(edge, shape))


def _shaped(edges: list[Edge], what: Asked) -> list[Edge]:
    """Labels with shapes: once for all lags and both directions, where the lines lie furthest out.

    They have the same shape.
    """
    seen: set[str] = set()
    found: list[Edge] = []
    for edge in reversed(edges):
        alike = re.sub(r"_\d+| reversed", "", edge.parameter)
        found.append(_labelled(edge, "" if alike in seen else shape_of(what.net, alike)))
        seen.add(alike)
    return found[::-1]


def _arrow(
    what: Asked, place: Places, loops: list[Edge], nodes: list[Node]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """From the circuit to the graph, where both leave room."""
    left = max(x for edge in loops for x, _ in edge.path)
    right = min(node.at[0] - node.radius for node in nodes)
    height = place.rows["h1"]
    return (left + 0.75, height), (right - 0.35, height)


def _cuts(what: Asked, place: Places) -> Iterator[Cut]:
    """Right of f, which belongs to the step before; across all that a step hands to the next."""
    edge = what.net.has_output_edge
    x = place.fed + (place.column - place.fed) * 0.42 if edge else place.column / 2
    for after, first, last in what.cuts:
        if after > what.steps:
            continue
        label = "gradient\nends here"
        if last - after > last - first + 1:
            losses = f"{first}" if first == last else f"{first}\u2013{last}"
            label = f"gradient of\nL({losses})\nends here"
        middle = place.begin + (after - 1) * place.column + x
        yield Cut(after, label, middle, place.bottom - 0.6, place.top + 0.75)


def _title(what: Asked) -> str:
    net = what.net
    said = [f"recurrence {net.recurrence}", f"readout {net.readout}", f"cell {net.cell}"]
    if net.num_layers > 1:
        said.append(f"{net.num_layers} layers")
    if net.bidirectional:
        said.append("bidirectional")
    if net.output_lags > 1:
        said.append(f"{net.output_lags} output lags")
    if net.input_lags:
        said.append(f"{net.input_lags} input lag{'s' if net.input_lags > 1 else ''}")
    if net.residual:
        said.append("residual")
    return ", ".join(said)
