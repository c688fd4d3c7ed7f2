"""A growing set of 64-bit hashes in a few bytes each: what has been seen of a text that may have no end."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

_FIRST_SLOTS = 2**10


class KeySet:
    """Keys between 0 and 2**64 - 1, such as hashes give; 12 to 24 bytes a key.

    A set of Python integers takes 60 to 100 bytes a key: 40 million sentences, some 5 GB of text, would be 3 GB.

    >>> seen = KeySet()
    >>> seen.add(7), seen.add(7), len(seen)
    (True, False, 1)
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST_SLOTS))  # open addressing; 0 is a free slot
        self._n_taken = 0
        self._has_zero = False

    def __len__(self) -> int:
        return self._n_taken + self._has_zero

    def __contains__(self, key: int) -> bool:
        return self._slots[self._find(key)] == key if key else self._has_zero

    def add(self, key: int) -> bool:
        """Put a key in; True where it was not there."""
        if not key:
            is_new, self._has_zero = not self._has_zero, True
            return is_new
        place = self._find(key)
        if self._slots[place] == key:
            return False
        self._slots[place] = key
        self._n_taken += 1
        if 3 * self._n_taken > 2 * len(self._slots):
            self._grow()
        return True

    def _find(self, key: int) -> int:
        """The slot that has the key, or the free one where it belongs."""
        slots, last = self._slots, len(self._slots) - 1
        place = key & last  # a hash: its low bits are as good as any
        while slots[place] and slots[place] != key:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        keys = self._slots
        self._slots = array("Q", bytes(16 * len(keys)))
        for key in keys:
            if key:
                self._slots[self._find(key)] = key

    def sorted_keys(self) -> NDArray[np.uint64]:
        """(n,) uint64, ascending."""
        slots = np.frombuffer(self._slots, dtype=np.uint64)
        return np.sort(np.append(slots[slots != 0], np.zeros(int(self._has_zero), np.uint64)))
