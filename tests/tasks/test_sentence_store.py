import numpy as np
import pytest

from minicoil.sentences import sentence_key
from tasks.points import open_points
from tasks.sentence_store import Sentence, SentenceStore

TEXTS = ["The pod runs on a node", "Two PODS share it", "A node fails", "Nothing of the kind here"]


@pytest.fixture
def store(tmp_path):
    with open_points(tmp_path) as points:
        store = SentenceStore(points, 3)
        store.add([Sentence(sentence_key(text), text, f"doc{i % 2}") for i, text in enumerate(TEXTS)])
        yield store


def test_sentences_accumulate_and_repeats_are_not_written_again(store):
    assert store.add([Sentence(sentence_key(text), text, "x") for text in [*TEXTS, "A new pod appears here"]]) == 1
    assert store.count() == 5
    assert store.count(["pod", "pods"]) == 3


def test_sampling_finds_all_forms_and_is_nested(store):
    both = store.sample(["pod", "pods"], 10)
    assert set(both) == {sentence_key(TEXTS[0]), sentence_key(TEXTS[1])}
    assert store.sample(["pod", "pods"], 1) == sorted(both)[:1]
    assert {s.text for s in store.random(["node"], 5)} == {TEXTS[0], TEXTS[2]}


def test_role_vectors_are_written_beside_the_text(store):
    keys = [sentence_key(text) for text in TEXTS[:2]]
    store.set_vectors(keys, np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    found = store.vectors([sentence_key(text) for text in TEXTS])
    assert set(found) == set(keys)
    np.testing.assert_allclose(found[keys[1]], [0, 1, 0])
    assert [s.text for page in store.texts(keys) for s in page] == TEXTS[:2]


def test_a_document_is_deleted_with_all_its_sentences(store):
    found = [sentence for page in store.of_document("doc0") for sentence in page]
    assert store.delete([*(sentence.key for sentence in found), 1]) == 2
    assert store.count() == 2 and store.count(["pods"]) == 1
