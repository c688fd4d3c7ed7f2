"""The words of one document as importance sees them: what is known of each beside the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import PooledWords, sum_words
from minicoil.text import ENGLISH, Language

FEATURES = ("ln tf", "first place", "ln pieces")
N_HALF = 60.0  # words of a text at which importance counts half: in a short one every word was chosen


@dataclass(frozen=True)
class DocumentWords:
    """The content words of one text, a row for each stem; vocabularies take no part.

    Attributes:
        stems: n distinct ones, in order of first occurrence.
        word_of: Token -> its row; tokens that no vector holds are not there.
        counts: (n,) int64 occurrences of each.
        inputs: (n, D + 3) float32, what a learned vector is multiplied with; see `describe_words`.
    """

    stems: tuple[str, ...]
    word_of: dict[str, int]
    counts: NDArray[np.int64]
    inputs: NDArray[np.float32]


def describe_words(entry: PooledWords, n_tokens: int, language: Language = ENGLISH) -> DocumentWords:
    """The words of a text and their inputs, which do not depend on any other text.

    For word w of document d with n content words (occurrences counted):

        x(w, d) = n / (n + 60) * (y(w, d) - mean of y over the distinct words of d)
        y(w, d) = [ g(w, d), ln tf, first place, ln pieces ]

    g is the word's mean contextual embedding scaled to unit length, tf its occurrences, "first place" the share of the
    text before its first one, in [0, 1), "pieces" how many the tokenizer cuts it into: rare words have more, which
    stands in for an IDF that would drift with the collection. A text of one word has x = 0.

    Args:
        entry: Pooled embeddings of all content tokens of the text, whatever vocabulary asked for them; others are
            passed over, so that no vocabulary changes the answer.
        n_tokens: Of the text, specials included.
        language: Of the text.
    """
    stems: dict[str, int] = {}
    word_of: dict[str, int] = {}
    rows = []
    for row, token in enumerate(entry.tokens):
        if language.is_content(token):
            word_of[token] = stems.setdefault(language.stem(token), len(stems))
            rows.append(row)
    n, slots = len(stems), np.fromiter(word_of.values(), dtype=np.int64, count=len(word_of))
    kept = np.asarray(rows, dtype=np.int64)
    counts = np.bincount(slots, entry.counts[kept], n).astype(np.int64)
    pieces = np.bincount(slots, entry.pieces[kept], n)
    firsts = np.full(n, n_tokens, dtype=np.float64)
    np.minimum.at(firsts, slots, entry.firsts[kept])
    sums = sum_words(entry.sums if len(kept) == len(entry.sums) else entry.sums[kept], slots, n)
    lengths = np.sqrt(np.einsum("nd,nd->n", sums, sums))  # a word's mean and its sum have one direction
    width = sums.shape[1]
    inputs = np.empty((n, width + len(FEATURES)), dtype=np.float32)
    np.divide(sums, np.where(lengths < 1e-8, 1.0, lengths)[:, None], out=inputs[:, :width])
    inputs[:, width] = np.log(counts)
    inputs[:, width + 1] = firsts / max(n_tokens, 1)
    inputs[:, width + 2] = np.log(pieces / np.maximum(counts, 1))
    total = float(counts.sum())
    if n:
        inputs -= inputs.mean(axis=0)
        inputs *= np.float32(total / (total + N_HALF))
    return DocumentWords(tuple(stems), word_of, counts, inputs)
