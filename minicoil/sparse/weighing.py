"""Importance brought to the cells of a text: a cell's weight is the mean over the occurrences that it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from minicoil.sparse.cells import Bag, hashed_counts, unknown_cell
from minicoil.words import Vocabulary


def weigh_bag(
    tokens: Sequence[str], bag: Bag, vocabulary: Vocabulary, weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """The weights of a bag's words, known ones first and then hashed cells, in the order of `document_vector`.

    >>> from minicoil.sparse.cells import count_words
    >>> vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    >>> tokens = ["pods", "run", "pod"]
    >>> weigh_bag(tokens, count_words(tokens, vocabulary), vocabulary, {"pods": 1.2, "pod": 1.2, "run": 0.6})
    array([1.2, 0.6])

    A token has one weight under every vocabulary, so a word keeps its weight when it becomes known, is retrained, or
    goes back to BM25.

    Args:
        tokens: Of the text.
        bag: `count_words` of the same.
        vocabulary: The same.
        weights: Token -> weight; tokens that it lacks have weight 1.
    """
    sums = dict.fromkeys(bag.word_ids, 0.0)
    counts = hashed_counts(bag, vocabulary)
    hashed = dict.fromkeys(counts, 0.0)
    part_stems = vocabulary.language.part_stems
    for token, word_id in zip(tokens, vocabulary.resolve_all(tokens), strict=True):
        weight = weights.get(token, 1.0)
        if word_id:
            sums[word_id] += weight
            continue
        for part in part_stems(token):
            word_id = vocabulary.ids.get(part, 0)
            if word_id in sums:
                sums[word_id] += weight
            else:
                hashed[unknown_cell(part, vocabulary.unknown_shift)] += weight
    total = np.asarray([*sums.values(), *hashed.values()], dtype=np.float64)
    return np.asarray(total / np.asarray([*bag.word_counts, *counts.values()], dtype=np.float64))
