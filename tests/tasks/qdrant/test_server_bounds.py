"""A strict server: fields are indexed before they are filtered on, and every request keeps to the collection's bounds."""

import uuid

import numpy as np
import pytest
from qdrant_client import models
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_KINDS, open_server

from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate
from tasks.qdrant.server_bounds import Bounds

STRICT = models.StrictModeConfig(
    enabled=True,
    unindexed_filtering_retrieve=False,
    unindexed_filtering_update=False,
    max_query_limit=100,
    upsert_max_batchsize=50,
    filter_max_conditions=40,
    condition_max_size=60,
    search_allow_exact=False,
    read_rate_limit=100_000,
    write_rate_limit=100_000,
)
CELL = SparseVector(np.array([7], np.int32), np.array([1.0], np.float32))
NEW = SparseVector(np.array([8], np.int32), np.array([1.0], np.float32))
N = 430


def name(i):
    return str(uuid.UUID(int=i))


@pytest.fixture(params=SERVER_KINDS)
def points(request):
    with open_server(request.param) as store:
        sparse = {"minicoil": models.SparseVectorParams(modifier=models.Modifier.IDF)}
        store._client.create_collection(
            "docs", vectors_config={}, sparse_vectors_config=sparse, strict_mode_config=STRICT, shard_number=2
        )
        rows = [
            Point(name(i), {"text": f"text {i}", "n": i % 3, "tag": [f"t{i}"]}, {"minicoil": CELL}) for i in range(N)
        ]
        store.upsert("docs", rows)
        yield store


def test_bounds_are_read_from_the_collections_settings(points):
    bounds = points._bounds("docs")
    assert (bounds.n_points, bounds.n_listed, bounds.n_values, bounds.n_conditions) == (50, 100, 60, 40)
    assert not (bounds.exact or bounds.reads_unindexed or bounds.writes_unindexed)
    assert bounds.n_shards == 2 and bounds.n_certain == 50


def test_fields_without_an_index_are_looked_at_here(points):
    where = PointFilter(not_equal={"n": 1})
    expected = {name(i) for i in range(N) if i % 3 != 1}
    assert {p.id for page in points.scroll("docs", where, payload=False) for p in page} == expected
    assert points.count("docs", where) == len(expected)
    assert points.count("docs", PointFilter(missing=["absent"])) == N
    assert points.count("docs", PointFilter(any_of={"tag": ["t5", "t9"]})) == 2
    assert points.find("docs", "minicoil", [7], where) == expected


def test_fields_with_an_index_are_looked_at_there(points):
    points.index_fields("docs", CollectionSchema(integer=("n",), keyword=("tag",)))
    assert points._divide("docs", PointFilter(equal={"n": 1}))[1] is None
    assert points.count("docs", PointFilter(equal={"n": 1})) == sum(i % 3 == 1 for i in range(N))
    many = [f"t{i}" for i in range(200)]  # more than one condition may hold
    assert points.count("docs", PointFilter(any_of={"tag": many})) == 200


def test_every_point_is_found_and_none_twice_whatever_the_limits(points):
    assert points.find("docs", "minicoil", [7]) == {name(i) for i in range(N)}
    pages = [p.id for page in points.scroll("docs", page=5000) for p in page]
    assert len(pages) == len(set(pages)) == N


def test_a_guard_on_a_field_without_an_index_is_kept_by_fresh_looks(points):
    points.set_payload("docs", [name(3)], {"text": "changed"})
    points.delete("docs", [name(4)])
    empty = SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32))
    updates = [
        VectorUpdate(name(i), {"minicoil": empty if i == 6 else NEW}, {"text": f"text {i}"}) for i in range(0, 120)
    ]
    written = points.write_vectors("docs", updates, {"mc_release": 2})
    assert set(written) == {name(i) for i in range(120)} - {name(3), name(4)}
    found = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    assert {i for i, p in found.items() if p.payload.get("mc_release") == 2} == set(written)
    assert found[name(3)].vectors["minicoil"].indices.tolist() == [7]
    assert "minicoil" not in found[name(6)].vectors


def test_without_strict_mode_requests_are_as_large_as_they_should_be():
    with QdrantDouble() as double, open_server("double", double) as store:
        store.ensure("docs", CollectionSchema(sparse=("minicoil",)))
        assert store._bounds("docs") == Bounds()


def test_a_rate_limit_is_never_asked_for_more_than_it_can_ever_give():
    with QdrantDouble() as double, open_server("double", double) as store:
        strict = models.StrictModeConfig(enabled=True, write_rate_limit=60, read_rate_limit=30)
        store._client.create_collection("docs", vectors_config={}, strict_mode_config=strict)
        assert (store._bounds("docs").n_points, store._bounds("docs").n_looked_up) == (30, 30)
