"""One suite over every kind of engine: embedded through its owner process, a server's double, and the server that is named."""

import os
import signal
import uuid

import numpy as np
import pytest
from qdrant_places import KINDS, SERVER_KINDS, open_kind, open_server

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, id_order
from tasks.points.embedded import EmbeddedPoints
from tasks.qdrant.server import ServerPoints

SCHEMA = CollectionSchema(
    dense={"role": 3}, sparse=("minicoil",), keyword=("keys", "mc_hash"), integer=("n",), text=("text",)
)


def sparse(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def make(number, text, *pairs):
    vectors = {"minicoil": sparse(*pairs), "role": np.array([1, 0, number], np.float32)}
    payload = {"text": text, "keys": text.split(), "n": number, "mc_hash": f"h{number}"}
    return Point(str(uuid.UUID(int=number)), payload, vectors)


@pytest.fixture(params=KINDS)
def points(request, tmp_path):
    with open_kind(request.param, tmp_path) as store:
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


def test_a_scroll_may_start_at_any_id(points):
    points.upsert("docs", [Point(7, {}, {}), Point(4, {}, {})])
    every = [row.id for page in points.scroll("docs", page=2) for row in page]
    assert every == sorted(every, key=id_order) and every[:2] == [4, 7] and len(every) == 5
    for place, first in enumerate(every):
        assert [row.id for page in points.scroll("docs", page=2, start=first) for row in page] == every[place:]
    assert [row.id for page in points.scroll("docs", start=5) for row in page] == every[1:]


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
        VectorUpdate(one, {"minicoil": sparse((5, 1.0))}, {"mc_hash": "h1"}),
        VectorUpdate(two, {"minicoil": sparse((5, 1.0))}, {"mc_hash": "old"}),
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
    updates = [VectorUpdate(names[0], {"minicoil": sparse((5, 1.0))}, {"mc_hash": "h1"})]
    updates += [VectorUpdate(names[1], {"minicoil": sparse((5, 1.0))}, {"mc_hash": "old"})]
    points.write_vectors("docs", updates, stamp={"stamp": 4})
    first, second = sorted(points.get("docs", names), key=lambda p: p.id)
    assert first.payload["stamp"] == 4 and first.payload["n"] == 1
    assert "stamp" not in second.payload


def test_guarded_and_unguarded_updates_go_together(points):
    one, two = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    updates = [
        VectorUpdate(one, {"minicoil": sparse((5, 1.0))}, {"mc_hash": "h1"}),
        VectorUpdate(two, {"minicoil": sparse((5, 2.0))}),
    ]
    assert sorted(points.write_vectors("docs", updates)) == [one, two]
    assert all(p.vectors["minicoil"].indices.tolist() == [5] for p in points.get("docs", [one, two], vectors=True))


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_text_that_becomes_another_ones_of_the_same_batch_is_left_alone(kind):
    one, two = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    with open_server(kind) as store:
        store.ensure("docs", SCHEMA)
        store.upsert("docs", [make(1, "pod", (7, 1.0)), make(2, "node", (9, 1.0))])
        updates = [
            VectorUpdate(i, {"minicoil": sparse((5, 1.0))}, {"mc_hash": h}) for i, h in ((one, "h1"), (two, "h2"))
        ]
        store.set_payload("docs", [one], {"mc_hash": "h2"})
        assert store.write_vectors("docs", updates, stamp={"stamp": 4}) == [two]
        first, second = sorted(store.get("docs", [one, two], vectors=True), key=lambda p: p.id)
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


def test_points_are_found_by_their_cells_whatever_the_sign_and_sum(points):
    signed = [
        make(4, "minus", (21, -1.0)),
        make(5, "cancels", (21, 0.5), (22, -0.5)),
        make(6, "late", (22, 1.0)),
    ]
    points.upsert("docs", signed)
    numbers = {uuid.UUID(i).int for i in points.find("docs", "minicoil", [21, 22])}
    assert numbers == {4, 5, 6}
    where = PointFilter(not_equal={"n": 6})
    assert {uuid.UUID(i).int for i in points.find("docs", "minicoil", [21, 22], where)} == {4, 5}
    assert points.find("docs", "minicoil", [99]) == set() and points.find("docs", "minicoil", []) == set()
    many = [*range(1000, 1200), 21]
    assert {uuid.UUID(i).int for i in points.find("docs", "minicoil", many)} == {4, 5}


def test_slices_are_disjoint_and_cover_the_collection(points):
    points.upsert("docs", [make(i, "pod", (7, 1.0)) for i in range(4, 60)])
    parts = [{i for page in points.scroll("docs", PointFilter(slice=(k, 3))) for i in ids(page)} for k in range(3)]
    assert set().union(*parts) == set(range(1, 60)) and sum(map(len, parts)) == 59 and all(parts)
    assert points.count("docs", PointFilter(slice=(1, 3))) == len(parts[1])


def test_fields_that_are_absent_or_empty_are_found(points):
    points.upsert("docs", [Point(str(uuid.UUID(int=7)), {"n": 7, "keys": []}, {})])
    found = [i for page in points.scroll("docs", PointFilter(missing=["keys"])) for i in ids(page)]
    assert found == [7]


def test_the_shape_of_a_collection_is_told(points):
    shape = points.describe("docs")
    assert dict(shape.dense) == {"role": 3} and dict(shape.sparse) == {"minicoil": True}
    with pytest.raises(CollectionError, match="not found"):
        points.describe("nope")
    points.index_fields("docs", CollectionSchema(integer=("m",)))
    points.set_payload("docs", [str(uuid.UUID(int=1))], {"m": 4})
    assert points.count("docs", PointFilter(equal={"m": 4})) == 1


@pytest.mark.parametrize(
    "unchanged",
    [
        {"text": "pod on node", "absent": None},
        {"keys": ["pod", "on", "node"]},
        {"n": 1, "nested.x": 2.5},
        {"parts[].text": ["run", "stop"]},
    ],
)
def test_a_write_is_guarded_by_any_field_of_the_payload(points, unchanged):
    one = str(uuid.UUID(int=1))
    points.set_payload("docs", [one], {"nested": {"x": 2.5}, "parts": [{"text": "run"}, {"n": 1}, {"text": ["stop"]}]})
    update = VectorUpdate(one, {"minicoil": sparse((5, 1.0))}, unchanged)
    assert points.write_vectors("docs", [update], {"stamp": 1}) == [one]
    for field in unchanged:
        changed = VectorUpdate(one, {"minicoil": sparse((6, 1.0))}, {**unchanged, field: "other"})
        assert points.write_vectors("docs", [changed], {"stamp": 2}) == []
    (point,) = points.get("docs", [one], vectors=True)
    assert point.payload["stamp"] == 1 and point.vectors["minicoil"].indices.tolist() == [5]


def test_idf_is_counted_over_the_corpus_that_is_named(points):
    rows = [make(i, "a b", (31, 1.0)) for i in range(10, 30)] + [make(i, "c", (32, 1.0)) for i in range(30, 50)]
    points.upsert("docs", rows)
    everywhere = points.search("docs", "minicoil", sparse((31, 1.0)), 1)[0].score
    among = points.search("docs", "minicoil", sparse((31, 1.0)), 1, corpus=PointFilter(any_of={"keys": ["a"]}))[0].score
    can = not isinstance(points, ServerPoints) or points.features.idf_corpus
    assert among < everywhere / 5 if can else among == everywhere  # in the corpus every point has it
