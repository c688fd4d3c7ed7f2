"""Who is encoded with whom, in which order, and what becomes of the others when one fails."""

import threading
from concurrent.futures import wait

import numpy as np
import pytest

from minicoil.errors import BusyError, EncoderError
from minicoil.sparse.cells import SparseVector
from tasks.vectors.batching import CHARACTERS_PER_BATCH, QUERY_BATCHES, Batcher


class Recorder:
    """An encoder that writes a text's length into its vector, and waits at a gate before its first batch."""

    def __init__(self):
        self.batches, self.gate, self.begun = [], threading.Event(), threading.Event()

    def __call__(self, texts, is_query):
        self.batches.append((is_query, list(texts)))
        self.begun.set()
        assert self.gate.wait(30)
        if "bad" in texts:
            raise EncoderError("a bad text")
        return [SparseVector(np.array([len(text)], np.int32), np.ones(1, np.float32)) for text in texts]


@pytest.fixture
def encoder():
    return Recorder()


@pytest.fixture
def make(encoder):
    made = []

    def make(n_threads=1, most_waiting=1000):
        made.append(Batcher(encoder, n_threads, most_waiting, lambda n: None))
        return made[-1]

    yield make
    encoder.gate.set()
    for batcher in made:
        batcher.close()


def occupy(batcher, encoder):
    """The one thread is at the gate; what is submitted now waits."""
    first = batcher.submit(["first"], True)
    assert encoder.begun.wait(30)
    return first


def lengths(answer):
    return [int(vector.indices[0]) for vector in answer.result(30)]


def test_who_asks_an_idle_service_waits_for_nobody(make, encoder):
    encoder.gate.set()
    assert lengths(make().submit(["abc"], True)) == [3]
    assert encoder.batches == [(True, ["abc"])]


def test_what_came_meanwhile_is_encoded_together_and_each_gets_its_own(make, encoder):
    batcher = make()
    occupy(batcher, encoder)
    answers = [batcher.submit(["x" * i, "y" * (i + 1)], True) for i in range(1, 5)]
    assert batcher.n_waiting == 8
    encoder.gate.set()
    assert [lengths(answer) for answer in answers] == [[i, i + 1] for i in range(1, 5)]
    assert len(encoder.batches) == 2 and batcher.n_waiting == 0


def test_a_query_passes_documents_and_these_are_not_starved(make, encoder):
    batcher = make()
    occupy(batcher, encoder)
    long = "d" * CHARACTERS_PER_BATCH
    documents = batcher.submit([long] * 3, False)
    queries = [batcher.submit([long], True) for _ in range(2 * QUERY_BATCHES)]
    encoder.gate.set()
    wait([documents, *queries], 30)
    kinds = [is_query for is_query, _ in encoder.batches]
    turn = [True] * QUERY_BATCHES + [False]
    assert kinds == [*turn, *turn, True, False][: len(kinds)] and kinds.count(False) == 3
    assert all(sum(map(len, texts)) <= CHARACTERS_PER_BATCH for _, texts in encoder.batches)


def test_a_request_of_many_texts_is_shared_by_all_threads_and_answered_in_order(make, encoder):
    batcher = make(n_threads=3)
    encoder.gate.set()
    texts = ["t" * (i % 7) for i in range(5000)]
    with pytest.raises(BusyError, match="0 texts wait, at most 1,000 may"):
        batcher.submit(texts, False)
    assert lengths(batcher.submit(texts[:900], False)) == [i % 7 for i in range(900)]


def test_more_than_may_wait_is_refused_and_told_so(make, encoder):
    batcher = make(most_waiting=3)
    occupy(batcher, encoder)
    batcher.submit(["a", "b"], True)
    with pytest.raises(BusyError, match="2 texts wait, at most 3 may"):
        batcher.submit(["c", "d"], False)
    batcher.submit(["c"], False)


def test_only_the_one_whose_text_fails_hears_of_it(make, encoder):
    batcher = make()
    occupy(batcher, encoder)
    good, bad, other = (batcher.submit([text], True) for text in ("good", "bad", "other"))
    encoder.gate.set()
    assert lengths(good) == [4] and lengths(other) == [5]
    with pytest.raises(EncoderError):
        bad.result(30)
    assert lengths(batcher.submit(["after"], True)) == [5]


def test_what_nobody_waits_for_is_not_encoded(make, encoder):
    batcher = make()
    occupy(batcher, encoder)
    left = batcher.submit(["left", "alone"], True)
    kept = batcher.submit(["kept"], True)
    assert left.cancel()
    encoder.gate.set()
    assert lengths(kept) == [4]
    assert [texts for _, texts in encoder.batches] == [["first"], ["kept"]] and batcher.n_waiting == 0


def test_closing_answers_what_waits_and_takes_no_more(make, encoder):
    batcher = make()
    first = occupy(batcher, encoder)
    late = batcher.submit(["late"], False)
    encoder.gate.set()
    batcher.close()
    assert first.done() and lengths(late) == [4]
    with pytest.raises(BusyError, match="stopping"):
        batcher.submit(["too late"], True)
