"""Pieces of columns are written whole, found by word, key and document, and forgotten without a trace."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import StoreError
from tasks.sentences import sentence_columns
from tasks.sentences.sentence_columns import SCHEMA, SentenceColumns, StoredSentence
from tasks.store.local_store import LocalStore

NONE = np.zeros(0, np.uint64)


class FarStore(LocalStore):
    """A store whose objects have to be fetched."""

    def local_path(self, key):
        return None


@pytest.fixture(params=[LocalStore, FarStore])
def columns(request, tmp_path, monkeypatch):
    monkeypatch.setattr(sentence_columns, "GROUP", 3)
    return SentenceColumns(request.param(tmp_path / "store"), "_sentences", tmp_path / "cache")


def table(rows):
    """Rows as (key, words, document), in no order."""
    docs = pa.array([doc for _, _, doc in rows], pa.string()).dictionary_encode()
    lists = pa.array([list(words) for _, words, _ in rows], pa.list_(pa.string()))
    words = pa.ListArray.from_arrays(lists.offsets, lists.flatten().dictionary_encode())
    keys = pa.array([key for key, _, _ in rows], pa.uint64())
    return pa.table([keys, pa.array([f"text {key}" for key, _, _ in rows]), docs, words], schema=SCHEMA)


def write(columns, *pieces):
    return [columns.write(table(rows)) for rows in pieces]


ONE = [(9, ["pod"], "a"), (3, ["pod", "node"], "b"), (2**64 - 1, ["bank"], "a"), (5, [], "c"), (1, ["pods"], "a")]
OTHER = [(4, ["node"], "b"), (7, ["pods", "bank"], "c")]


def test_a_piece_is_sorted_and_named_by_what_is_in_it(columns):
    (first,) = write(columns, ONE)
    assert write(columns, ONE) == [first] and columns.pieces() == [first]
    assert first.startswith("sentences/_sentences/") and columns.count() == 5
    write(columns, OTHER)
    assert sorted(keys.tolist() for keys in columns.key_pages()) == [[1, 3, 5, 9, 2**64 - 1], [4, 7]]


def test_stores_know_nothing_of_each_other(columns, tmp_path):
    write(columns, ONE)
    assert SentenceColumns(columns._store, "_sentences_de", tmp_path / "cache").pieces() == []
    assert SentenceColumns(columns._store, "_sentence", tmp_path / "cache").count() == 0


def test_sentences_are_found_by_their_keys(columns):
    write(columns, ONE, OTHER)
    found = columns.rows([7, 3, 2**64 - 1, 6, 0])
    assert found == {
        3: StoredSentence(3, "text 3", "b", ("pod", "node")),
        7: StoredSentence(7, "text 7", "c", ("pods", "bank")),
        2**64 - 1: StoredSentence(2**64 - 1, "text 18446744073709551615", "a", ("bank",)),
    }
    assert columns.rows([]) == {}


def test_sentences_are_found_by_their_document(columns):
    write(columns, ONE, OTHER)
    found = {row.key for page in columns.of_document("a") for row in page}
    assert found == {1, 9, 2**64 - 1} and list(columns.of_document("absent")) == []
    assert {row.key for page in columns.of_document("c") for row in page} == {5, 7}


def test_sentences_are_found_by_their_forms(columns):
    write(columns, ONE, OTHER)
    assert columns.with_forms(["pod", "pods"]).tolist() == [1, 3, 7, 9]
    assert columns.with_forms(["absent"]).tolist() == columns.with_forms([]).tolist() == []


WORDS = st.sampled_from(["pod", "pods", "node", "bank"])
ROWS = st.dictionaries(st.integers(0, 60), st.sets(WORDS), max_size=25)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, max_size=3), st.sets(st.integers(0, 60)), st.integers(1, 6))
def test_for_each_word_the_lowest_keys_are_drawn_inside_a_corpus_and_outside(tmp_path_factory, pieces, domain, n):
    folder = tmp_path_factory.mktemp("any")
    columns = SentenceColumns(LocalStore(folder / "store"), "_sentences", folder / "cache")
    write(columns, *([(key, sorted(words), "d") for key, words in piece.items()] for piece in pieces if piece))
    forms = {"pod": ["pod", "pods", "pod"], "node": ["node"], "both": ["node", "pods"], "none": []}
    drawn = columns.draw(forms, n, np.array(sorted(domain), np.uint64))
    for word, given_forms in forms.items():
        having = {key for piece in pieces for key, words in piece.items() if words & set(given_forms)}
        inside, outside = drawn[word]
        assert inside.tolist() == sorted(having & domain)[:n], word
        assert outside.tolist() == sorted(having - domain)[:n], word


def test_a_forgotten_sentence_is_in_no_piece_and_the_others_keep_their_words(columns):
    first, second = write(columns, ONE, OTHER)
    assert columns.delete([3, 9, 100]) == 2
    assert first not in columns.pieces() and second in columns.pieces() and columns.count() == 5
    assert columns.rows([1, 3, 5, 9]).keys() == {1, 5}
    assert columns.rows([1])[1] == StoredSentence(1, "text 1", "a", ("pods",))
    assert columns.with_forms(["pod"]).tolist() == []
    (piece,) = {*columns.pieces()} - {second}
    assert b"pod\x00" not in columns._store.read(piece) and b"text 3" not in columns._store.read(piece)
    assert columns.delete([3, 9]) == columns.delete([]) == 0
    assert columns.delete([4, 7]) == 2 and len(columns.pieces()) == 1  # a piece of which nothing is left is gone


def test_killed_between_two_writes_the_same_call_finishes(columns, monkeypatch):
    write(columns, ONE)
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(columns._store, "delete", lambda key: (_ for _ in ()).throw(InterruptedError))
        columns.delete([3])
    assert columns.count() == 5 + 4  # a piece beside its successor
    assert columns.delete([3]) == 1 and columns.count() == 4 and columns.rows([3]) == {}


def test_copies_of_pieces_that_are_gone_are_removed(tmp_path):
    columns = SentenceColumns(FarStore(tmp_path / "store"), "_sentences", tmp_path / "cache")
    write(columns, ONE, OTHER)
    columns.count()
    copies = tmp_path / "cache" / "columns" / "_sentences"
    assert {path.name for path in copies.iterdir()} == {key.rsplit("/", 1)[1] for key in columns.pieces()}
    columns._store.delete(columns.pieces()[0])
    assert len(columns.pieces()) == len(list(copies.iterdir())) == 1


def test_a_damaged_piece_is_named_with_the_way_out(columns):
    (piece,) = write(columns, ONE)
    columns._store.write(piece, columns._store.read(piece)[:-20])
    for ask in (
        columns.count,
        lambda: columns.rows([1]),
        lambda: columns.with_forms(["pod"]),
        lambda: columns.delete([1]),
    ):
        with pytest.raises(StoreError) as said:
            ask()
        assert str(said.value).startswith(f"{piece} is no piece of sentences (")
        assert str(said.value).endswith("); delete it, then read the corpus again: what the other pieces hold is kept")
    assert columns.pieces() == [piece]


def test_an_empty_domain_has_nothing_inside(columns):
    write(columns, OTHER)
    inside, outside = columns.draw({"node": ["node"]}, 5, NONE)["node"]
    assert inside.tolist() == [] and outside.tolist() == [4]
