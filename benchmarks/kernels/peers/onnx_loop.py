"""ONNX Runtime: the closed loop as a model with a Loop, or a session that is called every step."""

import os
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Array, Problem

__all__ = ["build"]

OPSET, IR = 17, 8


def build(problem: Problem) -> Contestant:
    """The contestant of the problem's family."""
    if problem.case.family == "session":
        return _session(problem)
    session = _open(_loop_model(problem))
    feeds = {"h": problem.data["h"], "f": problem.data["f"]}
    return Contestant(
        lambda: session.run(["path"], feeds)[0],
        lambda path: {"path": path},
        units=problem.case.T,
    )


def _session(problem: Problem) -> Contestant:
    session, steps = _open(_step_model(problem)), problem.case.T
    h, f = problem.data["h"], problem.data["f"]

    def run() -> list[Array]:
        state, out = (h, f), []
        for _ in range(steps):
            state = session.run(["h_new", "f_new"], {"h": state[0], "f": state[1]})
            out.append(state[1])
        return out

    return Contestant(run, lambda path: {"path": np.stack(path)}, units=steps)


def _step_nodes(recurrent: bool) -> list[NodeProto]:
    """h_new = tanh(b + R f + W h), f_new = c + V h_new; h is passed on unread where W = 0."""
    first = helper.make_node("Gemm", ["f", "R", "b"], ["a"])
    second = helper.make_node("Gemm", ["h", "W", "a"], ["a_all"])
    return [
        first,
        *([second] if recurrent else []),
        helper.make_node("Tanh", ["a_all" if recurrent else "a"], ["h_new"]),
        helper.make_node("Gemm", ["h_new", "V", "c"], ["f_new"]),
    ]


def _shapes(problem: Problem, names: str) -> list[Any]:
    """Value descriptions of h or f, under the names given."""
    case = problem.case
    width = {"h": case.H, "f": case.O}
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [case.B, width[name[0]]])
        for name in names.split()
    ]


def _weights(problem: Problem) -> list[TensorProto]:
    return [
        numpy_helper.from_array(np.ascontiguousarray(weight.T), name)
        for name, weight in problem.weights.items()
    ]


def _step_model(problem: Problem) -> ModelProto:
    recurrent = "W" in problem.weights
    inputs, outputs = _shapes(problem, "h f"), _shapes(problem, "h_new f_new")
    graph = helper.make_graph(
        _step_nodes(recurrent), "step", inputs, outputs, initializer=_weights(problem)
    )
    return _model(graph)


def _loop_model(problem: Problem) -> ModelProto:
    case = problem.case
    go_on = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    go_on_new = helper.make_tensor_value_info("go_on_new", TensorProto.BOOL, [])
    number = helper.make_tensor_value_info("number", TensorProto.INT64, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_new"]),
            *_step_nodes("W" in problem.weights),
            helper.make_node("Identity", ["f_new"], ["f_kept"]),
        ],
        "body",
        [number, go_on, *_shapes(problem, "h f")],
        [go_on_new, *_shapes(problem, "h_new f_new f_kept")],
    )
    loop = helper.make_node(
        "Loop", ["steps", "true", "h", "f"], ["h_last", "f_last", "path"], body=body
    )
    path = helper.make_tensor_value_info("path", TensorProto.FLOAT, [case.T, case.B, case.O])
    constants = [
        numpy_helper.from_array(np.array(case.T, np.int64), "steps"),
        numpy_helper.from_array(np.array(True), "true"),
    ]
    inputs = _shapes(problem, "h f")
    initial = _weights(problem) + constants
    return _model(helper.make_graph([loop], "loop", inputs, [path], initializer=initial))


def _model(graph: Any) -> ModelProto:
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
    checker.check_model(model)
    return model


def _open(model: ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
