"""Sentences: cut, told from code and tables, and named by what they say."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sentencex import segment

from minicoil.text.languages import ENGLISH, Language

MIN_WORDS, MAX_WORDS = 4, 80  # shorter ones have no context; longer ones are lists or tables
MAX_CHARACTERS = 1000  # of a sentence; beyond it, one word is an encoded blob
_MARKER = re.compile(r"^(?:[-*+\u2022]|\(?\d{1,2}[.)])\s")  # of a list item, which is a paragraph of its own
_WRAPPED = 45  # characters; a shorter line ended where its author meant it to end
_AFTER_STOP = re.compile(r"(?<=[.!?])\s")
_BLANK = re.compile(r"\n\s*\n")  # between paragraphs
SPAN = 2000  # characters a splitter sees at once: whatever it does with them, a long text takes linear time
_AROUND = ".,;:!?()[]\"'\u2018\u2019\u201c\u201d"  # stands next to a word in prose


def split_sentences(text: str, language: Language = ENGLISH) -> Iterator[str]:
    """The prose sentences of a text, in order; paragraphs are never joined, lines wrapped by an editor are.

    sentencex decides where one ends: it knows the language's abbreviations, initials, numbers, quotes and brackets.
    Lone surrogates, which are no text to it nor to any store, become "?".
    """
    for piece in cut_pieces(text):
        for sentence in _segment(piece, language.code):
            sentence = sentence.strip()
            if is_prose(sentence):
                yield sentence


def cut_pieces(text: str) -> Iterator[str]:
    """What a splitter sees of a text, one after the other: its paragraphs, long ones in pieces.

    Spaces are single ones, and none stands at an end of a paragraph.
    """
    if text.isprintable() and "  " not in text:  # one line, and its spaces are as they should be
        lines: Iterable[str] = filter(None, [text.strip()])
    else:
        lines = _paragraphs(text if text.isascii() else text.encode("utf-8", "replace").decode())
    for paragraph in lines:
        yield from _pieces(paragraph)


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


def cut_parts(piece: str, language: str) -> list[str]:
    """What sentencex cuts a piece into, its spaces included."""
    return [part for part in segment(language, piece) if part]


def _segment(piece: str, language: str) -> Iterator[str]:
    """Sentences by sentencex; an end within a word ("H2A.Z", "e.g.this") is none."""
    waiting = ""
    for part in cut_parts(piece, language):
        if waiting and waiting[-1].isascii() and not (waiting[-1].isspace() or part[:1].isspace()):
            waiting += part
            continue
        if waiting:
            yield waiting
        waiting = part
    if waiting:
        yield waiting


def _pieces(paragraph: str) -> Iterator[str]:
    """The paragraph in pieces of at most `SPAN` characters, cut at a full stop where there is one, else at a space."""
    start = 0
    while len(paragraph) - start > SPAN:
        middle, end = start + SPAN // 2, start + SPAN
        stops = [stop.end() for stop in _AFTER_STOP.finditer(paragraph, middle, end)]
        cut = stops[-1] if stops else paragraph.rfind(" ", middle, end) + 1
        cut = cut or end
        yield paragraph[start:cut]
        start = cut
    yield paragraph[start:]


def is_prose(sentence: str) -> bool:
    """True for 4 to 80 words of which most are nothing but letters: not code, not a table row, not numbers.

    >>> is_prose("Computes the (m, n) product of A and B."), is_prose("y = nn.Linear(10, 10) # x[0] of size")
    (True, False)
    """
    if len(sentence) > MAX_CHARACTERS:
        return False
    words = sentence.split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        return False
    least = max(MIN_WORDS - 1, 0.6 * len(words))
    n_letters = sum(map(str.isalpha, words))  # settles most; marks around a word are looked at where it does not
    return n_letters >= least or sum(map(_is_plain, words)) >= least


def _is_plain(word: str) -> bool:
    return word.isalpha() or word.strip(_AROUND).replace("-", "").replace("'", "").replace("\u2019", "").isalpha()


def sentence_key(sentence: str) -> int:
    """A 63-bit name that depends on the words alone, not on case or spacing: equal sentences are one.

    63 bits, so that it is a valid point id everywhere; two of a billion sentences collide with chance 5 %.
    """
    normal = " ".join(sentence.lower().split())
    return int.from_bytes(hashlib.blake2b(normal.encode(), digest_size=8).digest(), "little") >> 1


def sentence_keys(sentences: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) uint64 `sentence_key` of each; what `split_sentences` gives has single spaces, and is taken as it is."""
    blake = hashlib.blake2b
    digests = b"".join([blake(sentence.lower().encode(), digest_size=8).digest() for sentence in sentences])
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64) >> np.uint64(1)


def chunk_text(text: str, n_words: int = 120) -> Iterator[str]:
    """Pieces of about `n_words` words, cut between paragraphs where possible, else between sentences.

    A piece is at most a quarter longer than asked, unless a single sentence is.
    """
    for units in _gather_units(text, n_words):
        yield "\n\n".join(unit for _, unit in units)


def find_cuts(text: str, n_words: int = 120) -> Iterator[int]:
    r"""Where a text may be cut in two: at a paragraph that begins a piece, so that its pieces stay the same.

    >>> text = "Pods run here. \n\nNodes too.\n\nAnd kernels."
    >>> [text[place:] for place in find_cuts(text, 3)]
    ['Nodes too.\n\nAnd kernels.', 'And kernels.']
    """
    for units in _gather_units(text, n_words):
        place = units[0][0]
        if place is not None and place > 0:
            yield place


def _gather_units(text: str, n_words: int) -> Iterator[list[tuple[int | None, str]]]:
    """The units of each piece."""
    piece: list[tuple[int | None, str]] = []
    size = 0
    for place, unit in _units(text, n_words):
        length = len(unit.split())
        if piece and size + length > n_words * 1.25:
            yield piece
            piece, size = [], 0
        piece.append((place, unit))
        size += length
        if size >= n_words:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _units(text: str, n_words: int) -> Iterator[tuple[int | None, str]]:
    """Paragraphs, each with its place, long ones as sentences, of which the first has it."""
    start = 0
    for end, following in chain(map(re.Match.span, _BLANK.finditer(text)), [(len(text), len(text))]):
        place, paragraph, start = start, text[start:end], following
        if not paragraph.strip():
            continue
        if len(paragraph.split()) <= n_words:
            yield place, paragraph.strip()
        else:
            first, *rest = re.split(r"(?<=[.!?])\s+", paragraph.strip())
            yield place, first
            yield from ((None, unit) for unit in rest)
