"""How sentences were cut before sentencex: by pysbd, one paragraph at a time. The benchmark's baseline."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pysbd import Segmenter

MIN_WORDS, MAX_WORDS = 4, 80  # shorter ones have no context; longer ones are lists or tables
MAX_CHARACTERS = 1000  # of a sentence; beyond it, one word is an encoded blob
_MARK = re.compile(r"[.!?]\s")
_PLAIN_END = re.compile(r"(?<![A-Za-z.\-'])([a-z]{2,})[.!?]\s+(?=[A-Z][a-z'])")
_HARD = re.compile(r"\.\.|[\u3002\uff01\uff1f\u2026\"\u201c\u201d()\[\]]|\b\d+[.)]\s|\b[A-Za-z][.)]\s")
_MARKER = re.compile(r"^(?:[-*+\u2022]|\(?\d{1,2}[.)])\s")  # of a list item, which is a paragraph of its own
_WRAPPED = 45  # characters; a shorter line ended where its author meant it to end
_AFTER_STOP = re.compile(r"(?<=[.!?])\s")
_SPAN = 2000  # characters; pysbd's time grows with the square of the length: 29 s for 168 kB in one piece
# pysbd's own pattern for the numbers of references after a stop ("Word.[3, 4] Next", "Word.12 Next") says the same and
# tries every way to cut "111 111 111" into groups: a few dozen of them, in brackets that end otherwise, take years
_REFERENCE = r"(?<=[^\d\s])(\.|∯)((\[(\d++(?:,\s?-?\s?|\s-?\s?|-\s?))*+\d{1,3}\])+|((\d{1,3}\s?)?\d{1,3}))(\s)(?=[A-Z])"
_AROUND = ".,;:!?()[]\"'\u2018\u2019\u201c\u201d"  # stands next to a word in prose


@lru_cache(maxsize=1)
def _segmenter() -> Segmenter:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its regular expressions predate raw strings
        from pysbd import Segmenter

        segmenter = Segmenter(language="en", clean=False)
    rules = segmenter.language_module
    segmenter.language_module = type("English", (rules,), {"NUMBERED_REFERENCE_REGEX": _REFERENCE})
    return segmenter


@lru_cache(maxsize=1)
def _abbreviations() -> frozenset[str]:
    """Words after which a full stop need not end a sentence, from pysbd's own list."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pysbd.lang.english import English

    return frozenset(entry.replace(".", "") for entry in English.Abbreviation.ABBREVIATIONS)


def split_sentences(text: str) -> Iterator[str]:
    """The prose sentences of a text, in order; paragraphs are never joined, lines wrapped by an editor are.

    pysbd decides wherever there is something to decide: abbreviations, initials, numbers, quotes, brackets, lists.
    Where every mark follows a plain word and precedes a capital, which is most of the text, there is nothing to.
    """
    for paragraph in _paragraphs(text):
        for sentence in _plainly_split(paragraph) or _segment(paragraph):
            sentence = sentence.strip()
            if is_prose(sentence):
                yield sentence


def _paragraphs(text: str) -> Iterator[str]:
    """Lines, each with the ones it was wrapped into, spaces normalised."""
    waiting: list[str] = []
    for line in text.split("\n"):
        line = " ".join(line.split())
        if waiting and (not line or _MARKER.match(line)):
            yield " ".join(waiting)
            waiting = []
        if not line:
            continue
        waiting.append(line)
        if len(line) < _WRAPPED or line.endswith((".", "!", "?", ":")):
            yield " ".join(waiting)
            waiting = []
    if waiting:
        yield " ".join(waiting)


def _segment(paragraph: str) -> Iterator[str]:
    """Sentences by pysbd, which sees a long paragraph in pieces that end at a full stop where there is one."""
    start = 0
    while start < len(paragraph):
        end = min(start + _SPAN, len(paragraph))
        if end < len(paragraph):
            stops = [stop.end() for stop in _AFTER_STOP.finditer(paragraph, start + _SPAN // 2, end)]
            end = stops[-1] if stops else end
        yield from _segmenter().segment(paragraph[start:end])
        start = end


def _plainly_split(paragraph: str) -> list[str]:
    """The sentences of a paragraph whose every mark is plainly an end; nothing where one is not."""
    n_marks = len(_MARK.findall(paragraph))
    if not n_marks:
        return [paragraph]
    if _HARD.search(paragraph):
        return []
    ends = [match.end() for match in _PLAIN_END.finditer(paragraph) if match.group(1) not in _abbreviations()]
    if len(ends) != n_marks:
        return []
    return [paragraph[start:end] for start, end in zip([0, *ends], [*ends, len(paragraph)], strict=True)]


def is_prose(sentence: str) -> bool:
    """True for 4 to 80 words of which most are nothing but letters: not code, not a table row, not numbers.

    >>> is_prose("Computes the (m, n) product of A and B."), is_prose("y = nn.Linear(10, 10) # x[0] of size")
    (True, False)
    """
    words = sentence.split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS or len(sentence) > MAX_CHARACTERS:
        return False
    n_plain = sum(_is_plain(word) for word in words)
    return n_plain >= MIN_WORDS - 1 and n_plain >= 0.6 * len(words)


def _is_plain(word: str) -> bool:
    return word.isalpha() or word.strip(_AROUND).replace("-", "").replace("'", "").replace("\u2019", "").isalpha()


def sentence_key(sentence: str) -> int:
    """A 63-bit name that depends on the words alone, not on case or spacing: equal sentences are one.

    63 bits, so that it is a valid point id everywhere; two of a billion sentences collide with chance 5 %.
    """
    normal = " ".join(sentence.lower().split())
    return int.from_bytes(hashlib.blake2b(normal.encode(), digest_size=8).digest(), "little") >> 1
