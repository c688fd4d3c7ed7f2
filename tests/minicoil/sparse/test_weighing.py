"""Importance in the cells of vectors: stored = BM25 x importance x meaning, whatever vocabulary knows the words."""

import numpy as np
import pytest

from minicoil.config import Bm25Config
from minicoil.encoder.forward_counts import VECTORS, count_forwards
from minicoil.encoder.pooled_words import PooledWords
from minicoil.errors import BundleError
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.importance.document_words import FEATURES
from minicoil.importance.weights import Importance
from minicoil.retrieval.evaluation import (
    BM25 as BM25_SYSTEM,
    BM25_IMPORTANCE,
    PARENT,
    RELEASE,
    RELEASE_IMPORTANCE,
    count_documents,
    document_vectors,
)
from minicoil.sparse.cells import bm25_vector, count_words, document_vector, without_words
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.weighing import weigh_bag
from minicoil.words.vocabulary import Vocabulary

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making

BM25 = Bm25Config(avg_len=5.0)
TEXTS = [
    "A pod and more pods on a node; the pods\u00ae of the nodes, scheduled.",
    "",
    "the of and",
    "pods",
    "Nothing that anybody knows, quixotically.",
    *(f"pods and nodes number {i} " + "kernel of a matrix " * (i % 7) for i in range(10)),
]


@pytest.fixture(scope="module")
def folders(tiny_encoder, tmp_path_factory):
    """An empty model, one of two words, a child with a third and one of them retrained, all with one importance."""
    folder = tmp_path_factory.mktemp("weighed")
    create_empty_bundle(tiny_encoder, folder / "plain")
    rng, vocabulary = np.random.default_rng(3), Vocabulary.empty()
    vector = rng.normal(scale=8, size=64 + len(FEATURES)).astype(np.float32)
    derive_bundle(folder / "plain", folder / "zero", vocabulary, {})
    Importance(vector, 0.5).write(BundleLayout(folder / "zero").importance)
    parent = "zero"
    for name, add, retrain in (("one", ("pod", "node"), ()), ("two", ("kernel",), ("pod",))):
        vocabulary, ids = vocabulary.apply({word: [word] for word in add}, retrain=retrain)
        rows = {i: rng.normal(scale=0.3, size=(64, 4)).astype(np.float32) for i in ids.values()}
        derive_bundle(folder / parent, folder / name, vocabulary, rows, {"release": name})
        parent = name
    return folder


@pytest.fixture(scope="module")
def digest(folders):
    return Importance.read(BundleLayout(folders / "two").importance).digest


def weighed_of(folder, digest):
    return MiniCoil.load(folder, avg_len=20.0, importance=digest)


def test_a_child_carries_its_parents_file_to_the_byte(folders):
    files = [BundleLayout(folders / name).importance.read_bytes() for name in ("zero", "one", "two")]
    assert len(set(files)) == 1


def test_cells_are_the_same_and_values_are_bm25_times_weight_times_meaning(folders, digest):
    plain, model = MiniCoil.load(folders / "two", avg_len=20.0), weighed_of(folders / "two", digest)
    changed = 0
    for text, one, other in zip(TEXTS, plain.embed(TEXTS), model.embed(TEXTS), strict=True):
        assert one.indices.tolist() == other.indices.tolist()
        ((_, entry),) = model.pool([text])
        tokens = model.tokenizer.words(text)
        bag = count_words(tokens, model.vocabulary)
        weights = weigh_bag(tokens, bag, model.vocabulary, model.importance.weigh(entry, len(tokens)))
        n = len(bag.word_ids)
        expected = one.values * np.concatenate([np.repeat(weights[:n], 4), weights[n:]])
        np.testing.assert_allclose(other.values, expected, atol=1e-5)
        changed += int(np.abs(other.values - one.values).max(initial=0) > 0.01)
    assert changed > 5


def test_without_importance_vectors_are_to_the_bit_those_of_a_release_without_the_file(folders, tmp_path):
    stripped = tmp_path / "two"
    derive_bundle(folders / "two", stripped, MiniCoil.load(folders / "two").vocabulary, {})
    BundleLayout(stripped).importance.unlink()
    one, other = MiniCoil.load(folders / "two", avg_len=20.0), MiniCoil.load(stripped, avg_len=20.0)
    for a, b in zip(one.embed(TEXTS), other.embed(TEXTS), strict=True):
        assert a.indices.tobytes() == b.indices.tobytes() and a.values.tobytes() == b.values.tobytes()


def test_queries_are_untouched_to_the_bit(folders, digest):
    plain, model = MiniCoil.load(folders / "two"), weighed_of(folders / "two", digest)
    for a, b in zip(plain.query_embed(TEXTS), model.query_embed(TEXTS), strict=True):
        assert a.indices.tobytes() == b.indices.tobytes() and a.values.tobytes() == b.values.tobytes()


