"""Embeddings are of one kind where nothing but the text can make two of them differ."""

from types import SimpleNamespace

import pytest
from onnx import TensorProto, helper

from minicoil.files.layout import BundleLayout
from minicoil.sparse.embedding_kind import graph_digest, kind_of


def graph(name="g", **metadata):
    node = helper.make_node("Identity", ["x"], ["y"])
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, ["n"]) for end in "xy"]
    model = helper.make_model(helper.make_graph([node], name, ends[:1], ends[1:]))
    helper.set_model_props(model, metadata)
    return model


@pytest.fixture
def layout(tmp_path):
    """A folder of files that decide an embedding; of one encoder, whose weights nobody reads here."""
    layout = BundleLayout(tmp_path / "one")
    layout.encoder.parent.mkdir(parents=True)
    for path in (layout.encoder, layout.tokenizer, layout.special_tokens):
        path.write_text("{}")
    layout.rows.write_bytes(graph(release="1").SerializeToString())
    layout.facts.write_text('{"language": "en"}')
    return layout


ENCODER = SimpleNamespace(computes_rows=True, on_gpu=False)


def test_what_a_graph_says_of_its_release_is_not_part_of_it(tmp_path):
    digests = []
    for number, model in enumerate((graph(), graph(release="1"), graph(release="2", channel="b"), graph("other"))):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(model.SerializeToString())
        digests.append(graph_digest(path))
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_fields_of_fixed_size_that_models_have_not_are_read_past(tmp_path):
    path = tmp_path / "a.onnx"
    fixed = b"\x09" + bytes(8) + b"\x0d" + bytes(4)  # field 1 of 64 bits and of 32
    whole = graph(release="1").SerializeToString()
    path.write_bytes(fixed + whole)
    one = graph_digest(path)
    path.write_bytes(fixed + graph().SerializeToString())
    assert graph_digest(path) == one
    path.write_bytes(whole[:-1])  # cut short: another digest, and an end
    assert graph_digest(path) != one


def test_layers_vocabulary_and_card_take_no_part(layout):
    before = kind_of(layout, ENCODER)
    for path in (layout.stack, layout.vocabulary, layout.card, layout.head, layout.fused):
        path.write_text("another release")
    layout.rows.write_bytes(graph(release="2").SerializeToString())
    layout.facts.write_text('{"language": "en", "encoder": "named otherwise"}')
    assert kind_of(layout, ENCODER) == before and len(before) == 32


def test_whatever_decides_a_number_of_an_embedding_makes_another_kind(layout):
    kinds = {kind_of(layout, ENCODER)}
    kinds.add(kind_of(layout, SimpleNamespace(computes_rows=False, on_gpu=False)))
    kinds.add(kind_of(layout, SimpleNamespace(computes_rows=True, on_gpu=True)))
    for path in (layout.encoder, layout.tokenizer, layout.special_tokens):
        path.write_text('{"changed": 1}')
        kinds.add(kind_of(layout, ENCODER))
    layout.rows.write_bytes(graph("other").SerializeToString())
    kinds.add(kind_of(layout, ENCODER))
    layout.facts.write_text('{"language": "de"}')
    kinds.add(kind_of(layout, ENCODER))
    assert len(kinds) == 8
