"""A seeded sample of what passes by: those with the smallest hashes, the same whatever order they come in."""

from __future__ import annotations

import hashlib
import heapq
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class HashSample(Generic[Entry]):
    """The `size` entries whose texts have the smallest seeded hashes; holds no more than these.

    Args:
        size: Most entries.
        seed: Another one gives another sample.
        once: Whether equal texts count as one.
    """

    def __init__(self, size: int, seed: int, once: bool = False) -> None:
        self._size, self._seed = size, seed
        self._kept: list[tuple[int, str, Entry]] = []
        self._ranks: set[int] | None = set() if once else None

    def add(self, text: str, name: str, entry: Entry) -> None:
        """Look at one entry; of equal texts the names decide, which must differ unless texts count once."""
        data = f"{self._seed}\0{text}".encode("utf-8", "surrogatepass")
        rank = -int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        if self._ranks is not None and rank in self._ranks:
            return
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, (rank, name, entry))
        elif (rank, name) > self._kept[0][:2]:
            gone = heapq.heapreplace(self._kept, (rank, name, entry))
            if self._ranks is not None:
                self._ranks.discard(gone[0])
        else:
            return
        if self._ranks is not None:
            self._ranks.add(rank)

    def entries(self) -> list[Entry]:
        """The sample, smallest hash first."""
        return [entry for _, _, entry in sorted(self._kept, key=lambda row: (-row[0], row[1]))]
