"""A collection's shape changes where it stands; killed at any point, the same call goes on."""

import numpy as np
import pytest

from minicoil.sparse.cells import SparseVector
from tasks.points.engine import EdgeEngine
from tasks.points.records import CollectionSchema, Point, PointFilter
from tasks.points.reshaping import add_vectors, find_unlike, like, remove_indexes, remove_vectors

SCHEMA = CollectionSchema(dense={"role": 2}, sparse=("words",), keyword=("tag",), integer=("n",), text=("text",))


def vector(cell):
    return SparseVector(np.array([cell], np.int32), np.ones(1, np.float32))


@pytest.fixture
def engine(tmp_path):
    engine = EdgeEngine(tmp_path)
    engine.ensure("docs", SCHEMA)
    role = np.array([1, 0], np.float32)
    rows = [Point(i, {"tag": "a", "n": i, "text": "pods"}, {"words": vector(7), "role": role}) for i in range(3)]
    engine.upsert("docs", rows)
    yield engine
    engine.close()


def opened_again(engine, folder):
    engine.close()
    return EdgeEngine(folder)


def die(schema):
    raise InterruptedError("killed before the shape was written down")


@pytest.mark.parametrize("killed", [False, True])
def test_vectors_are_added_and_stay(engine, tmp_path, killed):
    if killed:
        with pytest.raises(InterruptedError):
            add_vectors(engine._shard("docs"), engine._schema("docs"), ["late", "words"], die)
        engine = opened_again(engine, tmp_path)
        assert engine.count("docs") == 3
        assert engine.describe("docs").sparse == {"words": True}
    engine.add_vectors("docs", ["late", "words"])
    engine.add_vectors("docs", ["late"])  # there already
    engine.upsert("docs", [Point(9, {}, {"late": vector(5)})])
    engine = opened_again(engine, tmp_path)
    assert engine.describe("docs").sparse == {"words": True, "late": True}
    assert engine.find("docs", "late", [5]) == [9] and sorted(engine.find("docs", "words", [7])) == [0, 1, 2]
    engine.close()


@pytest.mark.parametrize("killed", [False, True])
def test_vectors_that_go_are_forgotten_before_they_go(engine, tmp_path, killed):
    """Or a shard would be opened with more vectors named than it has."""
    kept = []
    with pytest.raises(AttributeError):
        remove_vectors(None, SCHEMA, ["words"], kept.append)  # ends before the shard was asked
    assert [(dict(schema.dense), schema.sparse) for schema in kept] == [({"role": 2}, ())]
    if killed:
        engine._write_schema("docs", kept[0])
        engine = opened_again(engine, tmp_path)
    engine.remove_vectors("docs", ["words"])
    engine = opened_again(engine, tmp_path)
    points, _ = engine.get("docs", [0, 1, 2], vectors=True)
    assert len(points) == 3 and all(point.vectors.keys() == {"role"} for point in points)
    assert all(point.payload["tag"] == "a" for point in points)
    engine.close()


def test_indexes_go_and_the_payload_stays(engine, tmp_path):
    for _ in range(2):  # gone already the second time
        engine.remove_indexes("docs", ["tag", "text", "absent"])
    assert engine.describe("docs").indexed == ("n",)
    engine = opened_again(engine, tmp_path)
    assert engine.describe("docs").indexed == ("n",)
    assert engine.count("docs", PointFilter(equal={"tag": "a", "n": 1})) == 1
    engine.close()


def test_an_index_is_forgotten_before_it_goes():
    kept = []
    with pytest.raises(AttributeError):
        remove_indexes(None, SCHEMA, ["tag", "n"], kept.append)
    assert [(schema.keyword, schema.integer, schema.text) for schema in kept] == [((), (), ("text",))]


def test_a_copy_has_the_shape_of_its_source_without_and_with_some_vectors():
    assert like(SCHEMA, [], []) == SCHEMA
    copy = like(SCHEMA, ["role", "words", "absent"], ["late", "late"])
    assert (dict(copy.dense), copy.sparse) == ({}, ("late",))
    assert (copy.keyword, copy.integer, copy.text) == (SCHEMA.keyword, SCHEMA.integer, SCHEMA.text)
    assert like(SCHEMA, ["words"], ["words"]).sparse == ("words",)  # made anew
    assert find_unlike(copy, SCHEMA, ["role", "words"]) == []


@pytest.mark.parametrize(
    ("copy", "lacking"),
    [
        (SCHEMA, []),
        (CollectionSchema(), ["index of 'n'", "index of 'tag'", "index of 'text'", "vector 'role'", "vector 'words'"]),
        (like(SCHEMA, [], ["more"]), []),  # more is not otherwise
        (
            CollectionSchema({"role": 3}, ("words",), ("tag", "n"), (), ("text",)),
            ["index of 'n'", "vector 'role'"],  # of another size; of another kind
        ),
    ],
)
def test_what_a_copy_lacks_or_has_otherwise_is_named(copy, lacking):
    assert find_unlike(copy, SCHEMA, []) == lacking
