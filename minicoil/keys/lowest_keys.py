"""For each of many words the lowest keys that were met: keys are hashes, so a uniform draw that stays nested."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WAITING = 2**20  # pairs looked at together, some 12 MB and twice as much while they are sorted


class LowestKeys:
    """At most so many keys a word, the lowest of all that were put in, each once, in whatever order they come.

    Memory: 8 bytes for each key that is kept, whatever was put in, and what `_WAITING` pairs take.

    >>> lowest = LowestKeys(2, 2)
    >>> lowest.add(np.array([0, 1, 0, 0]), np.array([9, 8, 7, 3], np.uint64))
    >>> lowest.of(0).tolist(), lowest.of(1).tolist()
    ([3, 7], [8])

    Args:
        n_words: How many words there are, numbered from 0.
        most: Keys of each.
    """

    def __init__(self, n_words: int, most: int) -> None:
        self._most = most
        self._kept = [np.zeros(0, np.uint64)] * n_words  # of each word, sorted
        self._waiting: list[tuple[NDArray[np.int32], NDArray[np.uint64]]] = []
        self._n_waiting = 0
        # beyond a word's n-th lowest key so far nothing matters
        self._limits = np.full(n_words, np.iinfo(np.uint64).max, np.uint64)

    def add(self, words: NDArray[np.int32], keys: NDArray[np.uint64]) -> None:
        """Put pairs in.

        Args:
            words: (n,) numbers of words.
            keys: (n,) uint64 key of a sentence with that word.
        """
        kept = keys <= self._limits[words]
        self._waiting.append((words[kept].astype(np.int32), keys[kept]))
        self._n_waiting += int(kept.sum())
        if self._n_waiting > _WAITING:
            self._prune()

    def of(self, word: int) -> NDArray[np.uint64]:
        """(at most `most`,) uint64 ascending."""
        if self._waiting:
            self._prune()
        return self._kept[word]

    def _prune(self) -> None:
        words = np.concatenate([words for words, _ in self._waiting])
        keys = np.concatenate([keys for _, keys in self._waiting])
        self._waiting, self._n_waiting = [], 0
        order = np.argsort(words, kind="stable")
        keys, places = keys[order], np.append(0, np.cumsum(np.bincount(words, minlength=len(self._kept))))
        for word in np.flatnonzero(np.diff(places)).tolist():
            merged = np.concatenate([self._kept[word], keys[places[word] : places[word + 1]]])
            merged.sort()
            again = merged[1:] == merged[:-1]
            if again.any():
                merged = merged[np.append(True, ~again)]
            if len(merged) >= self._most:
                self._limits[word] = merged[self._most - 1]
                merged = (
                    merged[: self._most].copy() if len(merged) > self._most else merged
                )  # no view of what is left out
            self._kept[word] = merged
