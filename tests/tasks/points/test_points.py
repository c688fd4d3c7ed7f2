"""One suite over both engines: the embedded one through its owner process, and Qdrant's client in local mode."""

import os
import signal
import uuid
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, open_points
from tasks.points.embedded import EmbeddedPoints
from tasks.points.owner import socket_path
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


def owner_of(home: Path) -> int:
    return int((home / "engine" / "owner.lock").read_text())


def test_a_killed_owner_is_replaced_and_nothing_acknowledged_is_lost(tmp_path):
    with EmbeddedPoints(tmp_path) as store:
        store.ensure("docs", SCHEMA)
        for number in range(1, 60):
            store.upsert("docs", [make(number, "pod", (7, 1.0))])
        killed = owner_of(tmp_path)
        os.kill(killed, signal.SIGKILL)
        assert store.count("docs") == 59
        assert owner_of(tmp_path) != killed
        assert store.search("docs", "minicoil", sparse((7, 1.0)), 1)


def test_two_clients_share_one_owner(tmp_path):
    with EmbeddedPoints(tmp_path) as one, EmbeddedPoints(tmp_path) as other:
        one.ensure("docs", SCHEMA)
        first = owner_of(tmp_path)
        other.upsert("docs", [make(1, "pod", (7, 1.0))])
        assert one.count("docs") == 1
        assert owner_of(tmp_path) == first


def test_a_home_with_a_long_path_works(tmp_path):
    home = tmp_path / ("x" * 60) / ("y" * 60)
    assert len(str(socket_path(home))) < 104
    with EmbeddedPoints(home) as store:
        store.ensure("docs", SCHEMA)
        assert store.names() == ["docs"]


def test_an_existing_collection_of_another_shape_is_refused(tmp_path):
    with EmbeddedPoints(tmp_path) as store:
        store.ensure("docs", SCHEMA)
        with pytest.raises(CollectionError, match="another shape"):
            store.ensure("docs", CollectionSchema(sparse=("other",)))
