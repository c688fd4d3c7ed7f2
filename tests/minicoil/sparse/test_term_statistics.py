"""k, b and avg_len are read back from vectors, whoever made them, or the default is taken where they cannot be."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.config import Bm25Config
from minicoil.sparse.cells import SparseVector, count_words, document_vector, term_frequency, unknown_cell
from minicoil.sparse.term_statistics import TermStatistics, fit_bm25, read_statistics
from minicoil.words.vocabulary import Vocabulary

VOCABULARY, _ = Vocabulary.empty(capacity=50).apply({"pod": ["pods"], "node": ["nodes"]})
TEXTS = [["pods"] * i + ["whale"] * j + ["node", "ship", "the"][:k] for i in range(4) for j in range(1, 4) for k in range(4)]  # fmt: skip


def vectors(bm25, texts=TEXTS):
    """Each text's bag and vector, its words in meanings of unit length."""
    rng = np.random.default_rng(1)
    for tokens in texts:
        bag = count_words(tokens, VOCABULARY)
        meanings = rng.normal(size=(len(bag.word_ids), 4)).astype(np.float32)
        yield bag, document_vector(bag, meanings, VOCABULARY, bm25)


def joined(pairs):
    parts = [read_statistics(bag, vector, VOCABULARY) for bag, vector in pairs]
    names = ("counts", "lengths", "frequencies")
    return TermStatistics(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 5.0), st.floats(0.05, 1.0), st.floats(2.0, 300.0))
def test_what_vectors_were_made_with_is_read_back(k, b, avg_len):
    found = fit_bm25(joined(vectors(Bm25Config(k, b, avg_len))))
    assert (found.k, found.b) == (pytest.approx(k, rel=0.01, abs=1e-3), pytest.approx(b, rel=0.01, abs=5e-3))
    assert found.avg_len == pytest.approx(avg_len, rel=0.02, abs=0.02)


def test_statistics_of_a_text_are_its_counts_its_length_and_the_norms_of_its_cells():
    bag, vector = next(vectors(Bm25Config(1.2, 0.75, 5.0), [["pods", "pod", "whale", "node"]]))
    backwards = SparseVector(vector.indices[::-1].copy(), vector.values[::-1].copy())
    for given_vector in (vector, backwards):
        found = read_statistics(bag, given_vector, VOCABULARY)
        assert found.counts.tolist() == [2, 1, 1] and found.lengths.tolist() == [4, 4, 4]
        expected = term_frequency(np.array([2.0, 1, 1]), 4, Bm25Config(1.2, 0.75, 5.0))
        np.testing.assert_allclose(found.frequencies, expected, rtol=1e-6)


def test_a_layer_of_zeros_and_a_cell_of_two_words_say_nothing():
    bag = count_words(["pods", "whale"], VOCABULARY)
    whale = unknown_cell("whale", VOCABULARY.unknown_shift)
    vector = SparseVector(np.array([4, 5, 6, 7, whale, whale], np.int32), np.float32([0, 0, 0, 0, 1, 1]))
    assert len(read_statistics(bag, vector, VOCABULARY).counts) == 0


DEFAULT = Bm25Config(1.7, 0.3, 44.0)


def of(counts, lengths, frequencies):
    return TermStatistics(*(np.asarray(column, np.float64) for column in (counts, lengths, frequencies)))


def test_where_every_count_is_one_k_is_the_default_and_b_and_the_length_are_found():
    lengths = np.array([5.0, 10.0, 40.0])
    frequencies = term_frequency_of(np.ones(3), lengths, Bm25Config(1.7, 0.6, 20.0))
    assert fit_bm25(of(np.ones(3), lengths, frequencies), DEFAULT) == Bm25Config(1.7, 0.6, 20.0)


def test_where_length_has_no_effect_the_mean_length_is_the_default():
    counts, lengths = np.array([1.0, 2, 3, 1]), np.array([5.0, 10, 20, 40])
    frequencies = term_frequency_of(counts, lengths, Bm25Config(1.2, 0.0, 20.0))
    assert fit_bm25(of(counts, lengths, frequencies), DEFAULT) == Bm25Config(1.2, 0.0, 44.0)


def term_frequency_of(counts, lengths, bm25):
    return counts * (bm25.k + 1) / (counts + bm25.k * (1 - bm25.b + bm25.b * lengths / bm25.avg_len))


@pytest.mark.parametrize(
    "statistics",
    [
        of([], [], []),
        of([1, 2], [5, 9], [0, -1]),
        of([1], [5], [np.nan]),
        of([1, 2, 3, 1], [5, 10, 20, 40], [1, 9, 100, 1]),  # grows faster than the count
    ],
    ids=["nothing", "nothing above 0", "not a number", "no BM25"],
)
def test_what_no_bm25_gives_has_no_fit(statistics):
    assert fit_bm25(statistics, DEFAULT) == DEFAULT and fit_bm25(statistics) == Bm25Config()


def test_a_cell_of_nought_in_somebody_elses_vector_does_not_spoil_the_rest():
    clean = joined(vectors(Bm25Config(1.2, 0.75, 20.0)))
    dirty = of(*(np.append(getattr(clean, n), v) for n, v in (("counts", 1), ("lengths", 5), ("frequencies", 0))))
    assert fit_bm25(dirty) == fit_bm25(clean) == Bm25Config(1.2, 0.75, 20.0)
