"""Records become what qdrant-client sends, and come back from what it was sent, whoever made the collection."""

import uuid
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from qdrant_client import models

from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionShape, Point, PointFilter
from tasks.qdrant.server_models import from_model, plain_id, to_fields, to_filter, to_model, to_shape


def row(vector, payload=None, id=1):
    return SimpleNamespace(id=id, payload=payload, vector=vector)


def test_a_sparse_vector_of_anybody_comes_back_as_it_went():
    vector = SparseVector(np.array([7, 2**31 - 1], np.int32), np.array([-2.0, 0.5], np.float32))
    sent = to_model(vector)
    assert (sent.indices, sent.values) == ([7, 2**31 - 1], [-2.0, 0.5])
    back = from_model(row({"words": sent})).vectors["words"]
    assert (back.indices.tolist(), back.values.tolist()) == ([7, 2**31 - 1], [-2.0, 0.5])
    others = from_model(row({"words": models.SparseVector(indices=[2**32 - 1], values=[1.0])})).vectors["words"]
    assert others.indices.tolist() == [2**32 - 1]  # of other people's hashes


def test_an_unnamed_vector_is_named_by_nothing():
    point = from_model(row([1.0, 0.0], {"a": 1}, uuid.UUID(int=5)))
    assert point.id == str(uuid.UUID(int=5)) and point.vectors[""].tolist() == [1.0, 0.0]
    assert point.vectors[""].dtype == np.float32 and point.payload == {"a": 1}
    for empty in (None, {}, []):
        assert from_model(row(empty)) == Point(1, {}, {})


def test_ids_are_numbers_or_the_text_of_a_uuid():
    assert (plain_id(7), plain_id(uuid.UUID(int=7))) == (7, str(uuid.UUID(int=7)))


def test_payload_is_asked_for_whole_or_by_fields():
    assert (to_fields(True), to_fields(False), to_fields(("a",)), to_fields(())) == (True, False, ["a"], [])


def info(vectors, sparse=None, shards=None, schema=()):
    params = SimpleNamespace(vectors=vectors, sparse_vectors=sparse, shard_number=shards)
    optimizer = SimpleNamespace(deleted_threshold=0.3, vacuum_min_vector_number=77)
    config = SimpleNamespace(params=params, optimizer_config=optimizer)
    return SimpleNamespace(config=config, payload_schema=dict.fromkeys(schema))


def test_the_shape_of_anybodys_collection_is_read_from_what_the_server_says():
    dot = models.VectorParams(size=4, distance=models.Distance.DOT)
    cosine = models.VectorParams(size=2, distance=models.Distance.COSINE)
    sparse = {"a": models.SparseVectorParams(modifier=models.Modifier.IDF), "b": models.SparseVectorParams()}
    assert to_shape(info({"d": dot, "c": cosine}, sparse, 3, ("n", "t"))) == CollectionShape(
        {"d": 4, "c": 2}, {"a": True, "b": False}, ("n", "t"), 3, 0.3, 77, ("c",)
    )
    assert to_shape(info(cosine)) == CollectionShape({"": 2}, {}, (), 1, 0.3, 77, ("",))
    assert to_shape(info(None)).dense == {}


def test_no_condition_is_no_filter():
    assert to_filter(None) is to_filter(PointFilter()) is to_filter(PointFilter(slice=(0, 2)), with_slice=False) is None


def test_every_condition_is_sent():
    where = PointFilter(
        any_of={"tag": ["x"]},
        text_any={"text": ["pod", "node"]},
        equal={"n": 1},
        not_equal={"m": 2},
        missing=["gone"],
        ids=[5, "u"],
        slice=(1, 3),
        has="words",
        lacks="role",
    )
    sent = to_filter(where).model_dump(exclude_none=True)
    assert sent == {
        "must": [
            {"key": "tag", "match": {"any": ["x"]}},
            {"key": "text", "match": {"text_any": "pod node"}},
            {"key": "n", "match": {"value": 1}},
            {"is_empty": {"key": "gone"}},
            {"has_id": [5, "u"]},
            {"has_vector": "words"},
            {"slice": {"total": 3, "index": 1}},
        ],
        "must_not": [{"key": "m", "match": {"value": 2}}, {"has_vector": "role"}],
    }


@given(st.lists(st.integers(0, 50)), st.integers(1, 7))
def test_more_values_than_a_condition_may_hold_are_divided_and_none_is_lost(values, n_values):
    for where in (PointFilter(any_of={"n": values}), PointFilter(ids=values)):
        (condition,) = to_filter(where, n_values=n_values).must
        parts = condition.should if isinstance(condition, models.Filter) else [condition]
        held = [part.has_id if isinstance(part, models.HasIdCondition) else part.match.any for part in parts]
        assert [value for some in held for value in some] == values
        assert all(len(some) <= n_values for some in held) and len(held) == max(1, -(-len(values) // n_values))


@pytest.mark.parametrize("where", [PointFilter(not_equal={"m": 2}), PointFilter(lacks="role")])
def test_what_must_not_be_is_a_filter_by_itself(where):
    sent = to_filter(where)
    assert sent.must is None and len(sent.must_not) == 1
