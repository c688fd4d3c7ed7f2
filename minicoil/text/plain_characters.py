"""Characters beside those of printable ASCII, written as what BERT's normaliser and pre-tokenizer make of them.

Most of what is not ASCII in English text is a quote, a dash, an accented letter or an invisible character. Each stands
for the same thing wherever it stands, so the tokenizer is asked once about each; a character whose neighbours may
matter (combining marks, Hangul, CJK), or of which nobody knows, is none of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from minicoil.text.tokens import WordTokenizer

# bytes that printable text has not; a mark of its own ("\u2019") is written as one of them, and read again in the words
_CODES = [chr(code) for code in (*range(1, 9), *range(14, 32))]
_PLAIN = re.compile(r"[ -~]*", re.ASCII)


class PlainCharacters:
    """Texts rewritten in printable ASCII and a few control bytes, so that they can be cut as bytes.

    Args:
        tokenizer: With the normaliser and the pre-tokenizer of BERT.
    """

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self._tokenizer = tokenizer
        self._written: dict[int, str] = {}  # code point -> what is written for it
        self._hard: set[str] = set()
        self._marks: dict[str, str] = {}  # control byte -> the mark it stands for
        self._free = list(reversed(_CODES))

    def write(self, texts: Sequence[str]) -> tuple[list[int], list[str]]:
        """Places of those texts that can be rewritten, and what they become."""
        joined = "\n".join(texts)
        hard = {character for character in set(joined) if character != "\n" and not self._is_known(character)}
        places = list(range(len(texts)))
        if hard:
            pattern = re.compile("[" + re.escape("".join(sorted(hard))) + "]")
            places = [place for place in places if not pattern.search(texts[place])]
            joined = "\n".join(texts[place] for place in places)
        return places, joined.translate(self._written).split("\n") if places else []

    def read(self, words: list[str]) -> list[str]:
        """Words with the marks that were written as control bytes."""
        return [self._marks.get(word, word) for word in words] if self._marks else words

    def _is_known(self, character: str) -> bool:
        if " " <= character <= "~" or ord(character) in self._written:
            return True
        if character not in self._hard and (written := self._ask(character)) is not None:
            self._written[ord(character)] = written
            return True
        self._hard.add(character)
        return False

    def _ask(self, character: str) -> str | None:
        """What the tokenizer makes of a character between two letters; None where that may depend on others."""
        if unicodedata.combining(character):
            return None
        backend = self._tokenizer.backend
        normal: str = backend.normalizer.normalize_str(f"a{character}b")
        words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
        if words == ["a", character, "b"] and normal == f"a{character}b" and self._free:
            code = self._free.pop()
            self._marks[code] = character
            return code
        inside = normal[1:-1]
        is_alone = normal[:1] == "a" and normal[-1:] == "b" and len(normal) >= 2
        return inside if is_alone and _PLAIN.fullmatch(inside) else None
