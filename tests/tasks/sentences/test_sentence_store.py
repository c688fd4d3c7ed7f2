import numpy as np
import pytest

from minicoil.text.folding import fold_text
from minicoil.text.sentences import sentence_key
from tasks.qdrant import open_points
from tasks.sentences.sentence_store import Sentence, SentenceStore, folded_words

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


FOLDED = [
    "The old Caf\u00e9 opens at nine",
    "A cafe closes at ten",
    "THE CAFE\u0301 IS FULL",
    "Shar\u00adds and caf\u00e9s are here",
    "\u0415\u0301\u043b\u043a\u0430 is a tree",
    "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 rolls his stone",
]


def folded(text, doc="x"):
    return Sentence(sentence_key(text), text, doc, folded_words(text, fold_text))


@pytest.mark.parametrize(
    ("forms", "rows"),
    [
        (["cafe"], [0, 1, 2]),
        (["cafe", "cafes"], [0, 1, 2, 3]),
        (["shards"], [3]),
        (["\u0435\u043b\u043a\u0430"], [4]),
        (["\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3"], [5]),
        (["caf\u00e9"], [0]),
    ],
)
def test_sentences_are_found_by_their_words_as_the_tokenizer_folds_them(store, forms, rows):
    store.add([folded(text) for text in FOLDED])
    expected = sorted(sentence_key(FOLDED[row]) for row in rows)
    assert [key for page in store.keys(forms) for key in page] == expected
    assert store.sample(forms, 10) == expected and store.sample(forms, 1) == expected[:1]
    assert store.count(forms) == len(rows)
    assert {s.key for s in store.random(forms, 10)} == set(expected)


def test_sentences_of_an_earlier_version_are_found_once_they_are_read_again(store):
    store.add([Sentence(sentence_key(text), text, "x") for text in FOLDED])
    assert store.count(["shards"]) == 0 and store.count(["cafe"]) == 2
    assert store.add([folded(text) for text in FOLDED]) == 0
    assert store.count(["shards"]) == 1 and store.count(["cafe"]) == 3
