"""An encoder of a table of random rows, a token's own and its text's mean added: real in all but sense, without torch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

WIDTH = 64


def make_plain_encoder(encoder_folder: Path, folder: Path) -> Path:
    """A model folder with tokenizer files of `encoder_folder` and an `onnx/model.onnx` of its own."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    (folder / "onnx").mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(encoder_folder / name, folder / name)
    config = {"model_type": "bert", "hidden_size": WIDTH, "max_position_embeddings": 512, "vocab_size": 30522}
    (folder / "config.json").write_text(json.dumps(config))
    table = np.random.default_rng(7).normal(size=(30522, WIDTH)).astype(np.float32)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", WIDTH])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("Cast", ["attention_mask"], ["flat_mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["flat_mask", "last"], ["mask"]),
        helper.make_node("Mul", ["tokens", "mask"], ["there"]),
        helper.make_node("ReduceSum", ["there", "second"], ["sum"]),
        helper.make_node("ReduceSum", ["mask", "second"], ["count"]),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Add", ["tokens", "mean"], ["last_hidden_state"]),
    ]
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.asarray([-1]), "last"),
        numpy_helper.from_array(np.asarray([1]), "second"),
    ]
    graph = helper.make_graph(nodes, "plain", inputs, [output], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, folder / "onnx" / "model.onnx")
    return folder
