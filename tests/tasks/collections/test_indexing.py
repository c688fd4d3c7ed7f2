"""Documents become points that can be found, guarded and read, once each, and a corpus that is wrong costs none of them."""

import random
from dataclasses import replace

import pytest
from collection_records import make_record
from small_service import index, serve

from minicoil.errors import CollectionError, UsageError
from tasks.catalogue.payload_fields import (
    HASH_FIELD,
    JOINED_FIELD,
    KEYS_FIELD,
    SOURCE_FIELD,
    STAMP_FIELD,
    SYMBOLS_FIELD,
    UNION_FIELD,
)
from tasks.catalogue.registry import register_collection
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace, document, text_hash
from tasks.place import Place
from tasks.points import CollectionSchema

WORDS = ["pod", "kernel", "river", "garden", "letter", "engine", "bread", "paper", "window", "morning"]


def test_documents_that_left_the_corpus_are_deleted_on_demand_but_never_most_of_them(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:40])
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)

    def feed(some):
        documents = (document(f"d{i}", "", text) for i, text in enumerate(some))
        return index_documents(place, points, request, documents, CorpusReport(), delete_missing=True)

    with pytest.raises(CollectionError, match="30 of 40 points of 'docs' are not in this corpus"):
        feed(texts[:10])
    answer = feed(texts[:35])
    assert (answer["n_deleted"], answer["n_points"], answer["n_written"]) == (5, 35, 0)


def text(n_words, number):
    return " ".join(random.Random(number).choices(WORDS, k=n_words - 1)) + f" x{number}"


def test_indexing_reads_the_corpus_once_and_says_how_sure_it_is(tmp_path, tiny_encoder):
    place, taken = Place.at(tmp_path / "home"), []

    def documents(texts):
        for number, entry in enumerate(texts):
            taken.append(number)
            yield document(f"d{number}", "A title" if number % 2 else "", entry)

    def index(texts, name="docs", avg_len=None):
        request = IndexRequest(name, "production", str(tiny_encoder), 4, 1.2, 0.75, avg_len)
        return index_documents(place, points, request, documents(texts), CorpusReport())

    texts = [text(3, i) for i in range(300)] + [text(23, i) for i in range(300, 400)]
    with place.points() as points:
        answer = index(texts)
        assert taken == list(range(400)) and answer["n_written"] == 400
        assert answer["avg_len"] == answer["lengths"]["mean"] == pytest.approx(8 + 0.5, abs=0.6)  # "title" is a word
        assert answer["lengths"]["n_texts"] == answer["lengths"]["n_sampled"] == 400
        assert answer["lengths"]["standard_error"] == 0.0 and answer["lengths"]["standard_deviation"] > 8
        again = index([*texts, text(90, 999)])
        assert again["avg_len"] == answer["avg_len"] and again["lengths"] is None and again["n_written"] == 1
        assert index(texts, "given", 33.0)["lengths"] is None
        assert index(texts[::-1], "turned")["avg_len"] == answer["avg_len"]
    assert list(place.work.iterdir()) == []  # the spool had no name


def test_a_corpus_that_cannot_be_read_to_its_end_leaves_no_collection(tmp_path, tiny_encoder):
    def documents():
        yield document("a", "", "a pod")
        raise OSError("the disk went away")

    place = Place.at(tmp_path / "home")
    request = IndexRequest("docs", "production", str(tiny_encoder), 4, 1.2, 0.75, None)
    with place.points() as points:
        with pytest.raises(OSError, match="went away"):
            index_documents(place, points, request, documents(), CorpusReport())
        assert not points.exists("docs") and list(place.objects().list("collections/")) == []


@pytest.fixture
def embedded(place):
    """The engine of a home whose channel serves release 1."""
    serve(place, 1)
    with place.points() as points:
        yield points


def put(place, points, rows, name="docs", report=None, **changes):
    request = IndexRequest(name, "production", "minilm", 4, 1.2, 0.75, changes.pop("avg_len", 6.0), **changes)
    return index_documents(place, points, request, iter(rows), report or CorpusReport())


