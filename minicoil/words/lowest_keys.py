"""For each of many words the lowest keys that were met: keys are hashes, so a uniform draw that stays nested."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WAITING = 2**22  # pairs looked at together


class LowestKeys:
    """At most so many keys a word, the lowest of all that were put in, each once, in whatever order they come.

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
        self._words = np.zeros(0, np.int32)
        self._keys = np.zeros(0, np.uint64)
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
        start, end = np.searchsorted(self._words, [word, word + 1])
        return self._keys[start:end]

    def _prune(self) -> None:
        words = np.concatenate([self._words, *(words for words, _ in self._waiting)])
        keys = np.concatenate([self._keys, *(keys for _, keys in self._waiting)])
        self._waiting, self._n_waiting = [], 0
        order = np.lexsort((keys, words))
        words, keys = words[order], keys[order]
        again = np.zeros(len(words), bool)
        again[1:] = (words[1:] == words[:-1]) & (keys[1:] == keys[:-1])
        words, keys = words[~again], keys[~again]
        ranks = np.arange(len(words)) - np.searchsorted(words, words)
        kept = ranks < self._most
        last = ranks == self._most - 1
        self._words, self._keys = words[kept], keys[kept]
        self._limits[words[last]] = keys[last]
