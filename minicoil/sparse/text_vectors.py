"""The vectors of one text, once its words were measured: as a document, as a query, and for readers of two releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.sparse.cells import Bag, SparseVector, count_words, document_vector, query_vector, union
from minicoil.sparse.meanings import WordMeanings
from minicoil.sparse.weighing import weigh_bag
from minicoil.text import TokenizedText, is_joined
from minicoil.words import Vocabulary


@dataclass(frozen=True)
class CountedText:
    """A document under one vocabulary: all that its vector is made of but the collection's k, b and avg_len.

    Attributes:
        bag: Its words.
        outputs: (n_known, d) float32 what the known ones mean, in the order of `bag.word_ids`.
        vocabulary: Which words are known.
        weights: (n,) float64 of known and hashed words, in this order; None where they are not weighed.
    """

    bag: Bag
    outputs: NDArray[np.float32]
    vocabulary: Vocabulary
    weights: NDArray[np.float64] | None = None

    @property
    def n_words(self) -> int:
        """The document's length for BM25."""
        return self.bag.n_words

    def vector(self, bm25: Bm25Config) -> SparseVector:
        """The document's vector in a collection with this k, b and avg_len."""
        return document_vector(self.bag, self.outputs, self.vocabulary, bm25, self.weights)


def count_text(text: TokenizedText, found: WordMeanings, vocabulary: Vocabulary, bag: Bag | None = None) -> CountedText:
    """A document's words under a vocabulary.

    Args:
        text: Its words.
        found: What they mean, those of this vocabulary at least; with weights where words are weighed.
        vocabulary: Which of them are known.
        bag: The words counted under this vocabulary, by whoever has done that.
    """
    bag = count_words(text.tokens, vocabulary) if bag is None else bag
    weights = None if found.weights is None else weigh_bag(text.tokens, bag, vocabulary, found.weights)
    return CountedText(bag, found.select(bag.word_ids), vocabulary, weights)


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
    new = everything = count_text(text, found, vocabulary).vector(bm25)
    # a symbol-joined token may count for one word more or less than before, and so may the text's length
    lenient = bool(olds) and any(is_joined(token) for token in text.tokens)
    for old in olds:
        everything = union(everything, count_text(text, found, old).vector(bm25), lenient)
    return new, everything
