"""BM25's k, b and avg_len read back from the vectors that somebody made with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.files import MOST
from minicoil.sparse.cells import Bag, SparseVector, hashed_counts
from minicoil.words import Vocabulary


@dataclass(frozen=True)
class TermStatistics:
    """Term frequencies seen in vectors, with what they were made from.

    Attributes:
        counts: (n,) float64 occurrences of a word in its text.
        lengths: (n,) float64 words of that text.
        frequencies: (n,) float64 saturated term frequency that the vector holds.
    """

    counts: NDArray[np.float64]
    lengths: NDArray[np.float64]
    frequencies: NDArray[np.float64]


def read_statistics(bag: Bag, vector: SparseVector, vocabulary: Vocabulary) -> TermStatistics:
    """The statistics of one text: a word's term frequency is the norm of its cells, because a meaning has unit length.

    Args:
        bag: Words of the text.
        vector: Made from it, its cells in any order.
        vocabulary: Gives d and the unknown-word shift.
    """
    held = vector.once()  # of two words in one cell, nobody knows whose value it holds
    counts, frequencies = [], []
    for word_id, count in zip(bag.word_ids, bag.word_counts, strict=True):
        block = range(word_id * vocabulary.dims, (word_id + 1) * vocabulary.dims)
        norm = float(np.linalg.norm([held.get(cell, 0.0) for cell in block]))
        if norm > 1e-6:  # a layer of zeros says nothing
            counts.append(count)
            frequencies.append(norm)
    for cell, count in hashed_counts(bag, vocabulary).items():
        if cell in held:
            counts.append(count)
            frequencies.append(held[cell])
    lengths = np.full(len(counts), bag.n_words, dtype=np.float64)
    return TermStatistics(np.asarray(counts, np.float64), lengths, np.asarray(frequencies, np.float64))


def fit_bm25(statistics: TermStatistics, default: Bm25Config | None = None) -> Bm25Config:
    """The k, b and avg_len that explain term frequencies.

    >>> counts, lengths = np.array([1.0, 2, 1, 3]), np.array([10.0, 10, 40, 40])
    >>> tf = counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * lengths / 20))
    >>> fit_bm25(TermStatistics(counts, lengths, tf))
    Bm25Config(k=1.2, b=0.75, avg_len=20.0)

    BM25 is linear in its unknowns once it is turned over: c / tf = c/(k+1) + k(1-b)/(k+1) + l kb/(avg_len (k+1)).
    Least squares gives all three. Where every count is one, k cannot be told from b and `default.k` is taken; where b
    is zero, avg_len has no effect and is `default`'s. Frequencies that no BM25 gives have no fit: `default` comes back,
    as it does where there are none. One that is not above 0, in a vector of somebody else's making, is left out.

    Args:
        statistics: Of many texts of different lengths.
        default: What cannot be seen.

    Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), for the formula.
    """
    default = default or Bm25Config()
    usable = np.isfinite(statistics.frequencies) & (statistics.frequencies > 0)
    if not usable.any():
        return default
    c, length = statistics.counts[usable], statistics.lengths[usable]
    turned = c / statistics.frequencies[usable]
    ones = np.ones_like(c)
    if len(np.unique(c)) > 1:
        (slope, constant, per_word), *_ = np.linalg.lstsq(np.column_stack([c, ones, length]), turned, rcond=None)
        k = 1 / float(slope) - 1
        rest = float(constant) * (k + 1)
    else:
        (constant, per_word), *_ = np.linalg.lstsq(np.column_stack([ones, length]), turned, rcond=None)
        k = default.k
        rest = float(constant) * (k + 1) - float(c[0])
    b = 1 - rest / k
    avg_len = k * b / (float(per_word) * (k + 1)) if abs(b) > 1e-3 and per_word > 0 else default.avg_len
    if not all(map(math.isfinite, (k, b, avg_len))) or k <= 0 or not 0 < avg_len <= MOST:
        return default
    # least squares ends a little beside 0 and 1, where b really was one of them
    return Bm25Config(max(round(k, 4), 1e-4), min(max(round(b, 4), 0.0), 1.0), max(round(avg_len, 2), 0.01))
