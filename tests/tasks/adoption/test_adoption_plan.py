"""A plan says what adopting would add, from a sample of the points, and refuses before anything is written."""

import re

import numpy as np
import pytest

from minicoil.errors import CollectionError, UsageError
from tasks.adoption.adoption_plan import AdoptRequest, make_plan
from tasks.catalogue.adoption import ADDED_INDEXES
from tasks.catalogue.registry import list_collections
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.points.embedded import EmbeddedPoints

REQUEST = AdoptRequest("docs", "production", "{body}", avg_len=None)


@pytest.fixture(scope="module")
def home(tiny_encoder, tmp_path_factory):
    """A home before any release, whose empty model is made once."""
    return Place.at(tmp_path_factory.mktemp("home")), str(tiny_encoder)


@pytest.fixture(scope="module")
def engine(home):
    with home[0].points() as points:
        yield points


@pytest.fixture
def plan(home, engine):
    """A function that plans for a collection of some points and shape."""
    place, encoder = home

    def make(rows, schema=None, **changes):
        if engine.exists("docs"):
            engine.drop("docs")
        engine.ensure("docs", schema or CollectionSchema(dense={"dense": 2}))
        engine.upsert("docs", [Point(i, payload, {}) for i, payload in enumerate(rows)])
        request = {**vars(REQUEST), "encoder": encoder, **changes}
        before = engine.describe("docs")
        try:
            return make_plan(place, engine, "docs", AdoptRequest(**request))
        finally:
            assert engine.describe("docs") == before and list_collections(place.objects()) == []

    return make


ROWS = [{"body": "a pod on a node"}] * 3 + [{"body": "pods"}] * 3


def test_a_plan_has_the_record_as_it_will_be_and_the_lengths_of_the_texts(plan):
    found = plan([*ROWS, {"other": 1}])
    assert len(found.texts) == 6 and (found.found.n_without_text, found.lengths.n_texts) == (1, 7)
    assert found.found.without_text == ["point 6 has no body in its payload"]
    record = found.record
    assert record.avg_len == found.lengths.mean > 1 and (record.release, record.language) == (0, "en")
    assert record.adopted.vectors == ("minicoil", "bm25") and record.adopted.state == "filling"
    assert set(record.adopted.indexes) == {*ADDED_INDEXES.keyword, *ADDED_INDEXES.integer}
    assert plan(ROWS, avg_len=44.0).record.avg_len == 44.0


def test_indexes_that_the_owner_has_are_not_among_what_is_added(plan):
    schema = CollectionSchema(dense={"dense": 2}, keyword=("mc_keys", "shop"))
    assert "mc_keys" not in plan(ROWS, schema).record.adopted.indexes


@pytest.mark.parametrize(
    ("sparse", "changes", "vectors"),
    [
        ((), {"plain": False}, ("minicoil",)),
        (("bm25",), {}, ("minicoil", "mc_bm25")),
        (("minicoil",), {"vector": "mine"}, ("mine", "bm25")),
        (("bm25", "mc_bm25"), {"plain": False}, ("minicoil",)),
    ],
)
def test_a_name_that_the_owner_has_is_left_to_it(plan, sparse, changes, vectors):
    found = plan(ROWS, CollectionSchema(dense={"dense": 2}, sparse=sparse), **changes)
    assert found.record.adopted.vectors == vectors
    assert (found.record.vector, found.record.bm25_vector) == (vectors[0], vectors[1] if len(vectors) > 1 else None)


def test_an_empty_collection_is_adopted_before_its_first_point(plan):
    found = plan([])
    assert found.texts == [] and found.record.avg_len == 1.0 and found.lengths.n_texts == 0


@pytest.mark.parametrize(
    ("rows", "sparse", "changes", "error", "message"),
    [
        (ROWS, (), {"text": None}, UsageError, "say where texts are: --text '{title} {body}' over payload fields"),
        (
            ROWS,
            ("minicoil",),
            {"text": "{title}\n{body}"},
            CollectionError,
            "collection 'docs' has a vector 'minicoil'; if miniCOIL made it: `minicoil attach docs --vector minicoil "
            "--text '{title}\\n{body}'`; else give another name with --vector, or make a copy: `minicoil rebuild docs "
            "docs-2 --text '{title}\\n{body}'`",
        ),
        (
            ROWS,
            ("bm25", "mc_bm25"),
            {},
            CollectionError,
            "collection 'docs' has vectors 'bm25' and 'mc_bm25' already; leave plain BM25 out with --no-bm25",
        ),
        (
            [{"title": "x", "n": 1}] * 6,
            (),
            {},
            CollectionError,
            "collection 'docs': none of 6 points sampled has text (point 0 has no body in its payload); payload fields "
            "there: n, title; name them in --text",
        ),
        (
            [*ROWS, {"body": "x", "mc_keys": ["x"], "mc_hash": "h"}],
            (),
            {},
            CollectionError,
            "collection 'docs' carries mc_hash, mc_keys in its payload: another service keeps it or its record is gone; "
            "use that service's object store, restore the record, or remove the fields",
        ),
    ],
)
def test_what_speaks_against_it_is_told_whole(plan, rows, sparse, changes, error, message):
    with pytest.raises(error) as caught:
        plan(rows, CollectionSchema(dense={"dense": 2}, sparse=sparse), **changes)
    assert re.sub(r"point \d", "point 0", str(caught.value)) == message


def test_an_engine_that_takes_no_new_vectors_is_told_with_the_way_round(plan, monkeypatch):
    monkeypatch.setattr(EmbeddedPoints, "takes_new_vectors", False)
    with pytest.raises(CollectionError) as caught:
        plan(ROWS)
    assert str(caught.value) == (
        "collection 'docs': this Qdrant server adds no vectors to a collection that is there; 1.18 does: upgrade it, or "
        "make a copy: `minicoil rebuild docs docs-2 --text '{body}'`"
    )


@pytest.mark.parametrize("wrong", [{"k": 0}, {"b": 1.1}, {"avg_len": np.nan}, {"dims": 0}])
def test_numbers_that_are_none_are_refused_when_the_request_is_made(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        AdoptRequest("docs", "production", "{body}", **wrong)
