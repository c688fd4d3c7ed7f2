"""A collection's shape changed where it stands, over every kind of engine, and points with payload of their own."""

import os
import signal
import uuid
from itertools import count

import numpy as np
import pytest
from qdrant_places import KINDS, SERVER_KINDS, SERVER_URL, open_kind, open_server

from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate
from tasks.qdrant import open_points, server_optimising

SCHEMA = CollectionSchema(dense={"role": 3}, keyword=("tag",))


def sparse(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def name_of(number):
    return str(uuid.UUID(int=number))


@pytest.fixture(autouse=True)
def _without_waiting_for_a_doubles_optimiser(monkeypatch):
    """It rests always; a real server's is looked at a few times more."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.05 if SERVER_URL else 0.0)


@pytest.fixture(params=KINDS)
def points(request, tmp_path):
    with open_kind(request.param, tmp_path) as store:
        fill(store)
        yield store


def fill(store):
    store.ensure("docs", SCHEMA)
    rows = [
        Point(name_of(i), {"text": f"pod {i}", "tag": "a"}, {"role": np.array([1, 0, i], np.float32)})
        for i in range(1, 4)
    ]
    store.upsert("docs", rows)


def write(store, number, text, cell=7):
    update = VectorUpdate(
        name_of(number),
        {"minicoil": sparse((cell, 1.0))},
        {"text": text},
        {"mc_keys": ["pod"], "mc_hash": f"h{number}"},
    )
    return store.write_vectors("docs", [update], {"mc_release": 3})


def payload_of(store, number):
    (point,) = store.get("docs", [name_of(number)])
    return dict(point.payload)


def test_vectors_are_added_filled_searched_and_taken_away_again(points):
    assert points.takes_new_vectors
    before = {p.id: p for p in points.get("docs", [name_of(i) for i in range(1, 4)], vectors=True)}
    for _ in range(2):  # twice is once
        points.add_vectors("docs", ("minicoil", "bm25"))
    shape = points.describe("docs")
    assert dict(shape.sparse) == {"minicoil": True, "bm25": True} and dict(shape.dense) == {"role": 3}
    assert write(points, 1, "pod 1") == [name_of(1)]
    assert [hit.id for hit in points.search("docs", "minicoil", sparse((7, 1.0)), 5)] == [name_of(1)]
    for _ in range(2):
        points.remove_vectors("docs", ("minicoil", "bm25"))
    points.remove_payload("docs", [name_of(i) for i in range(1, 5)], ["mc_keys", "mc_hash", "mc_release"])
    assert not points.describe("docs").sparse
    after = {p.id: p for p in points.get("docs", [name_of(i) for i in range(1, 4)], vectors=True)}
    for i, point in before.items():
        assert after[i].payload == point.payload and after[i].vectors.keys() == {"role"}
        assert after[i].vectors["role"].tolist() == point.vectors["role"].tolist()


def test_each_point_gets_its_own_payload_with_the_stamp_or_nothing(points):
    points.add_vectors("docs", ["minicoil"])
    updates = [
        VectorUpdate(
            name_of(i), {"minicoil": sparse((i, 1.0))}, {"text": f"pod {i}" if i != 2 else "other"}, {"mc_hash": str(i)}
        )
        for i in (1, 2, 3, 9)
    ]
    assert sorted(points.write_vectors("docs", updates, {"mc_release": 3})) == [name_of(1), name_of(3)]
    assert payload_of(points, 1) == {"text": "pod 1", "tag": "a", "mc_hash": "1", "mc_release": 3}
    assert payload_of(points, 2) == {"text": "pod 2", "tag": "a"}
    assert payload_of(points, 3)["mc_hash"] == "3"


def test_a_text_without_cells_still_gets_its_payload(points):
    points.add_vectors("docs", ["minicoil"])
    update = VectorUpdate(name_of(1), {"minicoil": sparse()}, {"text": "pod 1"}, {"mc_hash": "1"})
    assert points.write_vectors("docs", [update], {"mc_release": 3}) == [name_of(1)]
    assert payload_of(points, 1)["mc_hash"] == "1"


def test_payload_indexes_are_dropped_and_the_payload_stays(points):
    points.index_fields("docs", CollectionSchema(keyword=("mc_hash",), integer=("mc_release",)))
    points.set_payload("docs", [name_of(1)], {"mc_release": 4})
    for _ in range(2):
        points.remove_indexes("docs", ["mc_hash", "mc_release", "never"])
    assert set(points.describe("docs").indexed) == {"tag"}
    assert points.count("docs", PointFilter(equal={"mc_release": 4})) == 1


def test_an_embedded_collection_opens_again_with_the_shape_it_was_given(tmp_path):
    with open_points(tmp_path) as points:
        fill(points)
        points.add_vectors("docs", ["minicoil"])
        write(points, 1, "pod 1")
        os.kill(int((tmp_path / "engine" / "owner.lock").read_text()), signal.SIGKILL)
        assert dict(points.describe("docs").sparse) == {"minicoil": True}
        assert [hit.id for hit in points.search("docs", "minicoil", sparse((7, 1.0)), 5)] == [name_of(1)]
        points.remove_vectors("docs", ["minicoil"])
        os.kill(int((tmp_path / "engine" / "owner.lock").read_text()), signal.SIGKILL)
        assert not points.describe("docs").sparse and points.count("docs") == 3


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_whole_point_written_between_vectors_and_payload_is_not_taken_for_done(kind, monkeypatch):
    """The same text again, without our vector: the guard by text holds, and the point must stay due."""
    from tasks.qdrant import server_writing

    with open_server(kind) as points:
        fill(points)
        points.add_vectors("docs", ["minicoil"])
        post, numbers = server_writing.GuardedWriter._post, count()

        def one_by_one(self, steps):
            for step in steps:
                if next(numbers) == 1:  # of all requests: a strict server has the payload set by one of its own
                    points.upsert("docs", [Point(name_of(1), {"text": "pod 1"}, {"role": np.ones(3, np.float32)})])
                post(self, [step])

        monkeypatch.setattr(server_writing.GuardedWriter, "_post", one_by_one)
        assert write(points, 1, "pod 1") == []
        assert payload_of(points, 1) == {"text": "pod 1"}
