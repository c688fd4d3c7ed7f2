"""Guarded writes to a server: nothing is taken as written that is not, and nothing is left out in silence."""

import uuid
from dataclasses import replace

import numpy as np
import pytest
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_KINDS, open_server

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, VectorUpdate
from tasks.qdrant.server_bounds import Bounds, sized_batches
from tasks.qdrant.server_writing import GuardedWriter, guard_json, n_guarded

SCHEMA = CollectionSchema(sparse=("minicoil", "bm25"), keyword=("mc_hash",), integer=("mc_release",))
OLD, NEW = (SparseVector(np.array([cell], np.int32), np.array([1.0], np.float32)) for cell in (7, 8))
NONE = SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32))


def name(i):
    return str(uuid.UUID(int=i))


def make(i, text="pods"):
    return Point(name(i), {"text": text, "mc_hash": f"h{i}", "mc_release": 1}, {"minicoil": OLD, "bm25": OLD})


def update(i, **vectors):
    return VectorUpdate(name(i), vectors or {"minicoil": NEW}, {"mc_hash": f"h{i}"})


def cells(points, field="minicoil"):
    found = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    return {i: p.vectors[field].indices.tolist() if field in p.vectors else None for i, p in found.items()}


def stamps(points):
    return {p.id: p.payload.get("mc_release") for page in points.scroll("docs") for p in page}


@pytest.fixture(params=SERVER_KINDS)
def points(request):
    with open_server(request.param) as store:
        store.ensure("docs", SCHEMA)
        store.upsert("docs", [make(i) for i in range(256)])
        yield store


def test_of_256_points_one_of_which_is_deleted_meanwhile_255_are_written_and_that_is_said(points):
    points.delete("docs", [name(100)])
    written = points.write_vectors("docs", [update(i) for i in range(256)], {"mc_release": 2})
    assert len(written) == 255 and name(100) not in written
    assert set(map(tuple, cells(points).values())) == {(8,)} and set(stamps(points).values()) == {2}


def test_a_point_whose_text_has_changed_is_neither_written_nor_stamped_nor_counted(points):
    points.set_payload("docs", [name(5)], {"mc_hash": "other"})
    written = points.write_vectors("docs", [update(i) for i in range(256)], {"mc_release": 2})
    assert len(written) == 255 and name(5) not in written
    assert cells(points)[name(5)] == [7] and stamps(points)[name(5)] == 1


def test_a_text_of_stopwords_alone_gets_its_stamp_and_loses_its_cells(points):
    updates = [update(0, minicoil=NONE, bm25=NONE), update(1, minicoil=NEW, bm25=NONE), update(2)]
    assert len(points.write_vectors("docs", updates, {"mc_release": 2})) == 3
    assert [cells(points)[name(i)] for i in range(3)] == [None, [8], [8]]
    assert [cells(points, "bm25")[name(i)] for i in range(3)] == [None, None, [7]]
    assert [stamps(points)[name(i)] for i in range(4)] == [2, 2, 2, 1]


def test_points_without_a_guard_are_written_whole(points):
    points.delete("docs", [name(3)])
    written = points.write_vectors("docs", [replace(update(i), unchanged={}) for i in range(256)])
    assert len(written) == 255 and set(map(tuple, cells(points).values())) == {(8,)}


def test_indices_of_other_people_go_up_to_two_to_the_32(points):
    wide = SparseVector(np.array([5, 2**32 - 1], np.uint32), np.ones(2, np.float32))
    points.upsert("docs", [Point(name(300), {}, {"minicoil": wide})])
    (found,) = points.get("docs", [name(300)], vectors=True)
    assert sorted(found.vectors["minicoil"].indices.tolist()) == [5, 2**32 - 1]
    assert points.find("docs", "minicoil", [2**32 - 1]) == {name(300)}


def test_texts_of_more_than_a_request_takes_are_written_in_several(points):
    rows = [make(i, "x" * 200_000) for i in range(256)]
    points.upsert("docs", rows)
    assert points.count("docs") == 256
    assert len(points.write_vectors("docs", [update(i) for i in range(256)], {"mc_release": 2})) == 256


def test_text_that_is_not_unicode_is_refused_before_anything_is_written(points):
    with pytest.raises(CollectionError, match="not valid in JSON"):
        points.upsert("docs", [make(400), make(401, "\ud800")])
    assert points.count("docs") == 256


def test_points_that_go_at_every_write_are_followed_until_the_rest_is_written():
    gone = iter(range(0, 256, 60))
    with QdrantDouble() as double, open_server("double", double) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", [make(i) for i in range(256)])
        (there,) = double.collections

        def hook(method, path, body):
            if path.endswith("points/batch") and (i := next(gone, None)) is not None:
                double.ask("POST", f"/collections/{there}/points/delete", {"points": [name(i)]})

        double.before(hook)
        written = points.write_vectors("docs", [update(i) for i in range(256)], {"mc_release": 2})
        assert len(written) == 251
        assert set(map(tuple, cells(points).values())) == {(8,)} and set(stamps(points).values()) == {2}


def test_a_look_that_never_agrees_with_the_writes_is_given_up_with_a_clear_error():
    def post(method, path, body):
        raise CollectionError("gone", status=404)

    writer = GuardedWriter(post, lambda ids, fields: [Point(i, {}) for i in ids], True, True)
    with pytest.raises(EngineUnavailableError, match="went and came"):
        writer.write([update(1)], {"mc_release": 2})


def test_a_guarded_write_takes_two_requests():
    with QdrantDouble() as double, open_server("double", double) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", [make(i) for i in range(256)])
        points.write_vectors("docs", [update(0)], {"mc_release": 1})  # whatever is asked once
        before = len(double.requests)
        points.write_vectors("docs", [update(i) for i in range(256)], {"mc_release": 2})
        assert len(double.requests) - before == 2


def test_a_guard_is_cut_to_what_a_filter_may_hold():
    updates = [update(i) for i in range(300)]
    assert n_guarded(Bounds(), updates) == 256
    assert n_guarded(Bounds(n_conditions=100), updates) == 50
    assert guard_json(updates[:1]) == {
        "should": [{"must": [{"has_id": [name(0)]}, {"key": "mc_hash", "match": {"value": "h0"}}]}]
    }


def test_batches_end_at_their_number_and_at_their_bytes():
    assert [len(part) for part in sized_batches([(i, 10) for i in range(600)], 256)] == [256, 256, 88]
    assert [len(part) for part in sized_batches([(i, 9 << 20) for i in range(3)], 256)] == [1, 1, 1]
    assert list(sized_batches([], 256)) == []
