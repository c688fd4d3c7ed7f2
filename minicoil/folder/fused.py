"""ONNX graphs of the whole model and of its word layers alone, whose weights lie in files that are there anyway."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from onnx import TensorProto, helper, version_converter

from minicoil.encoder import ENCODER_SAMPLE, sampled_digest
from minicoil.errors import BundleError
from minicoil.files import BundleLayout, read_shape
from minicoil.folder.rows_graph import keep_rows

logger = logging.getLogger(__name__)
OPSET = 17  # of the head, and of encoders exported here
INLINE_BYTES = 4096  # smaller tensors stay in the graph


def write_graphs(layout: BundleLayout, metadata: Mapping[str, str] | None = None) -> None:
    """Write `minicoil.onnx`, `minicoil_head.onnx` and `minicoil_rows.onnx`, a few hundred kilobytes each.

    A foreign encoder of an opset that neither can be raised to 17 nor takes our head goes without the fused graph, one
    whose graph ends in steps that are not known to look at one token at a time without that of rows.

    The head takes token_embeddings (B, S, D) float32, token_slot (B, S) int64 and word_ids (N,) int64, and gives
    meanings (N, d) float32: slot i is word `word_ids[i]` of one text, N and above mean "no word". The fused graph
    takes input_ids and attention_mask (B, S) int64 instead of the embeddings.

    Raises:
        BundleError: the encoder cannot be read, or the checker refuses a graph.
    """
    encoder = _encoder_with_shared_weights(layout)
    for path in (layout.fused, layout.rows):
        path.unlink(missing_ok=True)
    models = [(_head_model(layout), layout.head)]
    if encoder is not None:
        models.append((_fuse(encoder, _head_model(layout, _opset(encoder))), layout.fused))
        rows = keep_rows(encoder, read_shape(layout.stack)[1])
        models += [(rows, layout.rows)] if rows is not None else []
    for model, path in models:
        sample = {ENCODER_SAMPLE: sampled_digest(layout.encoder)} if path == layout.rows else {}
        helper.set_model_props(model, {**(metadata or {}), **sample})
        onnx.save(model, str(path))
        try:
            onnx.checker.check_model(str(path), full_check=True)  # full: with shape inference
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise BundleError(f"{path} does not pass the ONNX checker: {error}") from error


def _opset(model: onnx.ModelProto) -> int:
    return int(next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")))


def _head_model(layout: BundleLayout, opset: int = OPSET) -> onnx.ModelProto:
    rows, width, dims, offset = read_shape(layout.stack)
    layers = _external("layers", (rows, width, dims), layout.stack.name, offset, rows * width * dims * 4)
    constants: dict[str, tuple[list[int], int, list[Any]]] = {
        "zero_i": ([], TensorProto.INT64, [0]),
        "one_list": ([1], TensorProto.INT64, [1]),
        "one_i": ([], TensorProto.INT64, [1]),
        "row": ([2], TensorProto.INT64, [1, -1]),
        "matrix": ([2], TensorProto.INT64, [-1, width]),
        "one_f": ([1], TensorProto.FLOAT, [1.0]),
        "tiny": ([], TensorProto.FLOAT, [1e-8]),
        "last_axis": ([1], TensorProto.INT64, [-1]),
    }
    initializers = [helper.make_tensor(name, kind, shape, values) for name, (shape, kind, values) in constants.items()]
    node = helper.make_node
    nodes = [
        # sums per word by a 0/1 matrix: ScatterND(add), the obvious way, loses additions to a slot that several
        # threads of ONNX Runtime add to at once
        node("Reshape", ["token_slot", "row"], ["slots"]),
        node("Reshape", ["token_embeddings", "matrix"], ["pieces"]),
        node("Shape", ["word_ids"], ["n_words"]),
        node("Squeeze", ["n_words"], ["end"]),
        node("Range", ["zero_i", "end", "one_i"], ["all_slots"]),
        node("Unsqueeze", ["all_slots", "one_list"], ["slot_column"]),
        node("Equal", ["slot_column", "slots"], ["belongs"]),
        node("Cast", ["belongs"], ["membership"], to=TensorProto.FLOAT),
        node("MatMul", ["membership", "pieces"], ["sums"]),
        node("ReduceSum", ["membership", "one_list"], ["counts_column"], keepdims=1),
        node("Div", ["sums", "counts_column"], ["means"]),
        node("Unsqueeze", ["means", "one_list"], ["means_rows"]),
        node("Gather", ["layers", "word_ids"], ["word_layers"]),
        node("MatMul", ["means_rows", "word_layers"], ["outputs_rows"]),
        node("Squeeze", ["outputs_rows", "one_list"], ["outputs"]),
        node("Tanh", ["outputs"], ["bounded"]),
        node("ReduceL2", ["bounded"], ["norms"], axes=[-1], keepdims=1)
        if opset < 18  # an attribute became an input
        else node("ReduceL2", ["bounded", "last_axis"], ["norms"], keepdims=1),
        node("Less", ["norms", "tiny"], ["is_zero"]),
        node("Where", ["is_zero", "one_f", "norms"], ["divisors"]),
        node("Div", ["bounded", "divisors"], ["meanings"]),
    ]
    used = {name for entry in nodes for name in entry.input}
    graph = helper.make_graph(
        nodes,
        "minicoil_head",
        [
            helper.make_tensor_value_info("token_embeddings", TensorProto.FLOAT, ["batch", "sequence", width]),
            helper.make_tensor_value_info("token_slot", TensorProto.INT64, ["batch", "sequence"]),
            helper.make_tensor_value_info("word_ids", TensorProto.INT64, ["words"]),
        ],
        [helper.make_tensor_value_info("meanings", TensorProto.FLOAT, ["words", dims])],
        [*(tensor for tensor in initializers if tensor.name in used), layers],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _encoder_with_shared_weights(layout: BundleLayout) -> onnx.ModelProto | None:
    """The encoder's graph, its large tensors replaced by references into the encoder's own files."""
    model = read_graph(layout.encoder)
    if _opset(model) < OPSET:
        try:
            model = version_converter.convert_version(onnx.load(str(layout.encoder)), OPSET)
        except Exception as error:  # the converter raises what its C++ side happens to throw
            logger.warning("%s cannot be raised to opset %d: %s; no fused graph", layout.encoder, OPSET, error)
            return None
    location = layout.encoder.relative_to(layout.folder).as_posix()
    for tensor in model.graph.initializer:  # what lies outside the encoder's file already
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = (Path(location).parent / entry.value).as_posix()
    end = 0  # of the tensor before: they lie in order, and a search from the start would read the file once for each
    with layout.encoder.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for tensor in model.graph.initializer:
            size = len(tensor.raw_data)
            if size <= INLINE_BYTES:
                continue
            offset = content.find(tensor.raw_data, end)
            if offset < 0:
                offset = content.find(tensor.raw_data)
            if offset >= 0:
                end = offset + size
                tensor.CopyFrom(_external(tensor.name, tuple(tensor.dims), location, offset, size, tensor.data_type))
    return model


def read_graph(path: Path) -> onnx.ModelProto:
    """A graph without the data that lies in other files.

    Raises:
        BundleError: no ONNX, or it refers to a file outside its own folder.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf and onnx raise their own; all mean a damaged file
        raise BundleError(f"{path} cannot be read as ONNX: {error}; pull the release again") from error
    check_locations(model, path)
    return model


