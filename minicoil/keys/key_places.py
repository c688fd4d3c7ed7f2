"""Where each of many keys was met, in a few bytes a key: ids of a corpus that may have no end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RECENT = 2**16  # kept in a dictionary until they are sorted away; some 10 MB
_LONGEST_RUN = 2**20  # keys; merging longer ones would take their memory twice


class KeyPlaces:
    """Keys between 0 and 2**64 - 1, such as hashes give, each with a place of the same size; 16 bytes a key.

    >>> places = KeyPlaces()
    >>> places.put(7, 3)
    >>> places.find(7), places.find(8), len(places)
    (3, None, 1)
    """

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]] = []  # sorted keys, their places

    def __len__(self) -> int:
        return len(self._recent) + sum(len(keys) for keys, _ in self._runs)

    def find(self, key: int) -> int | None:
        """The place of a key, None where it was never put in."""
        found = self._recent.get(key)
        if found is not None:
            return found
        at = self._locate(key)
        return None if at is None else int(self._runs[at[0]][1][at[1]])

    def put(self, key: int, place: int) -> None:
        """Put a key in, or give it another place."""
        if key not in self._recent and (at := self._locate(key)) is not None:
            self._runs[at[0]][1][at[1]] = place
            return
        self.add(key, place)

    def add(self, key: int, place: int) -> None:
        """Put a key in that was not found."""
        self._recent[key] = place
        if len(self._recent) >= _RECENT:
            self._sort_away()

    def _locate(self, key: int) -> tuple[int, int] | None:
        wanted = np.uint64(key)
        for number, (keys, _) in enumerate(self._runs):
            at = int(np.searchsorted(keys, wanted))
            if at < len(keys) and keys[at] == wanted:
                return number, at
        return None

    def _sort_away(self) -> None:
        keys = np.fromiter(self._recent.keys(), np.uint64, len(self._recent))
        places = np.fromiter(self._recent.values(), np.uint64, len(self._recent))
        self._recent = {}
        while self._runs and len(self._runs[-1][0]) <= len(keys) and 2 * len(keys) <= _LONGEST_RUN:
            other_keys, other_places = self._runs.pop()
            keys, places = np.concatenate([keys, other_keys]), np.concatenate([places, other_places])
        order = np.argsort(keys)
        self._runs.append((keys[order], places[order]))
