"""What a word is worth teaching: how far its meaning would reorder what people ask, for how many points rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNTAUGHT_ORDERING = 0.5  # of a word without a layer: every use of it means the same
ENOUGH_GAIN = 0.8  # the share of the whole gain that a frontier names the price of
_PREFIXES = 10
_NOTHING = 1e-9  # points; sums of weights are not exact


@dataclass(frozen=True)
class FrontierRow:
    """What the first words of an order bring, and what they cost.

    Attributes:
        n_words: How many of the first.
        n_points: Points that carry one of them.
        share_of_gain: Of the expected gain of all, in [0, 1].
    """

    n_words: int
    n_points: int
    share_of_gain: float


@dataclass(frozen=True)
class Spread:
    """Which points carry which words; of all points, or of a fair sample of them.

    Attributes:
        words: (m,) int64 word numbers.
        points: (m,) int64 point numbers, so that word `words[i]` is in point `points[i]`; no pair twice.
        weights: (n_points,) float64, how many points each stands for.
    """

    words: NDArray[np.int64]
    points: NDArray[np.int64]
    weights: NDArray[np.float64]

    def counts(self, n_words: int) -> NDArray[np.float64]:
        """(n_words,) how many points carry each word."""
        return np.asarray(np.bincount(self.words, self.weights[self.points], n_words), dtype=np.float64)


def expected_gain(asked: float, idf: float, meaning: float) -> float:
    """How far teaching a word is expected to move rankings; to compare words by, it has no unit.

    A word's part of a score is its IDF times how close its meanings lie, so a meaning told better by `meaning` reorders
    a query that has the word by about IDF x `meaning`.

    >>> round(expected_gain(asked=0.02, idf=5.0, meaning=0.1), 4)
    0.01

    Args:
        asked: Share of queries that have the word.
        idf: Its inverse document frequency where it is searched.
        meaning: Held-out ordering that it would gain; less than nothing counts as nothing.
    """
    return asked * idf * max(meaning, 0.0)


def order_by_worth(gains: Sequence[float], spread: Spread, first: Sequence[int] = ()) -> list[int]:
    """Word numbers by expected gain per point rewritten, the best first.

    Points that an earlier word rewrites cost a later one nothing: an index of what is left is kept as words are taken.

    >>> spread = Spread(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), np.ones(3))
    >>> order_by_worth([3.0, 1.0, 1.2], spread)  # word 1 is in a point of word 0 alone: after it, it is free
    [0, 1, 2]

    Args:
        gains: (n_words,) see `expected_gain`.
        spread: Of the same words.
        first: Words that come first whatever they bring, in this order.
    """
    gain = np.asarray(gains, dtype=np.float64)
    n_words = len(gain)
    by_word = _groups(spread.words, spread.points, n_words)
    by_point = _groups(spread.points, spread.words, len(spread.weights))
    left, cost = np.ones(n_words, dtype=np.bool_), spread.counts(n_words)
    covered = np.zeros(len(spread.weights), dtype=np.bool_)
    order = list[int]()
    for place in range(n_words):
        best = first[place] if place < len(first) else _best_rate(np.flatnonzero(left), gain, cost)
        order.append(best)
        left[best] = False
        for point in by_word[best][~covered[by_word[best]]]:
            covered[point] = True
            cost[by_point[point]] -= spread.weights[point]
    return order


def _best_rate(candidates: NDArray[np.int64], gain: NDArray[np.float64], cost: NDArray[np.float64]) -> int:
    """Of these words the one with most gain a point; of those that cost nothing the one with most gain."""
    free = cost[candidates] <= _NOTHING
    rate = np.where(free, np.inf, gain[candidates] / np.maximum(cost[candidates], _NOTHING))
    return int(candidates[np.lexsort((candidates, -gain[candidates], -rate))[0]])


def words_within(order: Sequence[int], spread: Spread, most: float) -> list[int]:
    """Words of an order that together rewrite at most so many points; one that is too much makes way for later ones."""
    by_word = _groups(spread.words, spread.points, max(order, default=-1) + 1)
    covered = np.zeros(len(spread.weights), dtype=np.bool_)
    kept, total = [], 0.0
    for word in order:
        fresh = by_word[word][~covered[by_word[word]]]
        cost = float(spread.weights[fresh].sum())
        if total + cost <= most + _NOTHING:
            covered[fresh] = True
            total += cost
            kept.append(word)
    return kept


def frontier_prefixes(order: Sequence[int], gains: Sequence[float], spread: Spread) -> list[int]:
    """Lengths of some ten prefixes that show an order: evenly over its points, and where 80 % of the gain is."""
    if not order:
        return []
    by_word = _groups(spread.words, spread.points, max(order) + 1)
    covered = np.zeros(len(spread.weights), dtype=np.bool_)
    points = []
    for word in order:
        covered[by_word[word]] = True
        points.append(float(spread.weights[covered].sum()))
    marks = np.linspace(0, points[-1], _PREFIXES + 1)[1:]
    found = {int(np.searchsorted(points, mark * (1 - 1e-9))) + 1 for mark in marks}
    return sorted({*(min(n, len(order)) for n in found), _enough_words(order, gains), len(order)})


def _enough_words(order: Sequence[int], gains: Sequence[float]) -> int:
    """How many of the first words bring `ENOUGH_GAIN` of the expected gain of all."""
    reached = np.cumsum([gains[word] for word in order])
    return int(np.searchsorted(reached, ENOUGH_GAIN * reached[-1] * (1 - 1e-9))) + 1


def _groups(keys: NDArray[np.int64], values: NDArray[np.int64], n: int) -> list[NDArray[np.int64]]:
    """The values of each key from 0 to `n` - 1."""
    order = np.argsort(keys, kind="stable")
    return np.split(values[order], np.cumsum(np.bincount(keys, minlength=n))[: n - 1]) if n else []
