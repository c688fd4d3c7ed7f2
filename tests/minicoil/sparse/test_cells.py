"""Arithmetic equal to FastEmbed's own functions, cell for cell and in the same order."""

import numpy as np
import pytest
from fastembed.sparse.utils.sparse_vectors_converter import SparseVectorConverter, WordEmbedding
from fastembed.sparse.utils.vocab_resolver import VocabResolver
from hypothesis import given, settings, strategies as st
from py_rust_stemmers import SnowballStemmer

from minicoil.config import Bm25Config
from minicoil.errors import BundleError
from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.explanation import explain
from minicoil.sparse.cells import (
    SparseVector,
    as_indices,
    bag_cells,
    bm25_vector,
    count_words,
    document_vector,
    normalise,
    query_vector,
    term_frequency,
    union,
    unknown_cell,
)
from minicoil.sparse.query_terms import split_query
from minicoil.text.stemming import STOPWORDS, stem
from minicoil.words.vocabulary import Vocabulary

BM25 = Bm25Config(1.3, 0.7, 11.0)
VOCABULARY, _ = Vocabulary.empty(capacity=300).apply({"pod": ["pods"], "node": ["nodes"], "java": []})
words = st.one_of(
    st.sampled_from(
        ["pod", "pods", "node", "java\u2122", "x\u00b0pod", "the", ",", "[CLS]", "[UNK]", "a" * 50, "\u20ac"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=12),
).filter(lambda word: not word.startswith("##") and word.strip())
texts = st.lists(words, max_size=25)


# made once: it looks at every character there is
CONVERTER = SparseVectorConverter(set(STOPWORDS), SnowballStemmer("english"), BM25.k, BM25.b, BM25.avg_len)


def theirs(tokens, meanings, query):
    """FastEmbed's converter fed with the same words."""
    stemmer = SnowballStemmer("english")
    resolver = VocabResolver(None, set(STOPWORDS), stemmer)
    resolver.words, resolver.vocab, resolver.stem_mapping = (
        list(VOCABULARY.words),
        VOCABULARY.ids,
        VOCABULARY.stem_mapping,
    )
    resolver.convert_ids_to_tokens = lambda ids: [tokens[i] for i in ids]
    _, counts, oov, forms = resolver.resolve_tokens(np.arange(len(tokens)))
    sentence = {}
    for word_id in sorted(counts):
        word = resolver.lookup_word(word_id)
        sentence[word] = WordEmbedding(word, forms[word], counts[word_id], word_id, meanings[word_id].tolist())
    for word, count in oov.items():
        sentence[word] = WordEmbedding(word, [word], count, -1, [1])
    make = CONVERTER.embedding_to_vector_query if query else CONVERTER.embedding_to_vector
    return make(sentence, 4, resolver.vocab_size())


@settings(max_examples=200, deadline=None)
@given(texts, st.booleans(), st.integers(0, 2**32))
def test_vectors_equal_fastembed_on_any_words(tokens, query, seed):
    rng = np.random.default_rng(seed)
    meanings = {i: rng.normal(size=4).astype(np.float32) for i in range(1, 5)}
    bag = count_words(tokens, VOCABULARY)
    rows = np.stack([meanings[i] for i in bag.word_ids]) if bag.word_ids else np.zeros((0, 4), np.float32)
    ours = query_vector(bag, rows, VOCABULARY) if query else document_vector(bag, rows, VOCABULARY, BM25)
    expected = theirs(tokens, meanings, query)
    assert ours.indices.tolist() == expected.indices.tolist()
    np.testing.assert_allclose(ours.values, expected.values, atol=2e-6)


@settings(max_examples=50, deadline=None)
@given(texts)
def test_plain_bm25_is_the_vector_of_an_empty_vocabulary_of_the_same_size(tokens):
    empty = Vocabulary.empty(capacity=300)
    expected = document_vector(count_words(tokens, empty), np.zeros((0, 4), np.float32), empty, BM25)
    found = bm25_vector(tokens, VOCABULARY, BM25)
    assert found.indices.tolist() == expected.indices.tolist()
    np.testing.assert_array_equal(found.values, expected.values)


def test_a_zero_meaning_stays_zero():
    assert normalise(np.zeros((1, 4), np.float32)).tolist() == [[0, 0, 0, 0]]


def vector(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def test_a_union_holds_the_cells_of_both_and_refuses_two_values_for_one_cell():
    both = union(vector((1, 0.5), (2, 1.0)), vector((2, 1.0), (9, 3.0)))
    assert dict(zip(both.indices.tolist(), both.values.tolist(), strict=True)) == {1: 0.5, 2: 1.0, 9: 3.0}
    with pytest.raises(BundleError, match="cell 2"):
        union(vector((2, 1.0)), vector((2, 0.2)))
    assert union(vector((2, 1.0)), vector((2, 0.2)), lenient=True).values.tolist() == [1.0]


@pytest.mark.parametrize(("one", "other"), [("leeway", "haught"), ("bronxvill", "ridgevill")])
def test_two_unknown_words_in_one_cell_are_one_cell_with_both_counts(one, other):
    vocabulary = Vocabulary.empty()
    tokens = [one, other, one, "kernel"]
    bag = count_words(tokens, vocabulary)
    assert unknown_cell(one, vocabulary.unknown_shift) == unknown_cell(other, vocabulary.unknown_shift)
    document = bm25_vector(tokens, vocabulary, BM25)
    assert len(set(document.indices.tolist())) == len(document.indices) == 2 == len(bag_cells(bag, vocabulary))
    expected = term_frequency(np.array([3.0, 1.0]), 4, BM25)
    np.testing.assert_allclose(document.values, expected, rtol=1e-6)
    query = bm25_vector(tokens, vocabulary, BM25, query=True)
    assert query.indices.tolist() == document.indices.tolist() and query.values.tolist() == [1.0, 1.0]
    term, kernel = split_query(tokens, query, vocabulary)
    assert (
        term.word == f"{stem(one)} or {stem(other)}"
        and term.cells.values.tolist() == term.plain.values.tolist() == [1.0]
    )
    (score, alone) = explain([term, kernel], document, lambda cells: np.full(len(cells), 2.0))
    assert score.score == pytest.approx(2 * expected[0]) and alone.score == pytest.approx(2 * expected[1])
    index = ExactIndex([document, bm25_vector(["kernel"], vocabulary, BM25)])
    assert index.search(query, 2).scores[0] == pytest.approx(
        float((index.idf(query.indices) * document.values).sum()), rel=1e-6
    )


def test_indices_of_other_people_keep_their_width():
    assert as_indices([5, 2**31 - 1]).dtype == np.int32
    assert as_indices([5, 2**32 - 1]).tolist() == [5, 2**32 - 1]
    assert as_indices([]).dtype == np.int32
