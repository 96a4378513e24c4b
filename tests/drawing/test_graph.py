"""The graph that is drawn of a network: which edges there are, and what each of them carries."""

from typing import Any

import pytest
import torch

import freerun as fr
from freerun import kernels
from freerun.drawing import Edge, Graph, asked, lay_out
from freerun.drawing.asked import cuts_of
from freerun.plan import Forcing


def build(**described: Any) -> fr.RecurrentNetwork:
    asked_for = {"input_size": 2, "hidden_size": 8, "head": fr.heads.Gaussian(1), **described}
    return fr.RecurrentNetwork(**asked_for)


def graph(how: dict[str, Any] | None = None, **described: Any) -> Graph:
    return lay_out(asked(build(**described), **{"steps": 3, **(how or {})}))


def unfolded(found: Graph, *kinds: str) -> set[tuple[str, str, str]]:
    """``(source, target, parameter)`` of the edges with steps, of some kinds or of all."""
    edges = [one for one in found.edges if "@" in one.source and (not kinds or one.kind in kinds)]
    triples = {(one.source, one.target, one.parameter) for one in edges}
    assert len(triples) == len(edges)
    return triples


def folded(found: Graph) -> dict[tuple[str, str, str], int]:
    """The delay of every edge of the circuit."""
    edges = [one for one in found.edges if "@" not in one.source]
    delays = {(one.source, one.target, one.parameter): one.delay for one in edges}
    assert len(delays) == len(edges)
    assert all(len(one.squares) == one.delay for one in edges)
    return delays


EVERY_STEP = {
    *((f"x@{t}", f"h1@{t}", "U") for t in (1, 2, 3)),
    *((f"h1@{t}", f"o@{t}", "V") for t in (1, 2, 3)),
    *((f"o@{t}", f"L@{t}", "") for t in (1, 2, 3)),
    *((f"y@{t}", f"L@{t}", "") for t in (1, 2, 3)),
}
STATES = {(f"h1@{t}", f"h1@{t + 1}", "W") for t in (0, 1, 2, 3)}
FED = {(f"f@{t}", f"h1@{t + 1}", "R") for t in (0, 1, 2, 3)}
TRUTHS = {(f"y@{t}", f"f@{t}", "") for t in (1, 2, 3)}
OWN = {(f"o@{t}", f"f@{t}", "") for t in (1, 2, 3)}

UPWARDS = {("x", "h1", "U"): 0, ("h1", "o", "V"): 0, ("o", "L", ""): 0, ("y", "L", ""): 0}
LOOP = {("h1", "h1", "W"): 1}
EDGE = {("y", "f", ""): 0, ("o", "f", ""): 0, ("f", "h1", "R"): 1}


@pytest.mark.parametrize(
    ("recurrence", "edges", "loops"),
    [
        ("hidden", EVERY_STEP | STATES, UPWARDS | LOOP),
        ("output", EVERY_STEP | FED | TRUTHS | OWN, UPWARDS | EDGE),
        ("both", EVERY_STEP | STATES | FED | TRUTHS | OWN, UPWARDS | LOOP | EDGE),
    ],
)
def test_every_recurrence_has_its_edges(
    recurrence: str, edges: set[tuple[str, str, str]], loops: dict[tuple[str, str, str], int]
) -> None:
    found = graph(recurrence=recurrence)
    assert unfolded(found) == edges
    assert folded(found) == loops


def test_readout_last_has_one_output_and_ends_with_it() -> None:
    found = graph(readout="last")
    expected = {one for one in EVERY_STEP if one[2] == "U" or one[1].endswith("@3")}
    assert unfolded(found) == expected | STATES - {("h1@3", "h1@4", "W")}
    assert folded(found) == UPWARDS | LOOP
    labels = {node.key: node.label for node in found.nodes}
    assert labels["h1@3"] == r"$h^{(\tau)}$"
    assert labels["x@1"] == r"$x^{(\tau{-}2)}$"
    assert labels["h1@0"] == r"$h^{(\ldots)}$"


