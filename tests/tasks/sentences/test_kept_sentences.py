"""What was read lies in columns, what was encoded is a point: together they answer as points alone did."""

import itertools
import random

import numpy as np
import pytest

from minicoil.columns.word_rows import RowTokenizer
from minicoil.config import SamplingConfig
from minicoil.errors import StoreError
from minicoil.text.sentences import sentence_key, sentence_keys
from minicoil.text.tokens import WordTokenizer
from tasks.place import Place
from tasks.qdrant import open_points
from tasks.sentences import column_writer, sentence_columns
from tasks.sentences.kept_sentences import KeptSentences
from tasks.sentences.sentence_store import SentenceStore
from tasks.training.sampling import sample_held_out, sample_sentences

rng = random.Random(4)
NOUNS = ["pod", "pods", "node", "kernel", "caf\u00e9", "CAFE", "shar\u00adds", "\u201cnodes\u201d", "num_workers"]
TEXTS = sorted({f"the {rng.choice(NOUNS)} {i} runs on a {rng.choice(NOUNS)} of line {i}" for i in range(900)})
FORMS = {
    "pod": ["pod", "pods"],
    "node": ["node", "nodes"],
    "cafe": ["cafe"],
    "shard": ["shards"],
    "worker": ["workers"],
    "none": [],
    "no": ["absent"],
}
NONE = np.zeros(0, np.uint64)


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(column_writer, "PIECE", 200)
    monkeypatch.setattr(sentence_columns, "GROUP", 64)


def fill(store, tokenizer, texts, docs=None, keep=True):
    docs = docs or [f"doc{i % 7}" for i in range(len(texts))]
    n = 0
    with store.writer(tokenizer.fold, keep) as writer:
        for start in range(0, len(texts), 70):
            page = texts[start : start + 70]
            n += writer.add(sentence_keys(page), page, docs[start : start + 70], RowTokenizer(tokenizer).tokenize(page))
    return n


def all_keys(store, forms):
    return [key for page in store.keys(forms) for key in page]


@pytest.fixture
def both(tmp_path, tokenizer):
    """The same sentences as points alone, and as columns of which some were encoded."""
    with open_points(tmp_path / "old") as old, open_points(tmp_path / "new") as new:
        points = SentenceStore(old, 3)
        kept = KeptSentences(new, 3, "minilm", Place.at(tmp_path / "new"))
        assert fill(points, tokenizer, TEXTS) == fill(kept, tokenizer, TEXTS) == len(TEXTS)
        encoded = [int(key) for key in sentence_keys(TEXTS[::9])]
        role = np.eye(3, dtype=np.float32)[np.arange(len(encoded)) % 3]
        for store in (points, kept):
            store.set_vectors(encoded, role)
        yield points, kept


def test_they_answer_as_points_alone_did(both):
    points, kept = both
    assert len(kept.columns.pieces()) > 3 and new_points(kept) == len(TEXTS[::9])
    assert kept.count() == points.count() == len(TEXTS)
    for forms in FORMS.values():
        if forms:
            assert all_keys(kept, forms) == all_keys(points, forms), forms
            assert kept.sample(forms, 20) == points.sample(forms, 20)
            assert kept.count(forms) == points.count(forms)
            assert kept.sample_each({"a": forms, "b": ["pod"]}, 5) == points.sample_each({"a": forms, "b": ["pod"]}, 5)
            assert {s.key for s in kept.random(forms, 2000)} == set(all_keys(points, forms))
    keys = [int(key) for key in sentence_keys(TEXTS[:300])]
    random.Random(1).shuffle(keys)
    ours, theirs = ([(s.key, s.text, s.doc) for page in store.texts([*keys, 5]) for s in page] for store in both)
    assert ours == theirs and len(ours) == 300
    assert {k: v.tolist() for k, v in kept.vectors(keys).items()} == {
        k: v.tolist() for k, v in points.vectors(keys).items()
    }
    for doc in ("doc0", "doc3", "absent"):
        ours, theirs = ({s.text for page in store.of_document(doc) for s in page} for store in both)
        assert ours == theirs


def new_points(kept):
    return kept._points.count(kept.name)


@pytest.mark.parametrize("most", [10, 100, 1000])
def test_words_are_taught_by_the_same_sentences(both, most):
    points, kept = both
    domain = np.sort(sentence_keys(TEXTS[::4]))
    sampling = SamplingConfig(max_sentences=most)
    for words in (FORMS, {"a": ["pod"], "b": ["pod", "node"]}):  # a form may be one of two words
        ours, theirs = (sample_sentences(store, words, sampling, domain) for store in (kept, points))
        assert {w: k.tolist() for w, k in ours.items()} == {w: k.tolist() for w, k in theirs.items()}
        ours, theirs = (sample_held_out(store, words, sampling, domain, most) for store in (kept, points))
        assert {w: k.tolist() for w, k in ours.items()} == {w: k.tolist() for w, k in theirs.items()}


