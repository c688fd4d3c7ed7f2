"""Hashed cells of unknown words begin where FastEmbed lets them begin, above every known word's cells."""

import pytest
from fastembed.sparse.utils.sparse_vectors_converter import GAP as THEIR_GAP, SparseVectorConverter, WordEmbedding
from hypothesis import given, settings, strategies as st
from py_rust_stemmers import SnowballStemmer

from minicoil.sparse.cells import unknown_cell
from minicoil.words.unknown_words import GAP, shift_of


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 200_000), st.sampled_from([4, 8, 16]))
def test_no_known_word_reaches_them_and_they_move_in_steps(n_words, dims):
    shift = shift_of(n_words, dims)
    assert shift % GAP == 0 and shift - GAP > n_words * dims + dims - 1 and GAP == THEIR_GAP
    assert shift_of(n_words + 1, dims) - shift in (0, GAP)


@pytest.mark.parametrize("n_words", [0, 1, 7_998, 7_999, 19_125, 39_999])
def test_it_is_where_fastembed_puts_an_unknown_word(n_words):
    converter = SparseVectorConverter(set(), SnowballStemmer("english"), 1.2, 0.75, 150.0)
    word = {"kernel": WordEmbedding("kernel", ["kernel"], 1, -1, [1])}
    theirs = converter.embedding_to_vector_query(word, 4, n_words + 1)
    assert theirs.indices.tolist() == [unknown_cell("kernel", shift_of(n_words, 4))]