def test_an_autonomous_network_reads_nothing() -> None:
    found = graph(input_size=0, recurrence="output")
    assert not any(node.kind == "input" for node in found.nodes)
    assert unfolded(found, "input") == set()


@pytest.mark.parametrize(
    ("policy", "weights"),
    [
        (fr.TeacherForcing(), [1, 1, 1, 1]),
        (fr.FreeRunning(), [0, 0, 0, 0]),
        (fr.FreeRunning(2), [1, 1, 0, 0]),
        (fr.SparseTeacherForcing(2), [0, 1, 0, 1]),
        (fr.GeneralizedTeacherForcing(0.3), [0.3, 0.3, 0.3, 0.3]),
        (fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], [0.5]), [1, 1, 1, 1]),
    ],
)
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_what_is_fed_comes_from_where_the_policy_says(
    policy: Forcing, weights: list[float], recurrence: str
) -> None:
    found = graph({"forcing": policy, "steps": 4}, recurrence=recurrence)
    for step, weight in enumerate(weights, 1):
        truths, own = (found.between(f"{name}@{step}", f"f@{step}") for name in "yo")
        assert [one.weight for one in truths] == [weight] * (weight > 0)
        assert [one.weight for one in own] == [round(1 - weight, 6)] * (weight < 1)
    assert any(f"$w$ as in {type(policy).__name__}" in one for one in found.captions)


def test_progress_says_which_plan_is_drawn() -> None:
    policy = fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], [20])
    for progress, kind in ((0.0, "truth"), (0.49, "truth"), (0.5, "own")):
        how = {"forcing": policy, "progress": progress, "epochs": 40}
        found = graph(how, recurrence="output")
        assert {one.kind for one in found.edges if one.target.startswith("f")} == {kind}


def test_weights_are_written_only_where_they_say_something() -> None:
    def labels(policy: Forcing | None) -> set[str]:
        found = graph({"forcing": policy}, recurrence="output")
        return {one.label for one in found.edges if one.kind in ("truth", "own")}

    assert labels(None) == {"$w$", r"$(1-w)\,g$"}
    assert labels(fr.TeacherForcing()) == {""}
    assert labels(fr.FreeRunning()) == {"$g$"}
    assert labels(fr.GeneralizedTeacherForcing(0.3)) == {"$0.3$", r"$0.7\,g$"}


def test_steps_have_numbers_where_they_differ() -> None:
    def first(how: dict[str, Any], **described: Any) -> str:
        found = graph(how, recurrence="both", **described)
        return next(node.label for node in found.nodes if node.key == "h1@1")

    assert first({}) == "$h^{(t{-}1)}$"
    assert first({"forcing": fr.TeacherForcing()}) == "$h^{(t{-}1)}$"
    assert first({"forcing": fr.FreeRunning(1)}) == "$h^{(1)}$"
    assert first({"bptt": fr.TruncatedBPTT(2)}) == "$h^{(1)}$"
    assert first({"bptt": fr.FullBPTT()}) == "$h^{(t{-}1)}$"
    assert first({"steps": 1}) == "$h^{(t)}$"


def test_upper_layers_have_parameters_of_their_own() -> None:
    found = graph(num_layers=3, recurrence="both")
    for layer in (2, 3):
        for step in (1, 2, 3):
            (up,) = found.between(f"h{layer - 1}@{step}", f"h{layer}@{step}")
            (on,) = found.between(f"h{layer}@{step}", f"h{layer}@{step + 1}")
            assert (up.parameter, on.parameter) == (f"U^({layer})", f"W^({layer})")
            assert on.label == f"$W^{{({layer})}}$"
    assert {target for _, target, _ in unfolded(found, "fed")} == {f"h1@{t}" for t in (1, 2, 3, 4)}
    assert {source for source, _, _ in unfolded(found, "readout")} == {"h3@1", "h3@2", "h3@3"}


