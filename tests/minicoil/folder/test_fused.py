"""Graphs of the whole model and of its word layers: small, right on paper, and never of a file outside their folder."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from minicoil.errors import BundleError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import open_stack
from minicoil.folder.fused import check_locations, read_graph

pytestmark = pytest.mark.filterwarnings("ignore")  # of FastEmbed's and ONNX's making


def test_the_graphs_add_up_pieces_in_an_order_that_threads_cannot_disturb(bundle):
    """ScatterND(add) with several pieces in one slot loses some of them about once in a thousand runs."""
    import onnx

    for path in (BundleLayout(bundle).head, BundleLayout(bundle).fused):
        nodes = onnx.load(str(path), load_external_data=False).graph.node
        assert "ScatterND" not in {node.op_type for node in nodes}


def test_the_fused_graph_runs_from_its_folder_and_is_small(bundle):
    layout = BundleLayout(bundle)
    assert layout.fused.stat().st_size < 1_000_000 and layout.head.stat().st_size < 10_000
    inputs = {entry.name for entry in ort.InferenceSession(str(layout.fused)).get_inputs()}
    assert inputs == {"input_ids", "attention_mask", "token_slot", "word_ids"}
    import onnx

    assert not onnx.load(str(layout.fused), load_external_data=False).metadata_props


def head_meanings(layout, embeddings, slots, ids):
    """What the head graph gives for one text."""
    session = ort.InferenceSession(str(layout.head))
    given = {"token_embeddings": np.float32(embeddings), "token_slot": np.array(slots), "word_ids": np.array(ids)}
    return session.run(None, given)[0]


def test_the_head_pools_pieces_by_slot_and_applies_the_words_layer(bundle):
    layout = BundleLayout(bundle)
    stack = open_stack(layout.stack)
    rng = np.random.default_rng(1)
    embeddings = rng.normal(size=(1, 5, stack.shape[1])).astype(np.float32)
    found = head_meanings(layout, embeddings, [[2, 0, 1, 0, 2]], [3, 7])  # slot 2 of two words: no word
    for row, (pieces, word_id) in enumerate((([1, 3], 3), ([2], 7))):
        bounded = np.tanh(embeddings[0, pieces].mean(axis=0) @ stack[word_id])
        np.testing.assert_allclose(found[row], bounded / np.linalg.norm(bounded), atol=2e-6)
    zero = head_meanings(layout, embeddings, [[0] * 5], [0])  # row 0 is no word's: its layer is of zeros
    assert zero.tolist() == [[0, 0, 0, 0]]


def test_graphs_carry_what_they_are_told_of_their_release_and_no_weights(bundle):
    for path in (BundleLayout(bundle).head, BundleLayout(bundle).fused):
        graph = read_graph(path)
        assert graph.metadata_props == [] and graph.ByteSize() < 1_000_000
        outside = {e.value for t in graph.graph.initializer for e in t.external_data if e.key == "location"}
        assert outside <= {"onnx/model.onnx", "minicoil.triplet.model.npy"} and outside
    onnx.checker.check_model(str(BundleLayout(bundle).head), full_check=True)


def with_location(value, where="initializer"):
    """A graph of one tensor that lies in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=value)
    node = helper.make_node("Constant", [], ["y"])
    if where == "constant":
        node.attribute.append(helper.make_attribute("value", tensor))
    elif where == "branch":
        inner = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "then", [], [], [tensor])
        node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    graph = helper.make_graph([node], "g", [], [], [tensor] if where == "initializer" else [])
    return helper.make_model(graph)


@pytest.mark.parametrize("where", ["initializer", "constant", "branch"])
@pytest.mark.parametrize("location", ["/etc/passwd", "../secret", "onnx/../../secret", "C:secret", "..\\secret"])
def test_a_file_outside_the_folder_is_refused_wherever_a_graph_names_it(tmp_path, where, location):
    path = tmp_path / "model.onnx"
    with pytest.raises(BundleError) as caught:
        check_locations(with_location(location, where), path)
    assert str(caught.value) == (
        f"{path} refers to '{location}' outside its folder; it is not loaded. Get the model anew from someone you trust"
    )
    check_locations(with_location("onnx/model.onnx_data", where), path)


def test_a_file_that_is_no_graph_is_named(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(BundleError, match=f"^{path} cannot be read as ONNX: .*; pull the release again$"):
        read_graph(path)
    with pytest.raises(BundleError, match=f"^{tmp_path / 'none.onnx'} cannot be read as ONNX"):
        read_graph(tmp_path / "none.onnx")
