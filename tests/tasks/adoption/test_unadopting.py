"""All that adopting added to a collection goes again, what was its owner's stays, and a kill in between costs nothing."""

import numpy as np
import pytest
from collection_records import make_record

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.adoption.unadopting import undo_adoption
from tasks.catalogue.adoption import ADDED_FIELDS, ADDED_INDEXES, Adoption
from tasks.catalogue.registry import read_collection_record, register_collection
from tasks.place import Place
from tasks.points import CollectionSchema, Point

ADDED = tuple(name for name in (*ADDED_INDEXES.keyword, *ADDED_INDEXES.integer) if name != "mc_keys")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Place.at(tmp_path_factory.mktemp("home")).points() as points:
        yield points


@pytest.fixture
def place(tmp_path):
    return Place.at(tmp_path)


@pytest.fixture
def points(engine, place):
    """Four points of an owner who indexes "mc_keys" too; three have been filled."""
    if engine.exists("docs"):
        engine.drop("docs")
    engine.ensure("docs", CollectionSchema(dense={"dense": 2}, keyword=("shop", "mc_keys")))
    engine.index_fields("docs", ADDED_INDEXES)
    engine.add_vectors("docs", ("minicoil", "bm25"))
    sparse = SparseVector(np.array([3], np.int32), np.array([1], np.float32))
    for i in range(4):
        mine = {"mc_keys": ["pod"], "mc_hash": "h", "mc_release": 1} if i else {}
        vectors = {"minicoil": sparse, "bm25": sparse} if i else {}
        engine.upsert("docs", [Point(i, {"shop": f"s{i}", **mine}, {"dense": np.array([1, i], np.float32), **vectors})])
    adopted = Adoption(state="filled", vectors=("minicoil", "bm25"), indexes=ADDED)
    register_collection(place.objects(), make_record(adopted=adopted))
    return engine


def stored(points):
    return {p.id: (p.payload, sorted(p.vectors)) for page in points.scroll("docs", vectors=True) for p in page}


ANSWER = {"collection": "docs", "vectors": ["minicoil", "bm25"], "indexes": list(ADDED)}


def test_what_was_added_goes_and_nothing_else(place, points):
    assert undo_adoption(place, points, "docs") == {**ANSWER, "dry_run": False, "n_points": 4, "n_cleared": 3}
    assert stored(points) == {i: ({"shop": f"s{i}"}, ["dense"]) for i in range(4)}
    shape = points.describe("docs")
    assert set(shape.indexed) == {"shop", "mc_keys"} and not shape.sparse  # the owner's own index stays
    assert read_collection_record(place.objects(), "docs") is None


def test_a_dry_run_counts_and_changes_nothing(place, points):
    before, shape = stored(points), points.describe("docs")
    assert undo_adoption(place, points, "docs", dry_run=True) == {
        **ANSWER,
        "dry_run": True,
        "n_points": 4,
        "n_cleared": 3,
    }
    assert stored(points) == before and points.describe("docs") == shape
    assert read_collection_record(place.objects(), "docs").adopted.state == "filled"


@pytest.mark.parametrize("step", ["remove_vectors", "remove_payload", "remove_indexes"])
def test_killed_at_any_step_it_says_that_it_is_leaving_and_the_same_call_goes_on(place, points, monkeypatch, step):
    with monkeypatch.context() as killing:
        killing.setattr(type(points), step, lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            undo_adoption(place, points, "docs")
    assert read_collection_record(place.objects(), "docs").adopted.state == "leaving"
    undo_adoption(place, points, "docs")
    assert stored(points) == {i: ({"shop": f"s{i}"}, ["dense"]) for i in range(4)}
    assert read_collection_record(place.objects(), "docs") is None


def test_of_a_collection_that_its_owner_deleted_only_the_record_goes(place, points):
    points.drop("docs")
    assert undo_adoption(place, points, "docs", dry_run=True)["n_points"] == 0
    assert read_collection_record(place.objects(), "docs") is not None
    assert undo_adoption(place, points, "docs") == {**ANSWER, "dry_run": False, "n_points": 0, "n_cleared": 0}
    assert read_collection_record(place.objects(), "docs") is None


def test_what_was_not_adopted_has_nothing_to_undo(place, points):
    register_collection(place.objects(), make_record("ours"))
    for name, how in (("absent", "is not registered"), ("ours", "was not adopted in place")):
        with pytest.raises(CollectionError) as caught:
            undo_adoption(place, points, name)
        assert str(caught.value) == f"collection '{name}' {how}: there is nothing to undo"


def test_every_field_that_this_service_writes_to_adopted_points_is_taken_off(place, points):
    points.set_payload("docs", [0], dict.fromkeys(ADDED_FIELDS, 5))
    undo_adoption(place, points, "docs")
    assert stored(points)[0] == ({"shop": "s0"}, ["dense"])
