"""Characters beside those of printable ASCII, written as what BERT's normaliser and pre-tokenizer make of them.

Most of what is not ASCII in English text is a quote, a dash, an accented letter or an invisible character. Each stands
for the same thing wherever it stands, so the tokenizer is asked once about each; a character whose neighbours may
matter (combining marks, Hangul, CJK), or of which nobody knows, is none of these.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.columns.utf8_columns import TextBytes, find_rare_characters, make_column
from minicoil.text import WordTokenizer

# bytes that printable text has not; a mark of its own ("\u2019") is written as one of them, and read again in the words
_CODES = [chr(code) for code in (*range(1, 9), *range(14, 32))]
_PLAIN = re.compile(r"[ -~]*", re.ASCII)
_NOTHING = 0xFF  # stands for a byte that is left out; UTF-8 has none such
_WIDEST = 4  # bytes of a character


class PlainCharacters:
    """Texts rewritten in printable ASCII and a few control bytes, so that they can be cut as bytes.

    Args:
        tokenizer: With the normaliser and the pre-tokenizer of BERT.
    """

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self._tokenizer = tokenizer
        self._written: dict[int, bytes | None] = {}  # code point -> what is written for it, None: nobody knows
        self._marks: dict[str, str] = {}  # control byte -> the mark it stands for
        self._free = list(reversed(_CODES))

    def write(self, column: Any) -> tuple[NDArray[np.int64], Any]:
        """Rewrite what can be.

        Args:
            column: (n,) pyarrow string array.

        Returns:
            (m,) int64 places of those texts that can be rewritten; (m,) pyarrow string array, what they become.
        """
        text = TextBytes.of(column)
        places, kinds, table = self._look_up(text)
        easy = np.ones(len(column), bool)
        easy[text.texts_at(places[table[kinds, 0] == 0])] = False
        if not easy.all():
            column = column.take(pa.array(np.flatnonzero(easy)))
            text = TextBytes.of(column)
            places, kinds, table = self._look_up(text)
        written = text.raw.copy()
        left_out = np.zeros(len(column), np.int64)
        for width in range(1, _WIDEST + 1):
            ours = table[kinds, 0] == width
            for byte in range(width):
                values = table[kinds[ours], 1 + byte]
                written[places[ours] + byte] = values
                np.add.at(left_out, text.texts_at(places[ours][values == _NOTHING]), 1)
        data = written.tobytes().translate(None, bytes([_NOTHING]))
        return np.flatnonzero(easy), make_column(data, text.lengths - left_out)

    def read(self, word: str) -> str:
        """A word, with the mark that was written as a control byte."""
        return self._marks.get(word, word)

    def _look_up(self, text: TextBytes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
        """Places of all characters that have to be written otherwise, the kind of each, and a table of kinds.

        A row of the table: the bytes of the character (0: it cannot be written), and what stands in their place.
        """
        rare, codes = find_rare_characters(text.raw)
        control = np.flatnonzero((text.raw < 32) | (text.raw == 127))
        places, codes = np.append(rare, control), np.append(codes, text.raw[control])
        found, kinds = np.unique(codes, return_inverse=True)
        table = np.full((max(len(found), 1), 1 + _WIDEST), _NOTHING, np.uint8)
        for row, code in enumerate(found.tolist()):
            written = self._write_one(code)
            table[row, 0] = 0 if written is None else len(chr(code).encode())
            table[row, 1 : 1 + len(written or b"")] = list(written or b"")
        return places, kinds, table

    def _write_one(self, code: int) -> bytes | None:
        if code not in self._written:
            self._written[code] = self._ask(chr(code))
        return self._written[code]

    def _ask(self, character: str) -> bytes | None:
        """What the tokenizer makes of a character between two letters; None where that may depend on others."""
        if unicodedata.combining(character):
            return None
        backend = self._tokenizer.backend
        normal: str = backend.normalizer.normalize_str(f"a{character}b")
        words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
        if words == ["a", character, "b"] and normal == f"a{character}b" and self._free:
            code = self._free.pop()
            self._marks[code] = character
            return code.encode()
        inside = normal[1:-1]
        is_alone = normal[:1] == "a" and normal[-1:] == "b" and len(normal) >= 2
        fits = len(inside) <= len(character.encode())
        return inside.encode() if is_alone and fits and _PLAIN.fullmatch(inside) else None
