"""Sentences of a reading become pieces of columns: each with its own words, those that are there left out."""

import numpy as np
import pytest

from minicoil.columns.word_rows import RowTokenizer, WordRows
from minicoil.keys import KeyRuns
from minicoil.text.sentences import sentence_keys
from minicoil.text.stemming import STOPWORDS
from minicoil.text.tokens import WordTokenizer
from tasks.place import Place
from tasks.sentences import column_writer, sentence_columns
from tasks.sentences.column_writer import ColumnWriter
from tasks.sentences.sentence_columns import SentenceColumns
from tasks.store.local_store import LocalStore

NOUNS = ["pod", "pods", "node", "kernel", "caf\u00e9", "CAFE", "shar\u00adds", "\u201cnodes\u201d", "num_workers"]
TEXTS = [f"the {NOUNS[i % 9]} {i} runs on a {NOUNS[i % 7]} of line {i}" for i in range(900)]


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(column_writer, "PIECE", 200)
    monkeypatch.setattr(sentence_columns, "GROUP", 64)


@pytest.mark.parametrize("narrow", [0, 2**32])
def test_batches_that_share_their_names_are_kept_as_those_that_do_not(tmp_path, tokenizer, monkeypatch, narrow):
    """Also where a piece is full in between, and the next one numbers its words anew."""
    monkeypatch.setattr(column_writer, "_NARROW", narrow)
    pages = [TEXTS[start : start + 70] for start in range(0, len(TEXTS), 70)]
    found = []
    for name, each in (
        ("own", map(RowTokenizer(tokenizer).tokenize, pages)),
        ("shared", RowTokenizer(tokenizer).tokenize_each(pages)),
    ):
        columns = sentence_columns.SentenceColumns(
            Place.at(tmp_path / name).objects(), "_sentences", tmp_path / "cache"
        )
        with column_writer.ColumnWriter(columns, KeyRuns()) as writer:
            for page, rows in zip(pages, each, strict=True):
                writer.add(sentence_keys(page), page, ["d"] * len(page), rows)
        keys = [int(key) for key in sentence_keys(TEXTS)]
        found.append({key: (row.text, sorted(row.words)) for key, row in columns.rows(keys).items()})
        words = [
            sorted({w for w in words if w[:1].isalnum() and w not in STOPWORDS})
            for words in RowTokenizer(tokenizer).tokenize(TEXTS).words()
        ]
        assert [found[-1][key][1] for key in keys] == words
        assert len(columns.pieces()) > 3 and len(found[-1]) == len(TEXTS)
    assert found[0] == found[1]


@pytest.fixture
def columns(tmp_path):
    return SentenceColumns(LocalStore(tmp_path / "store"), "_sentences", tmp_path / "cache")


def add(writer, first, sentences, doc="d"):
    """Sentences of words, under keys from `first` on."""
    keys = np.arange(first, first + len(sentences), dtype=np.uint64)
    texts = [" ".join(words) for words in sentences]
    return writer.add(keys, texts, [doc] * len(sentences), WordRows.of(sentences))


def kept(columns, keys):
    return {key: (row.text, row.doc, set(row.words)) for key, row in columns.rows(keys).items()}


def test_each_word_is_kept_once_without_stopwords_and_marks(columns):
    with ColumnWriter(columns, KeyRuns()) as writer:
        assert add(writer, 1, [["the", "pod", "runs", "pod", "!", "-", "2"], ["the", "of"], []]) == 3
    assert kept(columns, [1, 2, 3]) == {
        1: ("the pod runs pod ! - 2", "d", {"pod", "runs", "2"}),
        2: ("the of", "d", set()),
        3: ("", "d", set()),
    }
    assert columns.rows([1])[1].words.count("pod") == 1


def test_what_is_there_is_left_out_and_counted_as_not_new(columns):
    known = KeyRuns()
    known.add(np.array([2, 3], np.uint64))
    with ColumnWriter(columns, known) as writer:
        assert add(writer, 1, [["pod"], ["node"], ["kernel"], ["bank"]]) == 2
        assert add(writer, 2, [["node"], ["kernel"]]) == 0
    assert kept(columns, [1, 2, 3, 4]) == {1: ("pod", "d", {"pod"}), 4: ("bank", "d", {"bank"})}


def test_who_only_looks_counts_and_writes_nothing(columns):
    with ColumnWriter(columns, KeyRuns(), keep=False) as writer:
        assert add(writer, 1, [["pod"]] * 300) == 300
    assert columns.pieces() == []


def test_a_reading_without_a_new_sentence_writes_no_piece(columns):
    with ColumnWriter(columns, KeyRuns()):
        pass
    assert columns.pieces() == []


def test_a_piece_is_written_when_it_is_full_and_the_rest_at_the_end(columns):
    with ColumnWriter(columns, KeyRuns()) as writer:
        add(writer, 0, [["pod"]] * 150, "one")
        assert columns.pieces() == []
        add(writer, 150, [["node"]] * 100, "two")  # whole batches: a piece may be larger
        assert [keys.tolist() for keys in columns.key_pages()] == [list(range(250))]
        add(writer, 250, [["pod", "late"]] * 10, "three")
    assert len(columns.pieces()) == 2 and columns.count() == 260
    assert kept(columns, [0, 160, 255]) == {
        0: ("pod", "one", {"pod"}),
        160: ("node", "two", {"node"}),
        255: ("pod late", "three", {"pod", "late"}),  # words are numbered anew
    }


def test_an_error_keeps_what_was_written_and_not_the_rest(columns):
    with pytest.raises(KeyboardInterrupt), ColumnWriter(columns, KeyRuns()) as writer:
        add(writer, 0, [["pod"]] * 200)
        add(writer, 200, [["node"]] * 10)
        raise KeyboardInterrupt
    assert columns.count() == 200


def test_stopwords_are_those_of_the_stores_language(tmp_path):
    for name, words in (("_sentences", {"und", "pod"}), ("_sentences_minilm-de", {"the", "pod"})):
        columns = SentenceColumns(LocalStore(tmp_path / "store"), name, tmp_path / "cache")
        with ColumnWriter(columns, KeyRuns()) as writer:
            add(writer, 1, [["the", "und", "pod"]])
        assert set(columns.rows([1])[1].words) == words, name
