"""Columns of text as the bytes they are, for what is looked up in all texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

LOWER = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))  # for `bytes.translate`: A-Z alone


@dataclass(frozen=True)
class TextBytes:
    """The bytes of a column.

    >>> TextBytes.of(as_column(["a pod", "", "x"])).texts_at(np.array([1, 5])).tolist()
    [0, 2]

    Attributes:
        raw: (n_bytes,) uint8, UTF-8.
        offsets: (n_texts + 1,) int64, where each text begins, and where the last one ends.
    """

    raw: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @staticmethod
    def of(column: Any) -> TextBytes:
        """Those of a pyarrow string array without nulls."""
        if not len(column):
            return TextBytes(np.zeros(0, np.uint8), np.zeros(1, np.int64))
        _, ends, data = column.buffers()
        offsets = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
        raw = np.frombuffer(data if data is not None else b"", np.uint8)[offsets[0] : offsets[-1]]
        return TextBytes(raw, offsets - offsets[0])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n_texts,) bytes of each."""
        return np.diff(self.offsets)

    def texts_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the text that each of some bytes belongs to."""
        return np.searchsorted(self.offsets, places, "right") - 1


def as_column(texts: Any) -> Any:
    """A pyarrow string array of texts, which may be one already."""
    if isinstance(texts, pa.ChunkedArray):
        return texts.combine_chunks() if texts.num_chunks != 1 else texts.chunk(0)
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())


def make_column(data: bytes, lengths: NDArray[np.int64]) -> Any:
    """A pyarrow string array of texts that follow each other.

    Args:
        data: All of them, UTF-8.
        lengths: (n,) bytes of each.
    """
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(data))


def find_rare_characters(raw: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    r"""Where characters beside ASCII begin, and which they are.

    >>> places, codes = find_rare_characters(np.frombuffer("caf\u00e9 \u201d".encode(), np.uint8))
    >>> places.tolist(), [chr(code) for code in codes]
    ([3, 6], ['\xe9', '\u201d'])

    Args:
        raw: (n_bytes,) uint8, UTF-8.

    Returns:
        (n,) int64 place of the first byte of each, ascending; (n,) uint32 its code point.
    """
    places = np.flatnonzero(raw >= 0xC0)
    first = raw[places].astype(np.uint32)
    second, third, fourth = (
        raw.take(places + i, mode="clip").astype(np.uint32) & 0x3F if len(places) else first for i in (1, 2, 3)
    )
    two = (first & 0x1F) << 6 | second
    three = (first & 0x0F) << 12 | second << 6 | third
    four = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    return places, np.where(first < 0xE0, two, np.where(first < 0xF0, three, four))


def find_words(text: TextBytes, words: Sequence[bytes]) -> NDArray[np.int64]:
    """(n,) ascending places of texts that hold one of some words of ASCII; A-Z are a-z.

    Args:
        text: Where to look.
        words: In lower case, none of them empty.
    """
    found = [np.zeros(0, np.int64)]
    lower = np.frombuffer(LOWER, np.uint8)
    for word in words:
        first = word[0]
        starts = text.raw == first
        if 97 <= first <= 122:
            starts |= text.raw == first - 32
        hits = np.flatnonzero(starts)
        hits = hits[hits + len(word) <= len(text.raw)]
        for place, byte in enumerate(word):
            hits = hits[lower[text.raw[hits + place]] == byte]
        owners = text.texts_at(hits)
        found.append(owners[hits + len(word) <= text.offsets[owners + 1]])  # else the next text ends it
    return np.unique(np.concatenate(found))