def _tensors(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Every tensor of a graph: initializers, constants of nodes, and those of graphs inside nodes."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _tensors(inner)


def check_locations(model: onnx.ModelProto, path: Path) -> None:
    """Hold every external tensor inside the folder of the graph.

    Raises:
        BundleError: one of them leads outside, where a stranger's model could make us read any file.
    """
    for tensor in _tensors(model.graph):
        for entry in tensor.external_data:
            if not isinstance(entry.value, str):  # protobuf gives bytes where they are no UTF-8
                raise BundleError(f"{path} refers to a file whose name is no text; get the model anew")
            leads_out = PurePosixPath(entry.value).is_absolute() or ".." in PurePosixPath(entry.value).parts
            if entry.key == "location" and (leads_out or set("\\:") & set(entry.value)):
                raise BundleError(
                    f"{path} refers to '{entry.value}' outside its folder; it is not loaded. Get the model anew from "
                    "someone you trust"
                )


def _external(
    name: str, shape: tuple[int, ...], location: str, offset: int, size: int, kind: int = TensorProto.FLOAT
) -> TensorProto:
    tensor = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(size))):
        tensor.external_data.add(key=key, value=value)
    return tensor


def _fuse(encoder: onnx.ModelProto, head: onnx.ModelProto) -> onnx.ModelProto:
    """One graph: the encoder's output 0 is the head's token_embeddings."""
    renamed = onnx.compose.add_prefix(head, "head_", rename_inputs=False, rename_outputs=False)
    output = encoder.graph.output[0].name
    nodes = list(encoder.graph.node)
    inputs = [entry for entry in encoder.graph.input if entry.name != "token_type_ids"]
    if len(inputs) != len(encoder.graph.input):
        # a single segment: zeros of the right shape, so that nobody has to feed them
        nodes.insert(0, helper.make_node("Sub", ["input_ids", "input_ids"], ["token_type_ids"]))
    for entry in renamed.graph.node:
        entry.input[:] = [output if name == "token_embeddings" else name for name in entry.input]
        nodes.append(entry)
    graph = helper.make_graph(
        nodes,
        "minicoil",
        [*inputs, *(entry for entry in renamed.graph.input if entry.name != "token_embeddings")],
        list(renamed.graph.output),
        [*encoder.graph.initializer, *renamed.graph.initializer],
    )
    return helper.make_model(graph, opset_imports=list(encoder.opset_import), ir_version=max(8, encoder.ir_version))
