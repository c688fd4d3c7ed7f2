"""The vectors of one text, once its words were measured: as a document, as a query, and for readers of two releases."""

from __future__ import annotations

from collections.abc import Sequence

from minicoil.config import Bm25Config
from minicoil.sparse.cells import Bag, SparseVector, count_words, document_vector, query_vector, union
from minicoil.sparse.meanings import WordMeanings
from minicoil.sparse.weighing import weigh_bag
from minicoil.text import TokenizedText, is_joined
from minicoil.words import Vocabulary


def text_vector(
    text: TokenizedText, found: WordMeanings, vocabulary: Vocabulary, bm25: Bm25Config, bag: Bag | None = None
) -> SparseVector:
    """The vector of a document.

    Args:
        text: Its words.
        found: What they mean, those of this vocabulary at least; with weights where words are weighed.
        vocabulary: Which of them are known.
        bm25: Of the collection.
        bag: The words counted under this vocabulary, by whoever has done that.
    """
    bag = count_words(text.tokens, vocabulary) if bag is None else bag
    weights = None if found.weights is None else weigh_bag(text.tokens, bag, vocabulary, found.weights)
    return document_vector(bag, found.select(bag.word_ids), vocabulary, bm25, weights)


def text_query(text: TokenizedText, found: WordMeanings, vocabulary: Vocabulary) -> SparseVector:
    """The vector of a query; its words are never weighed."""
    bag = count_words(text.tokens, vocabulary)
    return query_vector(bag, found.select(bag.word_ids), vocabulary)


def text_union(
    text: TokenizedText, found: WordMeanings, vocabulary: Vocabulary, olds: Sequence[Vocabulary], bm25: Bm25Config
) -> tuple[SparseVector, SparseVector]:
    """The vector of a document, and the same with the cells it had under each of `olds` beside.

    Raises:
        BundleError: a cell has another value under one of `olds`.
    """
    new = everything = text_vector(text, found, vocabulary, bm25)
    # a symbol-joined token may count for one word more or less than before, and so may the text's length
    lenient = bool(olds) and any(is_joined(token) for token in text.tokens)
    for old in olds:
        everything = union(everything, text_vector(text, found, old, bm25), lenient)
    return new, everything