def test_lags_have_edges_and_delays_of_their_own() -> None:
    found = graph(recurrence="output", output_lags=2, input_lags=2)
    fed = {(f"f@{t}", f"h1@{t + lag}", f"R_{lag}") for t in range(4) for lag in (1, 2)}
    assert unfolded(found, "fed") == {one for one in fed if one[1] != "h1@5"}
    read = {(f"x@{t}", f"h1@{t + lag}", f"U_{lag}") for t in (1, 2, 3) for lag in (0, 1, 2)}
    assert unfolded(found, "input") == {one for one in read if int(one[1][-1]) <= 4}
    delays = folded(found)
    assert [delays["f", "h1", f"R_{lag}"] for lag in (1, 2)] == [1, 2]
    assert [delays["x", "h1", f"U_{lag}"] for lag in (0, 1, 2)] == [0, 1, 2]


def test_of_many_lags_some_are_drawn_and_the_others_named() -> None:
    found = graph(recurrence="output", output_lags=60)
    assert {one[2] for one in unfolded(found, "fed")} == {"R_1", "R_2", "R_3"}
    assert r"And so on, up to $R_{60}\,f^{(t-60)}$." in found.captions


def test_a_residual_network_adds_what_it_was_fed() -> None:
    found = graph(recurrence="output", residual=True)
    assert unfolded(found, "residual") == {(f"f@{t}", f"o@{t + 1}", "s") for t in (0, 1, 2, 3)}
    assert folded(found)["f", "o", "s"] == 1


def test_the_second_direction_runs_backwards() -> None:
    found = graph(bidirectional=True)
    back = {(f"r1@{t + 1}", f"r1@{t}", "W reversed") for t in (0, 1, 2, 3)}
    assert unfolded(found, "state") == STATES | back
    for step in (1, 2, 3):
        assert found.between(f"x@{step}", f"r1@{step}")[0].parameter == "U reversed"
        assert found.between(f"r1@{step}", f"o@{step}")[0].parameter == "V"
    assert folded(found)["r1", "r1", "W reversed"] == 1
    (edge,) = found.between("r1@2", "r1@1")
    assert edge.label == r"$\overleftarrow{W}{}$"
    assert edge.path[0][0] > edge.path[-1][0]


def test_one_output_reads_where_both_directions_end() -> None:
    found = graph(bidirectional=True, readout="last", num_layers=2)
    assert unfolded(found, "readout") == {("h2@3", "o@3", "V"), ("r2@1", "o@3", "V")}
    assert all(node.drawn for node in found.nodes)
    assert ("r1@1", "h2@1", "U^(2)") in unfolded(found)
    assert ("h1@1", "r2@1", "U^(2) reversed") in unfolded(found)


@pytest.mark.parametrize(
    ("bptt", "steps", "cuts"),
    [
        (fr.FullBPTT(), 4, {}),
        (fr.CheckpointedBPTT(), 4, {}),
        (fr.TruncatedBPTT(2), 4, {2: "gradient\nends here", 4: "gradient\nends here"}),
        (fr.TruncatedBPTT(3), 5, {3: "gradient\nends here"}),
        (fr.TruncatedBPTT(1, 2), 2, {1: "gradient of\nL(3)\nends here",
                                     2: "gradient of\nL(4)\nends here"}),
        (fr.TruncatedBPTT(2, 3), 4, {1: "gradient of\nL(3\u20134)\nends here",
                                     3: "gradient of\nL(5\u20136)\nends here"}),
    ],
)  # fmt: skip
def test_gradients_end_where_truncated_bptt_cuts(
    bptt: Any, steps: int, cuts: dict[int, str]
) -> None:
    found = graph({"bptt": bptt, "steps": steps}, recurrence="both")
    assert {one.after: one.label for one in found.cuts} == cuts
    for cut in found.cuts:
        crossed = [one for one in found.edges if "@" in one.source and crosses(one, cut.x)]
        names = {(one.kind, one.source) for one in crossed}
        assert names == {("state", f"h1@{cut.after}"), ("fed", f"f@{cut.after}")}


