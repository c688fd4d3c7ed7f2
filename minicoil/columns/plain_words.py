"""Words of printable ASCII, cut as bytes: runs of letters and digits, and every mark alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.columns.utf8_columns import LOWER, TextBytes

_SPACE, _LETTER, _MARK = 0, 1, 2
# of every byte; a byte of a character beside ASCII is no letter
_KINDS = bytes(
    _SPACE if byte == 32 else _LETTER if byte < 128 and chr(byte).isalnum() else _MARK for byte in range(256)
)


def cut_plain_words(column: Any, lowers: bool) -> tuple[Any, NDArray[np.int64]]:
    """Words as BERT's normaliser and pre-tokenizer cut them: `A-Za-z0-9` against the rest is all they tell apart here.

    >>> words, owners = cut_plain_words(pa.array(["A pod.", "e.g."]), True)
    >>> words.to_pylist(), owners.tolist()
    (['a', 'pod', '.', 'e', '.', 'g', '.'], [0, 0, 0, 1, 1, 1, 1])

    Args:
        column: (n_texts,) pyarrow string array of printable ASCII; control bytes count as marks.
        lowers: Whether A-Z become a-z.

    Returns:
        (n_words,) pyarrow string array of the words; (n_words,) int64 the text of each, ascending.
    """
    text = TextBytes.of(column)
    data = text.raw.tobytes()
    kinds = np.frombuffer(data.translate(_KINDS), np.uint8)
    is_start, is_letter = kinds == _MARK, kinds == _LETTER
    is_start[:1] |= is_letter[:1]
    is_start[1:] |= is_letter[1:] & ~is_letter[:-1]
    first = text.offsets[:-1][text.lengths > 0]
    is_start[first] |= is_letter[first]
    starts = np.flatnonzero(is_start)
    letters = data.translate(LOWER if lowers else None, b" ")
    n_spaces = np.cumsum(kinds == _SPACE, dtype=np.int32)[starts]
    offsets = np.append(starts - n_spaces, len(letters)).astype(np.int32)
    words = pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(letters))
    n_words = np.diff(np.searchsorted(starts, text.offsets))
    return words, np.repeat(np.arange(len(n_words)), n_words)


def are_letters(text: TextBytes) -> NDArray[np.bool_]:
    """(n_texts,) whether each has letters and digits of ASCII, and nothing else."""
    kinds = np.frombuffer(text.raw.tobytes().translate(_KINDS), np.uint8)
    found: NDArray[np.bool_] = text.lengths > 0
    found[text.texts_at(np.flatnonzero(kinds != _LETTER))] = False
    return found
