"""Many 64-bit hashes, of which thousands are looked up and added together: 8 bytes each, in sorted runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LARGEST = 2**21  # keys of a run that is merged no more: merging takes twice its 16 MiB, whatever else there is


class KeyRuns:
    """A growing set of keys between 0 and 2**64 - 1.

    `key_set` takes one key at a time; this one takes arrays, and answers for a key in a tenth of the time.

    >>> seen = KeyRuns()
    >>> seen.add(np.array([7, 3, 7], np.uint64)).tolist(), seen.add(np.array([3, 4], np.uint64)).tolist(), len(seen)
    ([True, True, False], [False, True], 3)
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []  # each sorted, no key in two of them

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def contain(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """(n,) whether each key is there; faster where `keys` are sorted."""
        found = np.zeros(len(keys), bool)
        for run in self._runs:
            places = np.searchsorted(run, keys)
            found |= run[np.minimum(places, len(run) - 1)] == keys
        return found

    def add(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Put keys in; (n,) True for each that was not there, at its first occurrence."""
        distinct, first = np.unique(keys, return_index=True)
        new = ~self.contain(distinct)
        is_new = np.zeros(len(keys), bool)
        is_new[first[new]] = True
        if new.any():
            self._append(distinct[new])
        return is_new

    def _append(self, run: NDArray[np.uint64]) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run) and len(self._runs[-1]) + len(run) <= _LARGEST:
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")  # which merges what is sorted
        self._runs.append(run)

    def sorted_keys(self) -> NDArray[np.uint64]:
        """(n,) uint64, ascending; a view that later keys do not change."""
        if len(self._runs) != 1:
            merged = np.concatenate([*self._runs, np.zeros(0, np.uint64)])
            self._runs = []  # before sorting, so that no key is held three times
            merged.sort()
            self._runs = [merged] if len(merged) else []
            return merged
        return self._runs[0]
