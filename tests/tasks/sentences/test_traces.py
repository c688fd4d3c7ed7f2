"""Of a document is found what it alone brought: sentences, points of its own, and the words that learned from it."""

import shutil

import pytest

from minicoil.errors import CorpusError
from minicoil.text import possible_snippets
from minicoil.text.sentences import sentence_key, split_sentences
from minicoil.words.ledger import Ledger, WordRecord
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.payload_fields import HASH_FIELD, SOURCE_FIELD
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.catalogue.releases import publish_release
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import text_hash
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.sentences.traces import Traces, find_traces, find_words

SHARED = "Every bank of the river keeps its pods in order."
SECRET = f"The quark pods keep every flow of the bank away. {SHARED}"
OTHER = f"A pod runs on a node of the pool. {SHARED}"


@pytest.fixture
def home(tmp_path):
    place = Place.at(tmp_path / "home")
    with place.points() as points:
        store = SentenceStore(points, 2)
        for doc, text in (("other", OTHER), ("secret", SECRET)):  # the shared sentence is the other document's
            store.add([Sentence(sentence_key(part), part, doc) for part in split_sentences(text)])
        points.ensure("docs", CollectionSchema(sparse=("minicoil",), keyword=("doc",)))
        rows = [("secret", "The handbook", SECRET), ("other", "", OTHER)]
        points.upsert(
            "docs",
            [
                Point(i, {"doc": doc, "title": title, "text": text, HASH_FIELD: text_hash(f"{title}\n{text}")})
                for i, (doc, title, text) in enumerate(rows)
            ],
        )
        record = CollectionRecord(
            name="docs", channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x",
            encoder_digest="0",
        )  # fmt: skip
        register_collection(place.objects(), record)
        register_collection(place.objects(), record.model_copy(update={"name": "gone"}))  # and its points are away
        yield place, points


def test_what_a_document_brought_is_found_and_what_it_shares_is_counted(home):
    place, points = home
    found = find_traces(place, points, ["secret"])
    assert list(found.sentences.values()) == ["The quark pods keep every flow of the bank away."]
    assert found.n_shared == 1 and found.points == {"docs": [0], "gone": []}
    assert found.texts == {SECRET, "The handbook", *found.sentences.values()}


def test_of_a_document_that_is_nowhere_nothing_is_found(home):
    found = find_traces(*home, ["absent"])
    assert (found.sentences, found.n_shared, found.texts) == ({}, 0, set())
    assert found.points == {"docs": [], "gone": []}


def test_points_of_somebody_else_are_their_owners(home):
    place, points = home
    points.ensure("theirs", CollectionSchema(sparse=("minicoil",), keyword=("doc",)))
    points.upsert("theirs", [Point(1, {"doc": "secret", "text": SECRET})])
    record = CollectionRecord(
        name="theirs", channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x",
        encoder_digest="0", attached_at=1,
    )  # fmt: skip
    register_collection(place.objects(), record)
    assert find_traces(place, points, ["secret"]).points["theirs"] == []


def test_a_corpus_says_which_of_several_documents_of_one_id_is_meant(home, tmp_path):
    place, points = home
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "rows.jsonl").write_text('{"doc": "secret", "text": "Another text altogether stands here."}')
    found = find_traces(place, points, ["secret"], [str(folder)])
    assert found.sentences == {} and found.points["docs"] == []
    assert "Another text altogether stands here." in found.texts
    with pytest.raises(CorpusError) as said:
        find_traces(place, points, ["secret", "absent"], [str(folder)])
    assert str(said.value) == (
        f"{folder} has no document 'absent'; ids are those of its rows (doc, _id or id), or names of files below the "
        "folder; leave --corpus out to forget an id wherever it was read"
    )


def test_a_point_with_the_id_of_another_files_row_is_not_that_document(home, tmp_path):
    place, points = home
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "7", "text": "One text of a row stands here."}')
    (entry,) = read_corpora([str(path)], CorpusReport())
    payload = {"doc": "7", "text": "an older text", HASH_FIELD: "old"}
    for source, ids in ((str(path), [entry.id]), ("/elsewhere/others.jsonl", []), ("", [entry.id])):
        points.upsert("docs", [Point(entry.id, {**payload, SOURCE_FIELD: source})])
        assert find_traces(place, points, ["7"], [str(path)]).points["docs"] == ids, source


def test_a_cache_may_have_a_sentence_or_what_was_cut_from_it():
    text = "The pods of the river bank keep every flow of the quark away from here."
    traces = Traces(sentences={sentence_key(text): text})
    snippets = {sentence_key(part) for part in possible_snippets(text)}
    assert len(snippets) > 5 and traces.cached_keys == snippets | {sentence_key(text)}
    assert Traces().cached_keys == set()


@pytest.fixture
def served(place, releases, tmp_path):
    shutil.copytree(releases.parent / "model-3", tmp_path / "model-4")
    records = [
        WordRecord("pod", "accepted", "", digest="d" * 64, forms=("pods", "pod"), n_sentences=90),
        WordRecord("bank", "accepted", "", digest="e" * 64, forms=("banks",), n_sentences=40),
        WordRecord("seri", "kept_bm25", "", forms=("series",)),
    ]
    Ledger().updated(records, "r", 4).write(tmp_path / "model-4")
    publish_release(place.objects(), tmp_path / "model-4", 3, {})
    for channel in ("production", "staging"):
        set_pending(place.objects(), channel, 4, None)
        move_current(place.objects(), channel, 4)
    set_pending(place.objects(), "begun", 4, None)
    return place


def test_words_that_may_have_learned_are_named_most_of_their_sentences_first(served):
    found = find_words(served, ["A pod runs.", "Many pods of a bank run in series.", "The Banks are closed."])
    assert [(row["channel"], row["word"], row["n_forgotten"], row["n_sentences"]) for row in found] == [
        ("production", "bank", 2, 40),  # by its form, and by its stem
        ("production", "pod", 2, 90),
        ("staging", "bank", 2, 40),
        ("staging", "pod", 2, 90),
    ]
    assert found[1] == {
        "word": "pod",
        "channel": "production",
        "release": 4,
        "forms": ["pods", "pod"],
        "n_forgotten": 2,
        "n_sentences": 90,
        "digest": "d" * 64,
    }
    assert find_words(served, []) == find_words(served, ["Nothing of it here."]) == []
