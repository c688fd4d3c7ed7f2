"""The graph that computes only the tokens asked for: the same numbers, and never those of another encoder."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.files.layout import BundleLayout
from minicoil.folder.rows_graph import keep_rows
from minicoil.sparse.model import MiniCoil

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
TEXTS = [f"pods and nodes number {i} " + "kernel of a matrix " * (i % 7) for i in range(40)]


@pytest.fixture
def layout(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "model")
    return BundleLayout(tmp_path / "model")


def whole_graph_fails(*_given):
    raise AssertionError("every token was computed")


@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_are_those_of_the_whole_graph(layout, threads, monkeypatch):
    model = MiniCoil.load(layout.folder)
    texts = model.tokenizer.tokenize(TEXTS)
    pieces = [np.arange(len(text.ids))[i % 3 :: 2] for i, text in enumerate(texts)]
    whole = TokenEncoder(layout.encoder, threads)
    encoder = TokenEncoder(layout.encoder, threads, tokens_per_batch=64, rows_path=layout.rows)
    assert encoder.width == whole.width
    expected = {}
    for batch in whole.encode(texts):
        for row, place in enumerate(batch.places.tolist()):
            expected[place] = batch.embeddings[row, pieces[place]]
    monkeypatch.setattr(encoder, "_forward", whole_graph_fails)
    seen = []
    for part in encoder.encode_pieces(texts, pieces):
        wanted = np.concatenate([expected[place] for place in part.places.tolist()])
        np.testing.assert_allclose(part.embeddings, wanted, atol=2e-6)
        seen += part.places.tolist()
    assert sorted(seen) == list(range(len(TEXTS)))


def test_a_model_uses_it_and_dense_vectors_come_from_the_whole_graph(layout, monkeypatch):
    model = MiniCoil.load(layout.folder, threads=1)
    hybrid = list(model.embed_hybrid(TEXTS))  # before: it opens the whole graph
    monkeypatch.setattr(model.encoder, "_forward", whole_graph_fails)
    for one, other in zip(model.embed(TEXTS), hybrid, strict=True):
        assert np.array_equal(one.indices, other.sparse.indices)
        np.testing.assert_allclose(one.values, other.sparse.values, atol=2e-6)
    with pytest.raises(AssertionError, match="every token"):
        list(model.embed_hybrid(TEXTS))


@pytest.mark.parametrize("how", ["missing", "damaged", "of another encoder"])
def test_without_it_the_whole_graph_does(layout, how, caplog):
    expected = [vector.values for vector in MiniCoil.load(layout.folder).embed(TEXTS)]
    if how == "missing":
        layout.rows.unlink()
    elif how == "damaged":
        layout.rows.write_bytes(layout.rows.read_bytes()[:-200])
    else:  # equal weights elsewhere in the file: read by the old places they would be noise
        model = onnx.load(str(layout.encoder))
        model.doc_string = "moved " * 1000
        tensors = sorted(model.graph.initializer, key=lambda tensor: tensor.name, reverse=True)
        del model.graph.initializer[:]
        model.graph.initializer.extend(tensors)
        onnx.save(model, str(layout.encoder))
    for vector, wanted in zip(MiniCoil.load(layout.folder).embed(TEXTS), expected, strict=True):
        np.testing.assert_allclose(vector.values, wanted, atol=2e-6)
    said = {"missing": "", "damaged": "cannot be used", "of another encoder": "was made of another encoder"}[how]
    assert said in caplog.text and bool(caplog.text) == bool(said)


def encoder_ending_in(nodes, weights):
    """Embedding of 2 numbers a token, then `nodes` from "tokens" to "out"."""
    table = numpy_helper.from_array(np.arange(20, dtype=np.float32).reshape(10, 2), "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["tokens"]), *nodes],
        "encoder",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", "sequence", 2])],
        [table, *(numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in weights.items())],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


MATRIX, node = {"matrix": np.eye(2) * 2}, helper.make_node


@pytest.mark.parametrize(
    "nodes, weights",
    [
        ([node("Softmax", ["tokens"], ["out"], axis=1)], {}),  # across tokens
        ([node("MatMul", ["tokens", "matrix"], ["x"]), node("Softmax", ["x"], ["out"], axis=1)], MATRIX),
        ([node("Add", ["tokens", "bias"], ["out"])], {"bias": np.ones(2)}),  # nothing is saved
        ([node("LayerNormalization", ["tokens", "bias"], ["out"], axis=1)], {"bias": np.ones((3, 2))}),
        ([node("MatMul", ["tokens", "matrix"], ["x"]), node("Add", ["x", "grid"], ["out"])],
         {**MATRIX, "grid": np.ones((1, 3, 2))}),  # a number for every place in the text
    ],
)  # fmt: skip
def test_an_end_that_is_not_known_to_look_at_one_token_is_left_alone(nodes, weights):
    assert keep_rows(encoder_ending_in(nodes, weights), 2) is None


def test_what_other_steps_read_too_is_computed_for_all_tokens():
    nodes = [
        node("MatMul", ["tokens", "matrix"], ["x"]),
        node("ReduceMax", ["x"], ["most"], axes=[1], keepdims=0),  # all tokens
        node("Unsqueeze", ["most", "one"], ["most_of_text"]),
        node("Expand", ["most_of_text", "shape"], ["spread"]),
        node("Shape", ["x"], ["shape"]),
        node("MatMul", ["x", "matrix"], ["y"]),
        node("Add", ["y", "spread"], ["out"]),
    ]
    nodes = [nodes[0], nodes[1], nodes[2], nodes[4], nodes[3], nodes[5], nodes[6]]
    model = encoder_ending_in(nodes, MATRIX)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "one"))
    kept = keep_rows(model, 2)
    import onnxruntime as ort

    ids = np.array([[1, 2, 3], [4, 5, 6]])
    (whole,) = ort.InferenceSession(model.SerializeToString()).run(None, {"input_ids": ids})
    (rows,) = ort.InferenceSession(kept.SerializeToString()).run(None, {"input_ids": ids, "minicoil_rows": [1, 5]})
    np.testing.assert_allclose(rows[0], whole.reshape(-1, 2)[[1, 5]])
