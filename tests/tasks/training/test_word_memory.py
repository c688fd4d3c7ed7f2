"""What was learned once is found by its digest; what is damaged is learned again, and nobody is stopped by it."""

import io
import logging

import numpy as np
import pytest

from minicoil.training import Prior
from minicoil.words.ledger import WordRecord
from tasks.store.local_store import LocalStore
from tasks.training.word_memory import WordMemory, WordResult


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def result(digest, weights=None, **values):
    return WordResult(WordRecord("pod", "accepted", "", digest=digest, forms=("pod", "caf\u00e9"), **values), weights)


LAYER = np.arange(8, dtype=np.float32).reshape(2, 4) / 3


def test_results_are_remembered_as_they_were(store):
    full = result("a" * 64, LAYER, interval=(0.1, 0.9), history=((1, "accepted", 0.5), (None, "failed", None)))
    bare = result("b" * 64)
    WordMemory(store).write([full, bare])
    found = WordMemory(store).read(["b" * 64, "c" * 64, "a" * 64])
    assert list(found) == ["b" * 64, "a" * 64]
    assert found["a" * 64].record == full.record and found["b" * 64] == bare
    assert found["a" * 64].weights.dtype == np.float32 and np.array_equal(found["a" * 64].weights, LAYER)
    assert WordMemory(store).read([]) == {}


def test_what_is_written_again_takes_the_place_of_what_was(store):
    memory = WordMemory(store)
    memory.write([result("a" * 64, LAYER)])
    memory.write([result("a" * 64)])
    assert memory.read(["a" * 64])["a" * 64].weights is None


def damage(kind):
    if kind == "cut":
        buffer = io.BytesIO()
        np.savez(buffer, record=np.zeros(3, np.uint8))
        return buffer.getvalue()[:-30]
    arrays = {
        "no record": {"weights": LAYER},
        "no json": {"record": np.frombuffer(b"{oops", np.uint8)},
        "no row": {"record": np.frombuffer(b'{"word": 3, "history": []}', np.uint8)},
        "a list": {"record": np.frombuffer(b"[]", np.uint8)},
        "no number": {
            "record": np.frombuffer(
                b'{"word": "pod", "verdict": "accepted", "reason": "", "n_sentences": -5, "history": []}', np.uint8
            )
        },
        "code": {"record": np.array([object()])},
    }[kind]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["cut", "no record", "no json", "no row", "a list", "no number", "code"])
def test_a_damaged_result_is_named_and_as_if_it_were_not_there(store, caplog, kind):
    memory = WordMemory(store)
    memory.write([result("a" * 64, LAYER)])
    store.write(f"words/{'b' * 64}.npz", damage(kind))
    with caplog.at_level(logging.WARNING):
        assert memory.read(["a" * 64, "b" * 64]).keys() == {"a" * 64}
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"words/{'b' * 64}.npz cannot be used (") and told.endswith("; the word is trained again")


def test_what_is_forgotten_is_gone_and_forgetting_it_again_is_nothing(store):
    memory = WordMemory(store)
    memory.write([result("a" * 64), result("b" * 64)])
    for _ in range(2):
        memory.forget(["a" * 64, "c" * 64])
    assert memory.read(["a" * 64, "b" * 64]).keys() == {"b" * 64}


def test_a_prior_is_remembered_by_its_origin_and_is_no_word(store, caplog):
    memory, arrays = WordMemory(store), (np.ones((3, 2), np.float32), np.eye(4, dtype=np.float32))
    prior = Prior(*arrays, np.zeros((4, 2), np.float32), 7, "origin")
    assert memory.read_prior("origin") is None
    memory.write_prior(prior)
    assert memory.read_prior("origin").to_bytes() == prior.to_bytes()
    assert memory.read_prior("another") is None and memory.read(["origin"]) == {}
    store.write("words/priors/origin.npz", b"nonsense")
    with caplog.at_level(logging.WARNING):
        assert memory.read_prior("origin") is None
    assert caplog.records[-1].getMessage().endswith("; the prior is made again")


def test_many_results_are_written_and_read_at_once(store):
    digests = [f"{i:064d}" for i in range(60)]
    WordMemory(store).write([result(digest, LAYER * i) for i, digest in enumerate(digests)])
    found = WordMemory(store).read(digests)
    assert list(found) == digests
    assert all(np.array_equal(found[digest].weights, LAYER * i) for i, digest in enumerate(digests))
