"""Texts that are remembered give the vectors that a forward pass gives, and none goes through the encoder twice."""

import numpy as np
import pytest

from minicoil.encoder.forward_counts import TRAINING, VECTORS, count_forwards, encoding_for
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, create_empty_bundle, derive_bundle
from minicoil.sparse.embedding_kind import graph_digest, kind_of
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.parity import VALUE_TOLERANCE
from minicoil.words.vocabulary import Vocabulary

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making

TEXTS = [
    "A pod and more pods on a node; the pods\u00ae of the nodes.",
    "the of and",
    "A kernel of the matrix, the kernels of the systems: unscheduled unschedulable pods.",
    "",
    "Nothing that anybody knows, quixotically.",
    "caf\u00e9 pod " + "node kernel " * 300,
    *(f"pods and nodes number {i} " + "kernel of a matrix " * (i % 7) for i in range(30)),
]


class Memory:
    """Everything that was offered, in a dict."""

    def __init__(self, takes=True):
        self.entries, self.takes_all, self.n_found = {}, takes, 0

    def find(self, keys):
        found = {key: self.entries[key] for key in keys if key in self.entries}
        self.n_found += len(found)
        return found

    def takes(self, keys):
        return set(keys) if self.takes_all else set()

    def offer(self, entries):
        self.entries |= entries

    def settle(self):
        pass


@pytest.fixture(scope="module")
def folders(tiny_encoder, tmp_path_factory):
    """An empty model, one of three words, and a child of it with two more and one retrained."""
    folder = tmp_path_factory.mktemp("models")
    create_empty_bundle(tiny_encoder, folder / "empty")
    rng, vocabulary = np.random.default_rng(3), Vocabulary.empty()
    parent = "empty"
    for name, add, retrain in (("one", ("pod", "node", "unschedul"), ()), ("two", ("kernel", "matrix"), ("pod",))):
        vocabulary, ids = vocabulary.apply({word: [word] for word in add}, retrain=retrain)
        rows = {i: rng.normal(scale=0.3, size=(64, 4)).astype(np.float32) for i in ids.values()}
        derive_bundle(folder / parent, folder / name, vocabulary, rows, {"release": name})
        parent = name
    return folder


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.indices.tolist() == other.indices.tolist()
        np.testing.assert_allclose(one.values, other.values, atol=VALUE_TOLERANCE)


@pytest.mark.parametrize("takes", [True, False])
def test_vectors_are_those_without_memory_whether_texts_are_new_or_known(folders, takes):
    plain, memory = MiniCoil.load(folders / "two", avg_len=20.0), Memory(takes)
    model = plain.remembering(memory)
    old = check_bundle(folders / "one")[1]
    for _ in range(2):
        assert_equal(model.embed(TEXTS), plain.embed(TEXTS))
        assert_equal(model.query_embed(TEXTS), plain.query_embed(TEXTS))
        for one, other in zip(model.embed_union(TEXTS, old), plain.embed_union(TEXTS, old), strict=True):
            assert_equal(one, other)
        both = [model.vocabulary, old]
        for one, other in zip(model.embed_each(TEXTS, both), plain.embed_each(TEXTS, both), strict=True):
            assert_equal(one, other)
    assert bool(memory.n_found) == takes and bool(memory.entries) == takes


def test_sentence_vectors_are_remembered_with_the_words(folders):
    plain, memory = MiniCoil.load(folders / "two", avg_len=20.0), Memory()
    model = plain.remembering(memory)
    assert_equal(model.embed(TEXTS), plain.embed(TEXTS))  # without sentence vectors
    with count_forwards() as counts:
        for _ in range(2):
            hybrid, expected = list(model.embed_hybrid(TEXTS)), list(plain.remembering(None).embed_hybrid(TEXTS))
            assert_equal([entry.sparse for entry in hybrid], [entry.sparse for entry in expected])
            gaps = [np.abs(one.dense - other.dense).max() for one, other in zip(hybrid, expected, strict=True)]
            assert max(gaps) < 1e-6
    assert counts.n_passes[VECTORS] == 3 * len(TEXTS)  # twice without memory, once with it


