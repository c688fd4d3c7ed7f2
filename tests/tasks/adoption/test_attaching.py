"""Somebody else's collection is understood from a sample and registered, or refused by name; nothing is written to it."""

from dataclasses import replace

import pytest
from foreign_points import ATTACH, BM25, foreign_points
from qdrant_client import models
from qdrant_places import SERVER_KINDS, open_server
from small_service import serve

from minicoil.errors import CollectionError, UsageError
from tasks.adoption.attaching import attach_collection
from tasks.catalogue.registry import read_collection_record
from tasks.place import Place
from tasks.points import CollectionSchema
from tasks.rewriting.promotion import promote
from tasks.rewriting.verification import verify_collection


def test_texts_of_a_corpus_joined_by_id(place, points, texts, tmp_path):
    import json

    serve(place, 1)
    points.ensure("theirs", CollectionSchema(dense={"dense": 3}, sparse=("sparse",)))
    points.upsert("theirs", foreign_points(place, texts, 1, split=False))
    rows = (json.dumps({"_id": f"s{i}", "text": text}) for i, text in enumerate(texts))
    (tmp_path / "corpus.jsonl").write_text("\n".join(rows))
    spec = (str(tmp_path / "corpus.jsonl"),)
    answer = attach_collection(place, points, replace(ATTACH, text=None, corpus=spec, join="sku"))
    assert answer["n_matching"] == answer["n_compared"]
    assert promote(place, "production", 2)["collections"][0]["n_rewritten"] > 0
    record = read_collection_record(place.objects(), "theirs")
    assert verify_collection(place, points, record).is_sound


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"collection": "nope"}, CollectionError, "'nope' was not found; collections here: theirs"),
        ({"vector": "other"}, CollectionError, "no sparse vector 'other'; it has sparse"),
        (
            {"text": "{headline}"},
            CollectionError,
            "0 have text and vector.*no headline.*fields there: lang, meta, price",
        ),
        ({"text": "{title}"}, CollectionError, "was not made by any release.*release|empty model fits"),
        ({"text": "{meta}"}, CollectionError, "field 'meta' holds dict, text was expected"),
        ({"text": "no field"}, UsageError, "names no field"),
        ({"text": None}, UsageError, "say where texts are"),
        ({"avg_len": 40.0}, CollectionError, "are not what k=0.9, b=0.4, avg_len=40.0 give.*fitted: k=0.9"),
    ],
)
def test_a_collection_that_does_not_fit_is_refused_and_not_registered(place, foreign, change, error, message):
    with pytest.raises(error, match=message):
        attach_collection(place, foreign, replace(ATTACH, **change))
    assert read_collection_record(place.objects(), "theirs") is None


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_vector_without_idf_is_refused_with_the_way_to_set_it(place, kind):
    with open_server(kind) as server:
        server._client.create_collection(
            "theirs", vectors_config={}, sparse_vectors_config={"sparse": models.SparseVectorParams()}
        )
        with pytest.raises(CollectionError, match=r"lacks the IDF modifier.*update_collection\('theirs'"):
            attach_collection(place, server, ATTACH)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Place.at(tmp_path_factory.mktemp("engine")).points() as embedded:
        yield embedded


@pytest.fixture
def few(place, engine):
    """A function that gives an engine with the first points of a stranger's collection, made with release 1."""

    def make(texts):
        serve(place, 1)
        if engine.exists("theirs"):
            engine.drop("theirs")
        engine.ensure("theirs", CollectionSchema(dense={"dense": 3}, sparse=("sparse",)))
        engine.upsert("theirs", foreign_points(place, texts, 1))
        return engine

    return make


def test_nothing_is_written_to_it_and_the_record_says_what_was_found(place, few, texts):
    engine = few(texts[:100])
    before = [(p.id, p.payload) for page in engine.scroll("theirs") for p in page]
    answer = attach_collection(place, engine, replace(ATTACH, tenant="lang"))
    assert [(p.id, p.payload) for page in engine.scroll("theirs") for p in page] == before
    assert (answer["n_points"], answer["n_compared"], answer["release"], answer["current"]) == (100, 100, 1, 1)
    record = read_collection_record(place.objects(), "theirs")
    assert (record.attached_at, record.bm25_vector, record.text, record.tenant) == (1, None, ATTACH.text, "lang")
    assert {name: getattr(record, name) for name in BM25} == {name: answer[name] for name in BM25} == BM25
    with pytest.raises(CollectionError) as caught:
        attach_collection(place, engine, ATTACH)
    assert str(caught.value) == "collection 'theirs' is registered already; `minicoil reencode` brings it up"


def test_a_few_texts_that_changed_since_are_forgiven_and_many_are_not(place, few, texts):
    engine = few(texts[:60])
    engine.set_payload("theirs", [0, 1], {"title": "pods nodes graphs"})
    assert attach_collection(place, engine, ATTACH)["n_matching"] >= 58
    place.objects().delete("collections/theirs.json")
    engine.set_payload("theirs", list(range(12)), {"title": "pods nodes graphs"})
    with pytest.raises(
        CollectionError, match="was not made by any release of channel 'production' from these texts: 1 fits"
    ):
        attach_collection(place, engine, ATTACH)
    assert read_collection_record(place.objects(), "theirs") is None


def test_too_few_points_prove_nothing(place, few):
    with pytest.raises(CollectionError) as caught:
        attach_collection(place, few([]), ATTACH)
    assert str(caught.value) == (
        "collection 'theirs': of 0 points sampled, 0 have text and vector (no sampled point has the vector 'sparse'); "
        "payload fields there: none"
    )


@pytest.mark.parametrize("wrong", [{"k": -1.0}, {"b": 2.0}, {"avg_len": 0}])
def test_numbers_that_are_none_are_refused_when_the_request_is_made(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(ATTACH, **wrong)
