"""The encoder's graph with an end that computes only the tokens asked for.

A transformer's last layer ends in steps that look at one token at a time: projection, feed-forward, normalisations. Of
its tokens only those of known words are needed, four in ten of real text; the others are left out before these steps,
which saves a twelfth of a forward pass (measured) and changes nothing that is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from minicoil.encoder import ROWS

_BY_TOKEN = {"Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Relu", "Sigmoid", "Gelu", "Identity"}


def keep_rows(encoder: onnx.ModelProto, width: int) -> onnx.ModelProto | None:
    """A graph that gives (1, N, D) embeddings of the tokens `ROWS` names; None where the encoder ends in another way.

    The first axis stays, because ONNX Runtime sums a product of two matrices in another order than one of three axes.

    Args:
        encoder: Output 0 is (B, S, D) token embeddings. Not changed.
        width: D.
    """
    model = onnx.ModelProto()
    model.CopyFrom(encoder)
    graph = model.graph
    end, entries = _end_by_token(graph)
    if not any(node.op_type == "MatMul" for node in end):  # nothing is saved
        return None
    graph.initializer.append(numpy_helper.from_array(np.array([1, -1, width], np.int64), f"{ROWS}_shape"))
    cut: list[NodeProto] = []
    for name in entries:
        cut.append(helper.make_node("Reshape", [name, f"{ROWS}_shape"], [f"{ROWS}_flat_{name}"]))
        cut.append(helper.make_node("Gather", [f"{ROWS}_flat_{name}", ROWS], [f"{ROWS}_of_{name}"], axis=1))
    last = {node.output[0] for node in end}
    before = [node for node in graph.node if node.output[0] not in last]
    for node in end:
        node.input[:] = [f"{ROWS}_of_{name}" if name in entries else name for name in node.input]
    output = helper.make_tensor_value_info(graph.output[0].name, TensorProto.FLOAT, [1, "rows", width])
    rows = helper.make_tensor_value_info(ROWS, TensorProto.INT64, ["rows"])
    made = helper.make_graph([*before, *cut, *end], "minicoil_rows", [*graph.input, rows], [output], graph.initializer)
    return helper.make_model(made, opset_imports=list(model.opset_import), ir_version=max(8, model.ir_version))


def _end_by_token(graph: onnx.GraphProto) -> tuple[list[NodeProto], list[str]]:
    """The nodes, in order, by which output 0 is made token by token, and the tensors they start from."""
    output = graph.output[0].name
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    constants = {*weights, *(node.output[0] for node in graph.node if node.op_type == "Constant")}
    readers: dict[str, list[str]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node.output[0])
    end: dict[str, NodeProto] = {}
    for node in reversed(graph.node):
        name = node.output[0]
        is_last = name == output and not readers[name]
        if (is_last or (readers[name] and end.keys() >= set(readers[name]))) and _is_by_token(node, weights):
            end[name] = node
    nodes = list(reversed(end.values()))
    return nodes, _unique(name for node in nodes for name in node.input if name not in constants and name not in end)


def _is_by_token(node: NodeProto, weights: dict[str, tuple[int, ...]]) -> bool:
    if len(node.output) != 1:
        return False
    if node.op_type == "MatMul":
        return len(weights.get(node.input[1], ())) == 2
    if node.op_type == "LayerNormalization":
        return all(attribute.i == -1 for attribute in node.attribute if attribute.name == "axis")
    return node.op_type in _BY_TOKEN and all(len(weights.get(name, ())) <= 1 for name in node.input)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
