"""What a mean length that is not true any more does to rankings: the same texts under the old one and the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minicoil.config import Bm25Config
from minicoil.retrieval.comparison import shift
from minicoil.retrieval.exact_index import ExactIndex
from minicoil.sparse import SparseVector, count_words, document_vector, query_vector
from minicoil.text import ENGLISH, Language
from minicoil.words import Vocabulary

QUERIES = 64
QUERY_WORDS = 3
DEPTH = 10


def overlap_of_rankings(
    texts: Sequence[Sequence[str]], fixed: Bm25Config, avg_len: float, language: Language = ENGLISH
) -> float:
    """Mean share of the first ten results that two mean lengths have in common, in [0, 1]; 1 where nothing moves.

    Queries are made of the texts themselves: three different words each, as they follow each other. Every word counts
    as plain BM25 does; meanings multiply both sides alike.

    Args:
        texts: Tokens of each text, as many as stand for the collection.
        fixed: k, b and avg_len that the collection's vectors are made with.
        avg_len: The mean length to compare with.
        language: Of the texts.
    """
    empty = Vocabulary.empty(capacity=1, language=language)
    bags = [count_words(tokens, empty) for tokens in texts]
    nothing = np.zeros((0, empty.dims), np.float32)
    one, other = (
        ExactIndex([document_vector(bag, nothing, empty, bm25) for bag in bags])
        for bm25 in (fixed, replace(fixed, avg_len=avg_len))
    )
    queries = [bag.unknown[:QUERY_WORDS] for bag in bags if len(bag.unknown) >= QUERY_WORDS][:QUERIES]
    overlaps = []
    for words in queries:
        query: SparseVector = query_vector(count_words(words, empty), nothing, empty)
        found = [index.search(query, DEPTH).places.tolist() for index in (one, other)]
        overlaps.append(shift(found[0], found[1], DEPTH).overlap)
    return float(np.mean(overlaps)) if overlaps else 1.0