def test_what_is_there_is_not_written_again_whichever_way_it_is_kept(tmp_path, tokenizer):
    place = Place.at(tmp_path)
    with place.points() as engine:
        fill(SentenceStore(engine, 3), tokenizer, TEXTS[:300])  # by an earlier version
        kept = KeptSentences(engine, 3, "minilm", place)
        assert fill(kept, tokenizer, TEXTS[200:500], keep=False) == 200 and kept.columns.pieces() == []
        assert fill(kept, tokenizer, TEXTS[200:500]) == 200
        pieces = kept.columns.pieces()
        assert fill(kept, tokenizer, TEXTS[:500]) == 0 and kept.columns.pieces() == pieces
        assert kept.count() == 500 and kept.columns.count() == 200
        found = KeptSentences.found(place, engine, "minilm")
        assert all_keys(found, ["pod", "pods"]) == all_keys(kept, ["pod", "pods"])
        key = sentence_key(TEXTS[0])
        kept.set_vectors([key, sentence_key(TEXTS[499])], np.eye(3, dtype=np.float32)[:2])  # one a point, one not yet
        assert len(kept.vectors([key, sentence_key(TEXTS[499])])) == 2 and new_points(kept) == 301
        assert KeptSentences.found(place, engine, "another") is None


def test_a_reading_that_fails_keeps_whole_pieces_and_the_next_one_the_rest(tmp_path, tokenizer):
    place = Place.at(tmp_path)
    with place.points() as engine:
        kept = KeptSentences(engine, 3, "minilm", place)
        with pytest.raises(KeyboardInterrupt), kept.writer(tokenizer.fold) as writer:
            for start in itertools.count(0, 70):
                page = TEXTS[start : start + 70]
                writer.add(sentence_keys(page), page, ["d"] * len(page), RowTokenizer(tokenizer).tokenize(page))
                if start > 400:
                    raise KeyboardInterrupt
        n = kept.columns.count()
        assert 0 < n < 500
        assert fill(kept, tokenizer, TEXTS) == len(TEXTS) - n and kept.count() == len(TEXTS)


@pytest.mark.parametrize("stop_after", [None, "write"])
def test_a_forgotten_sentence_is_in_no_piece_and_no_copy(both, stop_after, monkeypatch, tmp_path):
    _, kept = both
    gone = [sentence_key(text) for text in TEXTS[::3]]
    if stop_after:  # killed between writing a piece without them and deleting the one with them
        with monkeypatch.context() as patch:
            patch.setattr(kept.columns._store, "delete", lambda key: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                kept.delete(gone)
    assert kept.delete([*gone, 1]) == len(gone)
    assert kept.count() == len(TEXTS) - len(gone) and kept.columns.count() == len(TEXTS) - len(gone)
    assert not [s for page in kept.texts(gone) for s in page]
    assert kept.purge()
    left = {
        text for piece in kept.columns.pieces() for text in kept.columns._open(piece).read(["text"])["text"].to_pylist()
    }
    assert left == set(TEXTS) - set(TEXTS[::3])
    assert kept.delete(gone) == 0


def test_all_sentences_of_a_store_may_be_forgotten(both):
    _, kept = both
    kept.delete([int(key) for key in sentence_keys(TEXTS)])
    assert kept.count() == 0 and kept.columns.pieces() == [] and kept.sample(["pod"], 5) == []


def test_pieces_elsewhere_are_copied_once_and_copies_of_those_gone_are_removed(both, monkeypatch):
    _, kept = both
    columns = kept.columns
    monkeypatch.setattr(columns._store, "local_path", lambda key: None)
    columns._files.clear()
    before = all_keys(kept, ["pod"])
    copies = {path.name for path in columns._cache.iterdir()}
    assert copies == {key.rsplit("/", 1)[1] for key in columns.pieces()} and before
    kept.delete([before[0]])
    assert all_keys(kept, ["pod"]) == before[1:]
    assert {path.name for path in columns._cache.iterdir()} == {key.rsplit("/", 1)[1] for key in columns.pieces()}


def test_a_damaged_piece_is_named(both):
    _, kept = both
    path = kept.columns._store.local_path(kept.columns.pieces()[0])
    data = path.read_bytes()
    for damaged in (b"PAR1 cut short", data[: len(data) // 2], data[:8] + b"\xff" * 400 + data[408:]):
        for is_open in (True, False):
            path.write_bytes(damaged)
            if not is_open:
                kept.columns._files.clear()
            with pytest.raises(
                StoreError, match=r"^sentences/_sentences/\w+.parquet is no piece of sentences .*delete it"
            ):
                all_keys(kept, ["pod"])