def test_a_text_goes_through_the_encoder_once_for_release_and_parent_documents_and_queries(folders):
    memory = Memory()
    one, two = (MiniCoil.load(folders / name, avg_len=20.0).remembering(memory) for name in ("one", "two"))
    with count_forwards() as counts:
        for model in (one, two):
            for texts in (TEXTS, [*TEXTS, *TEXTS]):
                list(model.embed(texts))
                list(model.query_embed(texts))
                list(model.pool(texts))
    assert counts.n_twice == {} and counts.n_passes == {VECTORS: len(TEXTS)}
    with count_forwards() as counts:
        list(one.remembering(None).embed(["a pod", "a pod"]))
    assert counts.n_twice == {VECTORS: 1} and counts.n_passes == {VECTORS: 2}


def test_what_is_encoded_for_something_else_is_counted_apart(folders):
    model = MiniCoil.load(folders / "two")
    with count_forwards() as counts:
        list(model.embed(["a pod"]))
        with encoding_for(TRAINING):
            list(model.embed(["a pod"]))
    assert counts.n_passes == {VECTORS: 1, TRAINING: 1} and not counts.n_twice
    list(model.embed(["a pod"]))
    assert counts.n_passes == {VECTORS: 1, TRAINING: 1}  # nobody counts any more


def test_an_entry_that_lacks_a_word_is_not_enough(folders):
    plain, memory = MiniCoil.load(folders / "two", avg_len=20.0), Memory()
    model = plain.remembering(memory)
    list(model.embed(TEXTS[:1]))
    ((key, entry),) = memory.entries.items()
    keep = [row for row, token in enumerate(entry.tokens) if token != "node"]
    columns = (getattr(entry, name)[keep] for name in ("pieces", "counts", "firsts", "sums"))
    memory.entries[key] = type(entry)(tuple(entry.tokens[row] for row in keep), *columns, entry.dense)
    with count_forwards() as counts:
        assert_equal(model.embed(TEXTS[:1]), plain.embed(TEXTS[:1]))
    assert counts.n_passes == {VECTORS: 2} and memory.entries[key].tokens == entry.tokens


def test_pooled_words_say_what_they_hold_where_it_stands_and_how_often(folders):
    model = MiniCoil.load(folders / "one", avg_len=20.0)
    ((text, words),) = model.pool("The pods, and a pod on unscheduled pods.")
    assert text.startswith("The pods") and words.tokens == ("pods", "pod", "unscheduled")
    assert words.counts.tolist() == [2, 1, 1] and words.firsts.tolist() == [2, 6, 8]  # after [CLS]
    read = model.tokenizer.tokenize([text])[0]
    (batch,) = model.encoder.encode([read])
    for row, token in enumerate(words.tokens):
        pieces = [i for i, position in enumerate(read.positions) if read.tokens[position] == token]
        assert words.pieces[row] == len(pieces)
        np.testing.assert_allclose(words.means[row], batch.embeddings[0, pieces].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("takes", [True, False])
def test_all_words_are_pooled_whatever_the_memory_keeps(folders, takes):
    model = MiniCoil.load(folders / "two", avg_len=20.0)
    expected = [words for _, words in model.pool(TEXTS)]
    for _, found in zip(range(2), [model.remembering(Memory(takes))] * 2, strict=True):
        for (_, one), other in zip(found.pool(TEXTS), expected, strict=True):
            assert one.tokens == other.tokens
            np.testing.assert_allclose(one.sums, other.sums, rtol=1e-5, atol=1e-5)


def test_releases_of_one_encoder_share_what_they_remember_and_other_encoders_do_not(folders, bundle):
    kinds = {
        name: kind_of(BundleLayout(folders / name), MiniCoil.load(folders / name).encoder) for name in ("one", "two")
    }
    assert kinds["one"] == kinds["two"] != kind_of(BundleLayout(bundle), MiniCoil.load(bundle).encoder)
    rows = [BundleLayout(folders / name).rows for name in ("one", "two")]
    assert rows[0].read_bytes() != rows[1].read_bytes() and graph_digest(rows[0]) == graph_digest(rows[1])
