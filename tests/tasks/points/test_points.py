"""One suite over both engines: the embedded one through its owner process, and Qdrant's client in local mode."""

import os
import signal
import uuid

import numpy as np
import pytest
from qdrant_client import QdrantClient

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, open_points
from tasks.points.embedded import EmbeddedPoints
from tasks.points.server import ServerPoints

SCHEMA = CollectionSchema(
    dense={"role": 3}, sparse=("minicoil",), keyword=("keys", "mc_hash"), integer=("n",), text=("text",)
)


def sparse(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def make(number, text, *pairs):
    vectors = {"minicoil": sparse(*pairs), "role": np.array([1, 0, number], np.float32)}
    payload = {"text": text, "keys": text.split(), "n": number, "mc_hash": f"h{number}"}
    return Point(str(uuid.UUID(int=number)), payload, vectors)


pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")  # of the client's local mode


@pytest.fixture(params=["embedded", "server"])
def points(request, tmp_path):
    embedded = request.param == "embedded"
    with open_points(tmp_path) if embedded else ServerPoints(QdrantClient(":memory:")) as store:
        store.ensure("docs", SCHEMA)
        rows = [
            make(1, "pod on node", (7, 1.0)),
            make(2, "node kernel", (7, 2.0), (9, 1.0)),
            make(3, "pods", (11, 1.0)),
        ]
        store.upsert("docs", rows)
        yield store


def ids(rows):
    return sorted(uuid.UUID(row.id).int for row in rows)


def test_a_missing_collection_is_named_with_those_that_exist(points):
    with pytest.raises(CollectionError, match="'nope' was not found; collections here: docs"):
        points.search("nope", "minicoil", sparse((7, 1.0)), 3)


def test_filters_select_by_key_text_and_stamp(points):
    def found(where):
        return sorted(i for page in points.scroll("docs", where, page=2) for i in ids(page))

    assert found(None) == [1, 2, 3]
    assert found(PointFilter(any_of={"keys": ["pod", "kernel"]})) == [1, 2]
    assert found(PointFilter(not_equal={"n": 1})) == [2, 3]
    assert found(PointFilter(not_equal={"absent": 5})) == [1, 2, 3]
    assert found(PointFilter(text_any={"text": ["pods", "kernel"]})) == [2, 3]
    assert points.count("docs", PointFilter(equal={"n": 2})) == 1


def test_sampling_returns_at_most_n_matching_points_with_vectors(points):
    rows = points.sample("docs", PointFilter(any_of={"keys": ["node"]}), 5, vectors=True)
    assert ids(rows) == [1, 2]
    assert rows[0].vectors["role"].shape == (3,)


def test_search_ranks_by_dot_product_with_idf(points):
    hits = points.search("docs", "minicoil", sparse((7, 1.0)), 10)
    assert [uuid.UUID(hit.id).int for hit in hits] == [2, 1]
    assert hits[0].score == pytest.approx(2 * hits[1].score, rel=1e-5)


def test_a_guarded_write_leaves_a_point_alone_whose_text_has_changed(points):
    one, two = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    updates = [
        VectorUpdate(one, {"minicoil": sparse((5, 1.0))}, "h1"),
        VectorUpdate(two, {"minicoil": sparse((5, 1.0))}, "old"),
    ]
    assert points.write_vectors("docs", updates) == [one]
    first, second = sorted(points.get("docs", [one, two], vectors=True), key=lambda p: p.id)
    assert first.vectors["minicoil"].indices.tolist() == [5]
    assert second.vectors["minicoil"].indices.tolist() == [7, 9]
    assert first.payload["text"] == "pod on node" and "role" in first.vectors


def test_payload_is_merged_and_points_are_deleted(points):
    one = str(uuid.UUID(int=1))
    points.set_payload("docs", [one], {"stamp": 4})
    (point,) = points.get("docs", [one])
    assert point.payload["stamp"] == 4 and point.payload["n"] == 1
    points.delete("docs", [one])
    assert points.count("docs") == 2


def test_ensure_again_changes_nothing(points):
    points.ensure("docs", SCHEMA)
    assert points.count("docs") == 3


def test_a_point_deleted_meanwhile_does_not_stop_the_others(points):
    one, gone = str(uuid.UUID(int=1)), str(uuid.UUID(int=9))
    updates = [VectorUpdate(i, {"minicoil": sparse((5, 1.0))}) for i in (gone, one)]
    assert points.write_vectors("docs", updates) == [one]
    points.set_payload("docs", [gone, one], {"stamp": 4})
    assert points.get("docs", [one])[0].payload["stamp"] == 4
    assert points.count("docs") == 3


def test_a_stamp_goes_with_the_vectors_and_under_their_guard(points):
    names = [str(uuid.UUID(int=i)) for i in (1, 2)]
    updates = [VectorUpdate(names[0], {"minicoil": sparse((5, 1.0))}, "h1")]
    updates += [VectorUpdate(names[1], {"minicoil": sparse((5, 1.0))}, "old")]
    points.write_vectors("docs", updates, stamp={"stamp": 4})
    first, second = sorted(points.get("docs", names), key=lambda p: p.id)
    assert first.payload["stamp"] == 4 and first.payload["n"] == 1
    assert "stamp" not in second.payload


def test_guarded_and_unguarded_updates_go_together(points):
    one, two = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    updates = [
        VectorUpdate(one, {"minicoil": sparse((5, 1.0))}, "h1"),
        VectorUpdate(two, {"minicoil": sparse((5, 2.0))}),
    ]
    assert sorted(points.write_vectors("docs", updates)) == [one, two]
    assert all(p.vectors["minicoil"].indices.tolist() == [5] for p in points.get("docs", [one, two], vectors=True))


def test_a_text_that_changes_between_the_look_and_the_write_is_left_alone(monkeypatch):
    one, two = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    with ServerPoints(QdrantClient(":memory:")) as store:
        store.ensure("docs", SCHEMA)
        store.upsert("docs", [make(1, "pod", (7, 1.0)), make(2, "node", (9, 1.0))])
        looked, look = [], store.get

        def get_then_swap(*arguments, **options):  # the other text is one of the same batch
            found = look(*arguments, **options)
            if not looked:
                store._client.set_payload("docs", {"mc_hash": "h2"}, [one])
            looked.append(1)
            return found

        monkeypatch.setattr(store, "get", get_then_swap)
        updates = [VectorUpdate(i, {"minicoil": sparse((5, 1.0))}, h) for i, h in ((one, "h1"), (two, "h2"))]
        assert store.write_vectors("docs", updates, stamp={"stamp": 4}) == [two]
        first, second = sorted(look("docs", [one, two], vectors=True), key=lambda p: p.id)
        assert first.vectors["minicoil"].indices.tolist() == [7] and "stamp" not in first.payload
        assert second.vectors["minicoil"].indices.tolist() == [5] and second.payload["stamp"] == 4


def test_a_shape_that_contradicts_is_refused(points):
    for schema in (CollectionSchema(sparse=("other",)), CollectionSchema(dense={"role": 4}, sparse=("minicoil",))):
        with pytest.raises(CollectionError, match="another shape"):
            points.ensure("docs", schema)


def test_an_index_that_lacks_is_added(tmp_path):
    more = CollectionSchema(sparse=("minicoil",), keyword=("doc",), text=("text",))
    for _ in range(2):  # the second time by an owner that finds it so
        with EmbeddedPoints(tmp_path) as store:
            store.ensure("docs", CollectionSchema(sparse=("minicoil",), keyword=("doc",)))
            store.upsert("docs", [Point(1, {"text": "Pods on nodes", "doc": "a"})])
            store.ensure("docs", more)
            store.ensure("docs", more)
            assert store.count("docs", PointFilter(text_any={"text": ["pods"]})) == 1
            with pytest.raises(CollectionError, match="another shape"):
                store.ensure("docs", CollectionSchema(sparse=("minicoil",), text=("doc",)))
            os.kill(int((tmp_path / "engine" / "owner.lock").read_text()), signal.SIGKILL)
