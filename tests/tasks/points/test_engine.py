"""The engine in this process: collections by name and shape, pages that fit a frame, guarded writes, and damage named."""

import json

import numpy as np
import pytest

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.points import engine as engine_module, wire
from tasks.points.engine import STALE_POINTS, STALE_SHARE, EdgeEngine
from tasks.points.records import CollectionSchema, Point, PointFilter, VectorUpdate

SCHEMA = CollectionSchema(dense={"role": 2}, sparse=("words",), keyword=("tag",), text=("text",))


def cells(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def make(number, text="pods", *pairs):
    return Point(number, {"text": text, "tag": f"t{number % 2}"}, {"words": cells(*(pairs or ((7, 1.0),)))})


@pytest.fixture
def engine(tmp_path):
    engine = EdgeEngine(tmp_path / "engine")
    engine.ensure("docs", SCHEMA)
    yield engine
    engine.close()


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../docs", "a b", "ä", "x" * 101, "docs\n"])
def test_a_name_that_no_folder_may_have_is_refused(engine, name):
    assert not engine.exists(name)
    with pytest.raises(CollectionError) as said:
        engine.ensure(name, SCHEMA)
    assert str(said.value).endswith("cannot name a collection; use letters, digits, _, . and -")
    with pytest.raises(CollectionError, match="was not found; collections here: docs"):
        engine.count(name)
    assert engine.names() == ["docs"]


def test_every_operation_tells_of_a_collection_that_is_not_there(engine):
    for ask in (
        engine.drop,
        engine.describe,
        engine.count,
        engine.optimize,
        engine.purge,
        lambda name: engine.index_fields(name, SCHEMA),
        lambda name: engine.get(name, [1]),
        lambda name: engine.upsert(name, []),
        lambda name: engine.write_vectors(name, []),
        lambda name: engine.unlike("docs", name, []),
        lambda name: engine.create_like("copy", name, [], []),
    ):
        with pytest.raises(CollectionError, match=r"^collection 'nope' was not found; collections here: docs; "):
            ask("nope")
    assert engine.names() == ["docs"]


def test_a_collection_that_went_is_gone_and_may_come_again(engine):
    engine.upsert("docs", [make(1)])
    engine.drop("docs")
    assert engine.names() == [] and not engine.exists("docs")
    engine.ensure("docs", CollectionSchema(sparse=("other",)))  # with another shape, too
    assert engine.count("docs") == 0 and engine.describe("docs").sparse == {"other": True}


def test_what_a_killed_creation_left_is_cleared_away(tmp_path):
    (tmp_path / "docs" / "shard").mkdir(parents=True)
    (tmp_path / "docs" / "shard" / "half").write_bytes(b"a segment")
    engine = EdgeEngine(tmp_path)
    assert engine.names() == [] and not engine.exists("docs")
    engine.ensure("docs", SCHEMA)
    assert not (tmp_path / "docs" / "shard" / "half").exists() and engine.count("docs") == 0
    engine.close()


@pytest.mark.parametrize(
    "other",
    [
        CollectionSchema(dense={"role": 3}, sparse=("words",)),
        CollectionSchema(dense={"role": 2}),
        CollectionSchema(dense={"role": 2}, sparse=("words", "more")),
        CollectionSchema(dense={"role": 2}, sparse=("words",), integer=("tag",)),  # another kind of index
    ],
)
def test_a_shape_that_contradicts_the_one_there_is_refused_and_changes_nothing(engine, other):
    before = engine.describe("docs")
    with pytest.raises(CollectionError) as said:
        engine.ensure("docs", other)
    assert str(said.value) == (
        f"collection 'docs' has another shape: found {SCHEMA}, expected {other}; index into a new one"
    )
    assert engine.describe("docs") == before


def test_indexes_that_lack_are_added_and_known_to_the_next_who_opens(engine, tmp_path):
    engine.upsert("docs", [make(1), make(2)])
    engine.ensure("docs", CollectionSchema(dense={"role": 2}, sparse=("words",), integer=("n",)))
    engine.index_fields("docs", CollectionSchema(sparse=("not", "looked", "at"), keyword=("more",)))
    engine.close()
    again = EdgeEngine(tmp_path / "engine")
    shape = again.describe("docs")
    assert shape.indexed == ("tag", "more", "n", "text") and shape.n_shards == 1 and shape.cosine == ("role",)
    assert (shape.stale_share, shape.stale_points) == (STALE_SHARE, STALE_POINTS)
    assert again.count("docs", PointFilter(equal={"tag": "t1"})) == 1
    again.close()


def test_a_page_ends_where_a_frame_is_full_and_the_next_one_goes_on_there(engine, monkeypatch):
    engine.upsert("docs", [make(number, "x" * 1000) for number in range(200)])
    monkeypatch.setattr(wire, "FRAME_BYTES", 10_500)
    found, offset, sizes = [], None, []
    while True:
        points, offset = engine.page("docs", None, True, False, offset, 50)
        found += [point.id for point in points]
        sizes.append(len(points))
        if offset is None:
            break
    assert found == list(range(200)) and max(sizes) == 10
    points, n_asked = engine.get("docs", list(range(200)))
    assert len(points) == n_asked == engine_module._RETRIEVE  # whole lookups: the first one fills a frame
    points, n_asked = engine.get("docs", [300, 301])
    assert (points, n_asked) == ([], 2)


def test_points_are_found_by_their_cells_each_once(engine):
    engine.upsert("docs", [make(1, "a", (7, 1.0), (8, -1.0)), make(2, "b", (8, 2.0)), make(3, "c", (9, 1.0))])
    found = engine.find("docs", "words", [7, 8])
    assert sorted(found) == [1, 2] and len(found) == len(set(found))
    assert engine.find("docs", "words", [7, 8], PointFilter(not_equal={"tag": "t0"})) == [1]
    assert engine.find("docs", "words", []) == engine.find("docs", "words", [77]) == []
    engine.delete("docs", [1, 2, 3])
    assert engine.find("docs", "words", [7, 8]) == []  # of an empty collection nothing is asked


def test_a_guarded_write_takes_vectors_stamp_and_own_payload_together_or_not_at_all(engine):
    engine.upsert("docs", [make(1, "pods"), make(2, "nodes"), make(3, "kernel")])
    new = {"words": cells((5, 1.0))}
    updates = [
        VectorUpdate(1, new, {"text": "pods"}, {"own": 1, "stamp": "overruled"}),
        VectorUpdate(2, new, {"text": "changed meanwhile"}, {"own": 2}),
        VectorUpdate(3, new),
        VectorUpdate(99, new),
    ]
    assert engine.write_vectors("docs", updates, {"stamp": 4}) == [1, 3]
    points, _ = engine.get("docs", [1, 2, 3, 99], vectors=True)
    one, two, three = sorted(points, key=lambda point: point.id)
    assert one.payload == {"text": "pods", "tag": "t1", "own": 1, "stamp": 4}
    assert two.payload == {"text": "nodes", "tag": "t0"} and two.vectors["words"].indices.tolist() == [7]
    assert three.payload["stamp"] == 4 and three.vectors["words"].indices.tolist() == [5]


def test_ids_that_are_gone_refuse_nothing(engine):
    engine.upsert("docs", [make(1)])
    engine.set_payload("docs", [1, 99], {"stamp": 4})
    engine.remove_payload("docs", [99, 1], ["tag", "absent"])
    engine.delete("docs", [98, 99])
    points, _ = engine.get("docs", [1])
    assert points[0].payload == {"text": "pods", "stamp": 4}


def test_a_sample_is_of_points_that_match_and_no_more_than_there_are(engine):
    engine.upsert("docs", [make(number) for number in range(20)])
    odd = PointFilter(any_of={"tag": ["t1"]})
    assert sorted(engine.sample("docs", odd, 50)) == list(range(1, 20, 2))
    drawn = engine.sample("docs", odd, 4)
    assert len(set(drawn)) == 4 and set(drawn) <= set(range(1, 20, 2))


@pytest.mark.parametrize("damage", ["shard", "config"])
def test_a_shard_that_does_not_open_is_named_and_the_others_go_on(engine, tmp_path, damage):
    engine.ensure("other", SCHEMA)
    engine.close()
    folder = tmp_path / "engine" / "docs"
    (folder / "shard").rename(folder / "away")
    if damage == "config":
        (folder / "shard").mkdir()
        (folder / "shard" / "edge_config.json").write_text("{")
    again = EdgeEngine(tmp_path / "engine")
    with pytest.raises(CollectionError) as said:
        again.count("docs")
    assert str(said.value).startswith("the shard of collection 'docs' does not open (")
    assert str(said.value).endswith(
        "): it is damaged, or another version of the engine wrote it; "
        f"restore {folder} from a copy, or remove that folder and index the corpus anew"
    )
    assert again.count("other") == 0 and again.names() == ["docs", "other"]
    again.close()


def test_the_shape_is_kept_as_a_document_that_others_can_read(engine, tmp_path):
    kept = json.loads((tmp_path / "engine" / "docs" / "schema.json").read_text())
    assert CollectionSchema(**kept) == SCHEMA
