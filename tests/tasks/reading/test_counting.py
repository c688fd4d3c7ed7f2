"""Counts of pieces added up while other pieces are still being counted."""

import threading
import time

import numpy as np
import pytest

from minicoil.columns import WordRows
from minicoil.errors import StoreError
from minicoil.words import WordCounts, write_counts
from tasks.place import Place
from tasks.reading.counting import CountSum
from tasks.reading.piece_files import PieceFiles, put

RUN = "run"
TEXTS = [[["pod", "node"], ["pod"]], [["node", "kernel", "pod"]], [["recipe", "pod"]], [["kernel"]]]


def counted(*documents):
    counts = WordCounts()
    for sentences in documents:
        counts.add_rows(WordRows.of(sentences), np.zeros(len(sentences), np.int64))
    return counts


def told(counts):
    columns = counts.columns()
    return (
        *(columns.n_documents, columns.n_sentences, columns.n_words, columns.tokens, columns.words),
        *(array.tolist() for array in (columns.token_counts, columns.documents, columns.sketches)),
    )


@pytest.fixture
def pieces(tmp_path):
    objects = Place.at(tmp_path / "home").objects()
    return [PieceFiles(objects, "reading/one/", str(number)) for number in range(len(TEXTS))]


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(CountSum, "_LOOK_SECONDS", 0.01)


def write(pieces, tmp_path, number):
    path = tmp_path / "counts.parquet"
    write_counts(counted(TEXTS[number]).columns(), path)
    put(pieces[number].store, pieces[number].counts(RUN), path)


def await_documents(counts, n):
    until = time.monotonic() + 30
    while counts.n_documents < n and time.monotonic() < until:
        time.sleep(0.01)
    assert counts.n_documents == n


def test_what_is_counted_is_added_while_the_rest_is_counted_and_in_the_corpus_s_order(pieces, tmp_path):
    total = CountSum(pieces, RUN, WordCounts())
    with total.meanwhile():
        write(pieces, tmp_path, 1)
        write(pieces, tmp_path, 0)
        await_documents(total.counts, 2)
        write(pieces, tmp_path, 3)  # its turn comes after the third
        time.sleep(0.1)
        assert total.counts.n_documents == 2
    write(pieces, tmp_path, 2)
    assert list(total.finish()) == [0, 1, 2, 3]
    alone = CountSum(pieces, RUN, WordCounts())
    assert list(alone.finish()) == [0, 1, 2, 3]
    assert told(total.counts) == told(alone.counts)
    at_once = counted(*TEXTS)
    assert total.counts.n_sentences == at_once.n_sentences and len(total.counts) == len(at_once)


def test_counts_that_are_damaged_are_said_when_they_are_asked_for_and_made_anew(pieces, tmp_path):
    for number in range(len(TEXTS)):
        write(pieces, tmp_path, number)
    pieces[1].store.write(pieces[1].counts(RUN), b"no parquet")
    total = CountSum(pieces, RUN, WordCounts())
    with total.meanwhile():
        await_documents(total.counts, 1)
        time.sleep(0.1)
    with pytest.raises(StoreError, match="damaged .* run the same command again"):
        list(total.finish())
    assert pieces[1].store.stat(pieces[1].counts(RUN)) is None
    write(pieces, tmp_path, 1)
    again = CountSum(pieces, RUN, WordCounts())
    assert list(again.finish()) == [0, 1, 2, 3] and again.counts.n_documents == len(TEXTS)


def test_what_the_body_raises_is_what_is_heard_and_nobody_goes_on_adding(pieces, tmp_path):
    total = CountSum(pieces, RUN, WordCounts())
    with pytest.raises(KeyError, match="of the body"), total.meanwhile():
        pieces[0].store.write(pieces[0].counts(RUN), b"no parquet")
        raise KeyError("of the body")
    assert not [thread for thread in threading.enumerate() if thread.name == "adding counts"]