def test_a_point_carries_what_finds_guards_and_shows_it(place, embedded):
    entry = document("d1", "Of pods", "lock\u2122 and running nodes", "d1", RowPlace("/corpus/a.jsonl", "a.jsonl", "a"))
    answer = put(place, embedded, [entry])
    assert (answer["release"], answer["n_points"], answer["avg_len"], answer["lengths"]) == (1, 1, 6.0, None)
    (point,) = (p for page in embedded.scroll("docs", vectors=True) for p in page)
    payload = point.payload
    assert (payload["text"], payload["doc"], payload["title"]) == (entry.text, "d1", "Of pods")
    assert payload[HASH_FIELD] == text_hash(entry.text) and payload[SOURCE_FIELD] == "/corpus/a.jsonl"
    assert (payload[STAMP_FIELD], payload[UNION_FIELD]) == (1, -1)
    assert {"pods", "pod", "running", "run", "nodes", "node"} <= set(payload[KEYS_FIELD])
    assert payload[SYMBOLS_FIELD] == ["lock\u2122"] and "lock" in payload[JOINED_FIELD]
    assert set(point.vectors) == {"minicoil", "bm25"} and point.id == entry.id
    plain = put(place, embedded, [document("d2", "", "plain words")])
    assert plain["n_points"] == 2
    (other,) = embedded.get("docs", [document("d2", "", "plain words").id])
    assert not {SYMBOLS_FIELD, JOINED_FIELD, SOURCE_FIELD} & set(other.payload)


def test_what_is_there_already_is_skipped_and_what_changed_is_written_again(place, embedded):
    rows = [document(f"d{i}", "", f"pods of number {i}") for i in range(5)]
    assert put(place, embedded, rows)["n_written"] == 5
    changed = replace(rows[0], body="other nodes")
    answer = put(place, embedded, [changed, *rows[1:], document("d9", "", "new pods")])
    assert (answer["n_written"], answer["n_skipped"], answer["n_points"]) == (2, 4, 6)
    assert embedded.get("docs", [changed.id])[0].payload["text"] == changed.text
    assert put(place, embedded, [changed, *rows[1:]])["n_written"] == 0


def test_a_document_that_moved_to_another_file_is_told_where_it_stands_and_not_encoded_anew(place, embedded):
    old, entry = (document("d", "", "pods", "d", RowPlace(where, "a", "a")) for where in ("/old", "/new"))
    put(place, embedded, [old])
    answer = put(place, embedded, [entry])
    assert answer["n_written"] == 0
    assert embedded.get("docs", [entry.id])[0].payload[SOURCE_FIELD] == "/new"


def test_of_two_documents_with_one_id_in_a_row_the_later_one_is_there(place, embedded):
    one = document("d", "", "pods")
    answer = put(place, embedded, [one, replace(one, body="nodes")])
    assert answer["n_points"] == 1 and embedded.get("docs", [one.id])[0].payload["text"] == "nodes"


def test_documents_longer_than_the_encoder_takes_are_counted(place, embedded):
    report = CorpusReport()
    put(place, embedded, [document("a", "", "pods " * 2000), document("b", "", "nodes")], report=report)
    assert report.n_unusable == {"documents cut at the encoder's limit": 1}


def test_a_collection_keeps_what_it_was_made_with_whatever_is_asked_later(place, embedded):
    put(place, embedded, [document("a", "", "pods")])
    answer = put(place, embedded, [document("b", "", "nodes")], avg_len=99.0)
    assert (answer["avg_len"], answer["n_points"]) == (6.0, 2)
    with pytest.raises(UsageError, match=r"is English \(en\), not German \(de\)|a language never changes"):
        put(place, embedded, [document("c", "", "x")], language="de")


def test_a_collection_that_somebody_else_made_or_feeds_is_left_alone(place, embedded):
    embedded.ensure("theirs", CollectionSchema(sparse=("x",)))
    with pytest.raises(CollectionError) as caught:
        put(place, embedded, [document("a", "", "pods")], "theirs")
    assert str(caught.value) == (
        "collection 'theirs' exists in Qdrant but was not made by this service; choose another name; or restore its "
        "record, collections/theirs.json, from a backup"
    )
    register_collection(place.objects(), make_record("attached", attached_at=1, text="{title} {body}"))
    with pytest.raises(CollectionError) as caught:
        put(place, embedded, [document("a", "", "pods")], "attached")
    assert str(caught.value) == (
        "collection 'attached' has its texts in '{title} {body}' and is fed by its own writer; `minicoil reencode` "
        "takes up what is new there"
    )
    assert embedded.count("theirs") == 0 and not embedded.exists("attached")


@pytest.mark.parametrize("wrong", [{"k": 0.0}, {"b": -0.1}, {"dims": 0}, {"avg_len": float("inf")}])
def test_numbers_that_are_none_are_refused_when_the_request_is_made(wrong):
    fields = {"encoder": "minilm", "dims": 4, "k": 1.2, "b": 0.75, "avg_len": None, **wrong}
    with pytest.raises(UsageError, match=next(iter(wrong))):
        IndexRequest("docs", "production", **fields)