@pytest.mark.parametrize(("k1", "k2"), [(2, 2), (1, 2), (2, 3), (1, 4), (3, 3)])
@pytest.mark.parametrize("readout", ["every", "last"])
def test_cuts_are_where_gradients_do_end(k1: int, k2: int, readout: str) -> None:
    steps, bptt = 6, fr.TruncatedBPTT(k1, k2)
    net = build(readout=readout).double()
    x = torch.randn(1, steps, 2, dtype=torch.float64, requires_grad=True)
    y = torch.randn(1, *([steps] if readout == "every" else []), 1, dtype=torch.float64)
    found: dict[int, int] = {}
    with kernels.disabled():  # compiling them would take longer than the test
        parts = bptt.parts(net, fr.forcing.PlanBatch(x, y), None, fr.Noise())
        for number, part in enumerate(parts):
            x.grad = None
            part.loss.backward()
            assert x.grad is not None
            reached = int(x.grad[0].abs().sum(-1).nonzero().min()) if x.grad.any() else 0
            if reached:
                found[k1 * number + 1] = reached
    drawn = {first: after for after, first, _ in cuts_of(net, bptt, steps) if first <= steps}
    if readout == "last":
        assert set(drawn.values()) == set(found.values()) == ({6 - k2} if k2 < 6 else set())
    else:
        assert drawn == found


def test_the_one_loss_of_a_sequence_goes_back_from_its_end() -> None:
    found = graph({"bptt": fr.TruncatedBPTT(1, 2)}, readout="last")
    assert [one.after for one in found.cuts] == [1]
    assert graph({"bptt": fr.TruncatedBPTT(3)}, readout="last").cuts == ()


def test_shapes_are_those_of_the_network() -> None:
    net = build(cell="gru", recurrence="both", num_layers=2, residual=True, output_lags=2)
    found = lay_out(asked(net), shapes=True)
    labels = {one.parameter: one.label for one in found.edges if "@" not in one.source}

    def shape(weight: Any) -> str:
        return r"\times".join(map(str, weight.shape))

    first, second = net.layers
    assert labels["U"] == rf"$U\;\,{shape(first.weight_ih)}$"
    assert labels["W^(2)"] == rf"$W^{{(2)}}\;\,{shape(second.weight_hh)}$"
    assert labels["V"] == rf"$V\;\,{shape(net.output.weight)}$"
    assert (labels["R_1"], labels["R_2"]) == ("$R_1$", r"$R_2\;\,24\times1$")
    assert labels["s"] == r"$s\;\,1$"
    assert found.captions[-1].startswith("Numbers in a step: $x$ 2, $h$ 8, $o$ 2, $y$ 1, $f$ 1, ")
    plain = lay_out(asked(net))
    assert not any("times" in one.label for one in plain.edges)


@pytest.mark.parametrize(
    ("described", "how", "said"),
    [
        ({}, {"forcing": fr.TeacherForcing()}, "forcing feeds the output edge"),
        ({"recurrence": "both"}, {"forcing": fr.TeacherForcing}, "forcing must be a policy"),
        ({}, {"bptt": fr.FullBPTT}, "bptt must be a variant"),
        ({}, {"bptt": 3}, "bptt must be a variant, got 3"),
        ({"bidirectional": True}, {"bptt": fr.TruncatedBPTT(2)}, "cuts are of one direction"),
        ({}, {"steps": 0}, "steps must be a whole number from 1 to 12, got 0"),
        ({}, {"steps": 13}, "steps must be a whole number from 1 to 12, got 13"),
        ({}, {"progress": 2.0}, "progress must be a finite number from 0 to 1"),
    ],
)
def test_what_has_no_place_is_refused(
    described: dict[str, Any], how: dict[str, Any], said: str
) -> None:
    with pytest.raises(fr.ArgumentError, match=said):
        fr.draw(build(**described), **how)


def crosses(edge: Edge, x: float) -> bool:
    return min(at for at, _ in edge.path) < x < max(at for at, _ in edge.path)
