"""The graph unfolded in time: which nodes and which edges there are, and what each edge carries.

As in Goodfellow, Bengio and Courville, *Deep Learning* (2016), figures 10.3 to 10.6 and 10.11, with
f for what the output edge carries.
"""

from collections.abc import Iterator

from freerun.drawing.asked import Asked
from freerun.drawing.graph import Edge, Node
from freerun.drawing.places import Places

__all__ = ["edges_of", "name_step", "nodes_of", "onwards", "within"]

KINDS = {"x": "input", "h": "hidden", "r": "hidden", "o": "output", "L": "loss", "y": "target",
         "f": "fed"}  # fmt: skip


def nodes_of(what: Asked, place: Places) -> list[Node]:
    """The variables of every step, and those that say that it goes on before and after."""
    net, steps = what.net, what.steps
    found: list[Node] = []

    def add(name: str, step: int) -> None:
        begun = what.numbered and net.readout == "every"
        inside = 1 <= step <= steps or (step == 0 and begun)
        label = _label(what, name, name_step(what, step) if inside else r"\ldots")
        drawn = 1 <= step <= steps
        found.append(Node(f"{name}@{step}", KINDS[name[0]], label, place.at(name, step), drawn))

    for step in range(1, steps + 1):
        if net.input_size:
            add("x", step)
        for layer in range(1, net.num_layers + 1):
            add(f"h{layer}", step)
            if net.bidirectional:
                add(f"r{layer}", step)
        if net.readout == "every" or step == steps:
            for name in "oLy":
                add(name, step)
        if net.has_output_edge:
            add("f", step)
    if net.has_output_edge:
        add("f", 0)
        if net.residual:
            add("o", steps + 1)
    if net.recurrence == "output":
        add("h1", steps + 1)
    elif not what.whole:
        for layer in range(1, net.num_layers + 1):
            for name in ("h", "r") if net.bidirectional else ("h",):
                add(f"{name}{layer}", 0)
                if net.readout == "every":
                    add(f"{name}{layer}", steps + 1)
    return found


def edges_of(what: Asked, nodes: list[Node]) -> list[Edge]:
    """Every edge between nodes that are there."""
    there = {node.key for node in nodes}
    found: list[Edge] = []
    for step in range(0, what.steps + 2):
        found += within(what, step)
        found += onwards(what, step)
    return [one for one in found if {one.source, one.target} <= there and _is_whole(one, what)]


def _is_whole(edge: Edge, what: Asked) -> bool:
    """Whether one of its ends is in the picture, not only beyond it."""
    return any(1 <= int(key.split("@")[1]) <= what.steps for key in (edge.source, edge.target))


def within(what: Asked, step: int) -> Iterator[Edge]:
    """What happens within a step."""
    net = what.net
    ways = ("h", "r") if net.bidirectional else ("h",)
    for way in ways:
        for lag in range(what.input_lags + 1):
            name = "U" if not net.input_lags else f"U_{lag}"
            source, target = f"x@{step - lag}", f"{way}1@{step}"
            yield Edge(source, target, "input", _named(name, 1, way), delay=lag)
        for layer in range(2, net.num_layers + 1):
            for below in ways:
                source, target = f"{below}{layer - 1}@{step}", f"{way}{layer}@{step}"
                yield Edge(source, target, "input", _named("U", layer, way))
        ended = 1 if way == "r" and net.readout == "last" else step
        yield Edge(f"{way}{net.num_layers}@{ended}", f"o@{step}", "readout", "V")
    yield Edge(f"o@{step}", f"L@{step}", "loss")
    yield Edge(f"y@{step}", f"L@{step}", "loss")
    if net.has_output_edge and 1 <= step <= what.steps:
        weight = None if what.weights is None else what.weights[step - 1]
        yield from _feeding(weight, f"@{step}")


def _feeding(weight: float | None, at: str = "") -> Iterator[Edge]:
    """f from y, from o, or from both: what has no weight is not there."""
    if weight is None or weight > 0:
        yield Edge(f"y{at}", f"f{at}", "truth", weight=weight)
    if weight is None or weight < 1:
        own = None if weight is None else round(1 - weight, 6)
        yield Edge(f"o{at}", f"f{at}", "own", weight=own)


def onwards(what: Asked, step: int) -> Iterator[Edge]:
    """What a step hands to those that follow; what reads backwards, to the one before."""
    net = what.net
    for layer in range(1, net.num_layers + 1):
        if net.recurrence != "output":
            name = _named("W", layer, "h")
            yield Edge(f"h{layer}@{step}", f"h{layer}@{step + 1}", "state", name, delay=1)
            name = _named("W", layer, "r")
            yield Edge(f"r{layer}@{step + 1}", f"r{layer}@{step}", "state", name, delay=1)
    for lag in range(1, what.output_lags + 1):
        name = "R" if net.output_lags == 1 else f"R_{lag}"
        yield Edge(f"f@{step}", f"h1@{step + lag}", "fed", name, delay=lag)
    if net.residual:
        yield Edge(f"f@{step}", f"o@{step + 1}", "residual", "s", delay=1)


def name_step(what: Asked, step: int) -> str:
    """``t - 1``, ``t``, ...; numbers where steps differ; up to tau where it ends there."""
    if what.net.readout == "last" and not what.whole:
        back = what.steps - step
        return rf"\tau{{-}}{back}" if back else r"\tau"
    if what.numbered:
        return str(step)
    away = step - min(2, what.steps)
    return f"t{{{'-' if away < 0 else '+'}}}{abs(away)}" if away else "t"


def _named(name: str, layer: int, way: str) -> str:
    name = name if layer == 1 else f"{name}^({layer})"
    return f"{name} reversed" if way == "r" else name


def _label(what: Asked, name: str, step: str) -> str:
    letter = name[0]
    if letter in "hr":
        letter = r"\overleftarrow{h}{}" if letter == "r" else "h"
        letter += f"_{{{name[1:]}}}" if what.net.num_layers > 1 else ""
    return f"${letter}^{{({step})}}$"