def test_one_pass_weighs_and_measures_and_dense_vectors_are_the_same(folders, digest):
    plain, model = MiniCoil.load(folders / "two"), weighed_of(folders / "two", digest)
    with count_forwards() as counts:
        list(model.embed(TEXTS[:1]))
    assert counts.n_passes == {VECTORS: 1}
    for a, b in zip(plain.embed_hybrid(TEXTS), model.embed_hybrid(TEXTS), strict=True):
        np.testing.assert_allclose(a.dense, b.dense, atol=1e-6)


def test_a_word_keeps_its_weight_when_it_becomes_known_or_is_retrained(folders, digest):
    """Else a point would change for words that nobody touched, and no one would find it."""
    model = weighed_of(folders / "two", digest)
    old = MiniCoil.load(folders / "one").vocabulary
    empty = Vocabulary.empty()
    for newest, union in model.embed_union(TEXTS, old, empty):
        shared = union.as_dict()
        assert all(shared[cell] == value for cell, value in newest.as_dict().items())
    for (alone,), both in zip(
        model.embed_each(TEXTS, [empty]), model.embed_each(TEXTS, [model.vocabulary, empty]), strict=True
    ):
        np.testing.assert_allclose(alone.values, both[1].values, atol=1e-5)


def test_one_pass_measures_every_system_of_an_evaluation_weighed_or_not(folders, digest):
    parent, plain, weighed = (
        MiniCoil.load(folders / "one", avg_len=20.0),
        MiniCoil.load(folders / "two", avg_len=20.0),
        weighed_of(folders / "two", digest),
    )
    with count_forwards() as counts:
        found = document_vectors(count_documents(TEXTS, plain, parent, True, weighing=weighed), plain.bm25)
    assert counts.n_twice == {} and counts.n_passes == {VECTORS: len(TEXTS)}
    blank = without_words(plain.vocabulary)
    expected = {
        BM25_SYSTEM: [bm25_vector(plain.tokenizer.words(text), plain.vocabulary, plain.bm25) for text in TEXTS],
        RELEASE: list(plain.embed(TEXTS)),
        PARENT: list(parent.embed(TEXTS)),
        RELEASE_IMPORTANCE: list(weighed.embed(TEXTS)),
        BM25_IMPORTANCE: [row for (row,) in weighed.embed_each(TEXTS, [blank])],
    }
    assert found.keys() == expected.keys()
    for system, vectors in expected.items():
        for one, other in zip(found[system], vectors, strict=True):
            assert one.indices.tolist() == other.indices.tolist()
            np.testing.assert_allclose(one.values, other.values, atol=1e-5)


def test_processes_and_memory_give_the_same(folders, digest):
    model = weighed_of(folders / "two", digest)
    assert model.recipe[1].importance == digest
    for a, b in zip(model.embed(TEXTS), model.beside(Vocabulary.empty()).embed(TEXTS), strict=True):
        shared = b.as_dict()
        assert all(abs(shared[cell] - value) < 1e-5 for cell, value in a.as_dict().items())


def test_a_release_without_the_file_does_not_open_for_a_collection_that_was_made_with_it(folders, digest):
    with pytest.raises(BundleError, match="carries no importance"):
        weighed_of(folders / "plain", digest)


def test_a_cell_of_several_tokens_weighs_their_mean():
    vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    tokens = ["pod", "pod", "pod\u00ae", "node\u00ae", "nodes"]
    bag = count_words(tokens, vocabulary)
    weights = weigh_bag(tokens, bag, vocabulary, {"pod": 1.0, "pod\u00ae": 4.0, "node\u00ae": 3.0})
    assert weights.tolist() == [2.0, 2.0]
    meaning = np.array([[1.0, 0, 0, 0]], np.float32)
    plain, heavy = (document_vector(bag, meaning, vocabulary, BM25, w) for w in (None, weights))
    np.testing.assert_allclose(heavy.values, 2 * plain.values)


def test_weights_of_one_give_the_same_bits():
    vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    tokens = ["pod", "pods", "node", "node", "run"]
    bag = count_words(tokens, vocabulary)
    meaning = np.array([[0.3, 0.1, -0.2, 0.7]], np.float32)
    plain = document_vector(bag, meaning, vocabulary, BM25)
    ones = document_vector(bag, meaning, vocabulary, BM25, weigh_bag(tokens, bag, vocabulary, {}))
    assert plain.values.tobytes() == ones.values.tobytes()


def test_pooled_words_without_the_ones_that_matter_weigh_nothing():
    nothing = np.zeros(0, np.int32)
    entry = PooledWords((), nothing, nothing, nothing, np.zeros((0, 64), np.float32), np.zeros(0, np.float32))
    assert Importance(np.ones(67, np.float32), 0.5).weigh(entry, 2) == {}
