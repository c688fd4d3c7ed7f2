"""Sentences of many texts at once, with their keys: those that `split_sentences` gives for each text.

A splitter is asked about one text after the other. What is left to do with its parts (putting together what it cut
within a word, spaces at the ends, what is prose, lower case) is looked up in the bytes of all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.columns.utf8_columns import LOWER, find_rare_characters, make_column
from minicoil.text import ENGLISH, MAX_CHARACTERS, MAX_WORDS, MIN_WORDS, Language, cut_parts, cut_pieces, is_prose

_GAP, _SPACE = 10, 32  # the byte between two parts, which none of them has, and the one between two words
_LETTER, _MARK = 0, 1
# bytes of characters beside ASCII count as letters here; those that are none are looked up by their code points
_KINDS = bytes(
    _MARK if byte < 128 and not chr(byte).isalpha() and byte not in (_GAP, _SPACE) else _LETTER for byte in range(256)
)


@dataclass(frozen=True)
class SentenceRows:
    """Sentences of texts, in order.

    >>> rows = split_texts(["One pod is here. Two of them are there.", "Too short."])
    >>> rows.texts.to_pylist(), rows.owners.tolist(), len(rows.keys)
    (['One pod is here.', 'Two of them are there.'], [0, 0], 2)

    Attributes:
        texts: (n,) pyarrow string array.
        keys: (n,) uint64 `sentence_key` of each.
        owners: (n,) int32 the place of the text it stands in, ascending.
    """

    texts: Any
    keys: NDArray[np.uint64]
    owners: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.owners)


def split_texts(texts: Sequence[str], language: Language = ENGLISH) -> SentenceRows:
    """The prose sentences of many texts."""
    parts, ends, owners = _ask_splitter(texts, language)
    if not parts:
        return SentenceRows(make_column(b"", ends), ends.astype(np.uint64), owners)
    raw, starts, stops, owners = _join_parts(parts, ends, owners)
    places, codes = find_rare_characters(raw)
    kept = _find_prose(raw, starts, stops, places[~_is_such(codes, str.isalpha)])
    data, lengths = _cut_out(raw, starts, stops, kept), (stops - starts)[kept]
    column = make_column(data, lengths)
    # one capital beside ASCII, and what Python makes of the whole sentence counts
    capitals = np.searchsorted(starts, places[_is_such(codes, _has_lower)], "right") - 1
    odd = np.flatnonzero(np.isin(np.flatnonzero(kept), capitals))
    return SentenceRows(column, _hash(column, data, lengths, odd), owners[kept])


def _ask_splitter(texts: Sequence[str], language: Language) -> tuple[list[str], NDArray[np.int64], NDArray[np.int32]]:
    """Parts of all texts, where those of each stretch of text end among them, and the text of each part."""
    parts: list[str] = []
    ends: list[int] = []
    owners: list[int] = []
    for place, text in enumerate(texts):
        for piece in cut_pieces(text):
            parts += cut_parts(piece, language.code)
            ends.append(len(parts))
            owners.append(place)
    after = np.asarray(ends, np.int64)
    return parts, after, np.repeat(np.asarray(owners, np.int32), after - np.append([0], after[:-1])[: len(after)])


def _join_parts(
    parts: list[str], ends: NDArray[np.int64], owners: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Bytes with a gap between two sentences, where sentences start and stop, spaces left out, and their texts.

    As in `split_sentences`, an end within a word is none: parts of one stretch without a space between them.
    """
    raw = np.frombuffer("\n".join(parts).encode(), np.uint8)
    gaps = np.flatnonzero(raw == _GAP)
    is_last = np.zeros(len(parts), bool)
    is_last[ends - 1] = True
    before, after = raw[gaps - 1], raw[gaps + 1]
    within = (before < 128) & (before != _SPACE) & (after != _SPACE) & ~is_last[:-1]
    if within.any():
        raw = np.delete(raw, gaps[within])
        gaps = gaps[~within] - np.cumsum(within)[~within]
    starts, stops = np.append(0, gaps + 1), np.append(gaps, len(raw))
    starts = starts + (raw[starts] == _SPACE)
    stops = np.maximum(stops - (raw[stops - 1] == _SPACE), starts)
    return raw, starts, stops, owners[np.append(~within, True)]


def _find_prose(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], marks: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(n,) `is_prose` of each sentence; only those are asked about that have too few words of nothing but letters.

    Args:
        marks: Places of characters beside ASCII that are no letters.
    """
    word_of = np.cumsum((raw == _SPACE) | (raw == _GAP), dtype=np.int32)
    kinds = np.frombuffer(raw.tobytes().translate(_KINDS), np.uint8)
    marked = np.zeros(int(word_of[-1]) + 1, bool)  # words with anything but letters
    marked[word_of[np.flatnonzero(kinds == _MARK)]] = True
    marked[word_of[marks]] = True
    n_marked = np.append(0, np.cumsum(marked, dtype=np.int32))
    first, last = word_of[np.minimum(starts, len(raw) - 1)], word_of[np.maximum(stops - 1, 0)]
    n_words = np.where(stops > starts, last - first + 1, 0)
    is_sized = (n_words >= MIN_WORDS) & (n_words <= MAX_WORDS)
    n_letters = n_words - (n_marked[last + 1] - n_marked[first])
    is_long = stops - starts > MAX_CHARACTERS  # in bytes; a text of other letters may have half as many characters
    found: NDArray[np.bool_] = is_sized & ~is_long & (n_letters >= np.maximum(MIN_WORDS - 1, 0.6 * n_words))
    for place in np.flatnonzero(is_sized & ~found).tolist():
        found[place] = is_prose(raw[starts[place] : stops[place]].tobytes().decode())
    return found


def _cut_out(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], kept: NDArray[np.bool_]
) -> bytes:
    """The bytes of some sentences, one after the other."""
    left = raw.copy()
    left[starts[starts > 0] - 1] = left[stops[stops < len(raw)]] = _GAP  # the spaces at both ends
    for place in np.flatnonzero(~kept).tolist():
        left[starts[place] : stops[place]] = _GAP
    return left.tobytes().translate(None, bytes([_GAP]))


def _hash(column: Any, data: bytes, lengths: NDArray[np.int64], odd: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n,) `sentence_key` of sentences with single spaces; lower case is that of ASCII but for the `odd` ones."""
    blake, lowered = hashlib.blake2b, data.translate(LOWER)
    ends = np.cumsum(lengths).tolist()
    digests = [blake(lowered[start:end], digest_size=8).digest() for start, end in zip([0, *ends], ends, strict=False)]
    for place in odd.tolist():
        digests[place] = blake(column[place].as_py().lower().encode(), digest_size=8).digest()
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64) >> np.uint64(1)


def _has_lower(character: str) -> bool:
    return character.lower() != character


def _is_such(codes: NDArray[np.uint32], test: Any) -> NDArray[np.bool_]:
    """(n,) what a test says of each character; it is asked once about each kind."""
    kinds, places = np.unique(codes, return_inverse=True)
    return np.fromiter((test(chr(code)) for code in kinds.tolist()), bool, len(kinds))[places]
