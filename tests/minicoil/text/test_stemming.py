"""Stems, parts and stopwords are FastEmbed's own, for whatever a tokenizer may leave in one piece."""

import pytest
from fastembed.sparse.utils.sparse_vectors_converter import SparseVectorConverter, WordEmbedding
from hypothesis import given, settings, strategies as st
from py_rust_stemmers import SnowballStemmer

from minicoil.text.stemming import (
    MAX_STEM_LENGTH,
    SPECIAL_TOKENS,
    STOPWORDS,
    cut_stems,
    is_joined,
    part_stems,
    split_parts,
    stem,
)

# made once: it looks at every character there is
CONVERTER = SparseVectorConverter(set(STOPWORDS), SnowballStemmer("english"), 1.2, 0.75, 150.0)
tokens = st.one_of(
    st.sampled_from(["pods", "java\u2122", "the", ",", "\u2014", "x\u00b0pod", "a" * 41, "university", "[UNK]", "the\u00ae"]),
    st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=8),
).filter(lambda token: token.strip() and not token.startswith("##"))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(tokens)
def test_the_stems_of_an_unknown_token_are_those_that_fastembed_hashes(token):
    cleaned = CONVERTER.clean_words({token: WordEmbedding(token, [token], 1, -1, [1])})
    theirs = [] if token in SPECIAL_TOKENS else list(cleaned)
    assert list(dict.fromkeys(part_stems(token))) == theirs


def test_a_stem_has_another_stem_again_so_forms_are_mapped_one_by_one():
    assert [stem(word) for word in ("pods", "pod", "university", "univers")] == ["pod", "pod", "univers", "univ"]


@pytest.mark.parametrize(
    ("token", "parts"),
    [("java\u2122", ["java"]), ("a_b", ["a_b"]), ("90\u00b0c", ["90", "c"]), ("\u20ac", []), ("", []), ("two words", ["two", "words"])],
)  # fmt: skip
def test_a_token_is_cut_at_symbols_alone(token, parts):
    assert split_parts(token) == parts


def test_what_search_leaves_out_has_no_stem():
    for token in ("the", ",", "[CLS]", "the\u00ae", "x" * (MAX_STEM_LENGTH + 1), ""):
        assert part_stems(token) == (), token
    assert part_stems("x" * MAX_STEM_LENGTH) == ("x" * MAX_STEM_LENGTH,)


def test_stopwords_may_be_those_of_a_folder():
    assert cut_stems("the", frozenset()) == ("the",) and cut_stems("pods", frozenset({"pod"})) == ()


@pytest.mark.parametrize(
    ("token", "is_so"),
    [("pod\u00ae", True), ("\u20acpod", True), ("a\u00b0b", True), ("pod", False), (",", False), ("\u20ac\u20ac", False), ("[UNK]", False)],
)  # fmt: skip
def test_a_joined_token_holds_a_word_and_a_symbol(token, is_so):
    assert is_joined(token) is is_so
