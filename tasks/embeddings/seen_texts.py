"""Which texts came by before, in one bit each: what a scan meets a second time is worth keeping."""

from __future__ import annotations

import mmap
from pathlib import Path

_BYTES = 2**20  # 8 million bits
_FULLEST = 2**21  # bits set, from which too many texts would look as if they had been here


class SeenTexts:
    """A filter of one hash in a file that processes share; forgets everything when it is a quarter full.

    It may take one text for another, and two processes that write at once may lose a bit: either costs a place in a
    cache for a while. Where the file cannot be had, it remembers for the life of this object.

    Args:
        path: The file; made when it is first needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bits: mmap.mmap | bytearray | None = None
        self._n_set = 0

    def add(self, key: bytes) -> bool:
        """Whether the text was here before; from now on it was."""
        bits = self._open()
        place = int.from_bytes(key[:8], "little") % (8 * _BYTES)
        byte, mask = place >> 3, 1 << (place & 7)
        if bits[byte] & mask:
            return True
        if self._n_set >= _FULLEST:
            bits[:] = bytes(_BYTES)
            self._n_set = 0
        bits[byte] |= mask
        self._n_set += 1
        return False

    def _open(self) -> mmap.mmap | bytearray:
        if self._bits is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab") as file:
                    if file.tell() < _BYTES:
                        file.write(bytes(_BYTES - file.tell()))  # written out, so that no later write finds a full disk
                with self._path.open("r+b") as file:
                    self._bits = mmap.mmap(file.fileno(), _BYTES)
            except (OSError, ValueError):
                self._bits = bytearray(_BYTES)
            self._n_set = int.from_bytes(self._bits[:], "little").bit_count()
        return self._bits
