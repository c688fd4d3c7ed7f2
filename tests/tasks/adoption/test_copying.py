"""A copy has what is its owner's to the bit, and vectors that this service makes anew."""

import numpy as np
import pytest
from collection_records import make_record

from minicoil.sparse.cells import SparseVector
from minicoil.sparse.model import MiniCoil
from tasks.adoption.copying import Copier, owned_payload, owned_vectors, same_vectors
from tasks.catalogue.adoption import ADDED_FIELDS
from tasks.collections.texts import TextTemplate
from tasks.place import Place
from tasks.points import CollectionSchema, Point


def test_equal_to_the_bit_but_for_the_length_that_an_engine_sets():
    left, right = np.array([0.6, 0.8], np.float32), np.array([0.6000001, 0.8], np.float32)
    assert same_vectors({"a": left}, {"a": right}, cosine=("a",)) and not same_vectors({"a": left}, {"a": right})
    assert not same_vectors({"a": left}, {})
    one, other = (
        SparseVector(np.array([3, 1]), np.array([1, 2], np.float32)),
        SparseVector(np.array([1, 3]), np.array([2, 1], np.float32)),
    )
    assert same_vectors({"s": one}, {"s": other})
    empty = SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32))
    assert same_vectors({"s": empty}, {}) and not same_vectors({"s": one}, {"s": empty})


def test_what_this_service_put_there_is_not_the_owners():
    sparse = SparseVector(np.array([1], np.int32), np.array([1], np.float32))
    point = Point(1, {"body": "x", **dict.fromkeys(ADDED_FIELDS, 1), "mc_source": "s"}, {"a": sparse, "b": sparse})
    assert owned_payload(point) == {"body": "x", "mc_source": "s"}
    assert list(owned_vectors(point, {"b", "absent"})) == ["a"] and list(owned_vectors(point, ())) == ["a", "b"]


def test_vectors_of_another_kind_length_or_value_are_others():
    dense = np.array([1, 2], np.float32)
    sparse = SparseVector(np.array([0, 1], np.int32), dense)
    for other in (sparse, dense[:1], np.array([1, 2.0000002], np.float32), np.array([1, np.nan], np.float32)):
        assert not same_vectors({"a": dense}, {"a": other})
    assert not same_vectors({"a": sparse}, {"a": SparseVector(np.array([0, 2], np.int32), dense)})
    assert not same_vectors({"a": dense}, {"b": dense}) and same_vectors({"a": dense}, {"a": dense.copy()})


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Place.at(tmp_path_factory.mktemp("home")).points() as points:
        yield points


@pytest.fixture
def copier(engine, releases):
    """A collection of six points, one without text, that an earlier service gave vectors "old"; and an empty copy."""
    for name in {"theirs", "copy"} & {*engine.names()}:
        engine.drop(name)
    engine.ensure("theirs", CollectionSchema(dense={"dense": 2}, sparse=("old",)))
    old = SparseVector(np.array([5], np.int32), np.array([1], np.float32))
    for i in range(6):
        payload = {"body": f"pods and nodes {i}"} if i else {"other": 1}
        engine.upsert("theirs", [Point(i, payload, {"dense": np.array([0.6, 0.8], np.float32), "old": old})])
    engine.create_like("copy", "theirs", ["old"], ["minicoil", "bm25"])
    record = make_record("copy", text="{body}", release=1)
    return Copier(
        engine,
        "theirs",
        record,
        TextTemplate("{body}"),
        MiniCoil.load(releases.parent / "model-1"),
        (),
        {"old"},
        cosine={"dense"},
    )


def rows(engine, name):
    return {p.id: p for page in engine.scroll(name, vectors=True) for p in page}


def test_a_pass_copies_all_and_the_next_one_none_and_points_without_text_are_named(engine, copier):
    found = copier.copy_pass()
    assert (found.n_written, found.n_without_text) == (6, 1)
    assert found.without_text == ["point 0 has no body in its payload"]
    copies = rows(engine, "copy")
    for i, point in rows(engine, "theirs").items():
        assert owned_payload(copies[i]) == point.payload
        np.testing.assert_allclose(copies[i].vectors["dense"], point.vectors["dense"], atol=1e-6)
        assert set(copies[i].vectors) == ({"dense", "minicoil", "bm25"} if i else {"dense"})
    assert {p.payload.get("mc_release") for i, p in copies.items() if i} == {1}
    assert copier.copy_pass().n_written == 0


def test_what_changed_in_any_way_is_copied_again_and_nothing_else(engine, copier):
    copier.copy_pass()
    engine.set_payload("theirs", [1], {"body": "another text"})
    engine.set_payload("theirs", [2], {"shop": "s"})
    engine.upsert("theirs", [Point(3, {"body": "pods and nodes 3"}, {"dense": np.array([0.8, 0.6], np.float32)})])
    engine.set_payload("theirs", [0], {"body": "text at last"})
    engine.delete("copy", [4])
    found = copier.copy_pass()
    assert (found.n_written, found.n_without_text) == (5, 0)
    copies = rows(engine, "copy")
    assert copies[2].payload["shop"] == "s" and "minicoil" in copies[0].vectors
    assert copier.copy_pass().n_written == 0


def test_what_the_source_lost_goes_and_only_that(engine, copier):
    copier.copy_pass()
    engine.delete("theirs", [2, 3])
    assert copier.delete_gone() == 2 and set(rows(engine, "copy")) == {0, 1, 4, 5}
    assert copier.delete_gone() == 0
