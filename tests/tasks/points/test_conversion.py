"""Records go into Edge and come out of it as they were, and its filters mean what ours say."""

import uuid

import numpy as np
import pytest
import qdrant_edge as edge

from minicoil.sparse.cells import SparseVector
from tasks.points.conversion import from_edge, indexed_fields, plain_id, to_edge, to_fields, to_filter, to_index
from tasks.points.engine import EdgeEngine
from tasks.points.records import CollectionSchema, Point, PointFilter

SCHEMA = CollectionSchema(dense={"role": 2}, sparse=("words",), keyword=("tag",), integer=("n",), text=("text",))
UUID = str(uuid.UUID(int=9))


def sparse(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Four points: by number and by UUID, with each kind of vector and without."""
    engine = EdgeEngine(tmp_path_factory.mktemp("engine"))
    engine.ensure("docs", SCHEMA)
    rows = [
        Point(1, {"n": 1, "tag": "a", "text": "Pods on nodes"}, {"words": sparse((7, 1.0)), "role": np.array([0, 1])}),
        Point(2, {"n": 2, "tag": ["a", "b"], "text": "kernel"}, {"words": sparse((7, -2.0), (2**31 - 1, 0.5))}),
        Point(3, {"n": 3, "tag": []}, {"role": np.array([1, 0])}),
        Point(UUID, {"n": 4, "meta": {"title": "Pods"}}),
    ]
    engine.upsert("docs", [Point(p.id, p.payload, {k: as_float(v) for k, v in p.vectors.items()}) for p in rows])
    yield engine
    engine.close()


def as_float(vector):
    return vector if isinstance(vector, SparseVector) else vector.astype(np.float32)


def found(engine, where):
    return {point.id for point in engine.page("docs", where, False, False, None, 10)[0]}


def test_points_come_out_as_they_went_in(engine):
    points, _ = engine.get("docs", [1, 2, 3, UUID], vectors=True)
    by_id = {point.id: point for point in points}
    assert set(by_id) == {1, 2, 3, UUID}
    two = by_id[2].vectors["words"]
    assert two.indices.tolist() == [7, 2**31 - 1] and two.values.tolist() == [-2.0, 0.5]
    assert two.indices.dtype == np.int32 and two.values.dtype == np.float32
    assert by_id[1].vectors["role"].dtype == np.float32 and by_id[1].vectors["role"].tolist() == [0, 1]
    assert by_id[UUID].payload == {"n": 4, "meta": {"title": "Pods"}} and by_id[UUID].vectors == {}
    assert engine.get("docs", [1], payload=False)[0][0].payload == {}
    assert engine.get("docs", [1], payload=["n"])[0][0].payload == {"n": 1}


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (None, {1, 2, 3, UUID}),
        (PointFilter(), {1, 2, 3, UUID}),
        (PointFilter(any_of={"tag": ["b", "c"]}), {2}),
        (PointFilter(any_of={"tag": ["a"], "n": [2, 3]}), {2}),
        (PointFilter(text_any={"text": ["pods", "kernel"]}), {1, 2}),
        (PointFilter(equal={"n": 3}), {3}),
        (PointFilter(equal={"meta.title": "Pods"}), {UUID}),
        (PointFilter(not_equal={"tag": "a"}), {3, UUID}),
        (PointFilter(missing=["tag"]), {3, UUID}),
        (PointFilter(missing=["tag", "meta"]), {3}),
        (PointFilter(ids=[1, UUID, 99]), {1, UUID}),
        (PointFilter(ids=[]), set()),
        (PointFilter(has="words"), {1, 2}),
        (PointFilter(lacks="words"), {3, UUID}),
        (PointFilter(has="role", lacks="words"), {3}),
        (PointFilter(any_of={"tag": []}), set()),
    ],
)
def test_a_filter_finds_what_its_conditions_say(engine, where, ids):
    assert found(engine, where) == ids
    if where is not None and not where.text_any and where.ids is None and where.has is where.lacks is None:
        points, _ = engine.get("docs", [1, 2, 3, UUID])
        assert {point.id for point in points if where.holds(point.payload)} == ids  # and as it says of itself


def test_slices_are_disjoint_parts_of_everything(engine):
    parts = [found(engine, PointFilter(slice=(k, 2))) for k in range(2)]
    assert parts[0] | parts[1] == {1, 2, 3, UUID} and not parts[0] & parts[1]


def test_no_filter_is_none_at_all():
    assert to_filter(None) is None


def test_ids_are_numbers_or_the_text_of_a_uuid():
    assert plain_id(7) == 7 and plain_id(uuid.UUID(UUID)) == UUID and plain_id(UUID) == UUID


def test_fields_are_indexed_once_by_their_kind():
    schema = CollectionSchema(keyword=("a", "b"), integer=("n",), text=("t",))
    assert indexed_fields(schema) == [("a", "keyword"), ("b", "keyword"), ("n", "integer"), ("t", "text")]
    assert indexed_fields(CollectionSchema()) == []
    kinds = [to_index(kind) for kind in ("keyword", "integer")]
    assert kinds == [edge.PayloadSchemaType.Keyword, edge.PayloadSchemaType.Integer]
    assert isinstance(to_index("text"), edge.TextIndexParams)


def test_payload_is_asked_for_whole_or_by_fields():
    assert (to_fields(True), to_fields(False), to_fields(("a", "b"))) == (True, False, ["a", "b"])


def test_a_record_without_vectors_and_payload_is_a_point():
    class Record:
        id, payload, vector = 4, None, None

    assert from_edge(Record()) == Point(4, {}, {})
    assert to_edge(np.array([1, 0], np.float32)) == [1.0, 0.0]
