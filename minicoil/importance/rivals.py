"""Contests that teach importance: a document's own title asks for it among what BM25 finds instead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.importance.document_words import DocumentWords
from minicoil.text import ENGLISH, Language

N_RIVALS = 100
_FEWEST_RIVALS = 5  # fewer say nothing of what sets a document apart
_FEWEST_SHARED = 2  # words of a query that its own document has
_TOO_COMMON = 0.3  # share of documents from which a word asks for nothing
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """A title or first sentence, and the document that it was cut out of.

    Attributes:
        stems: Words of the query.
        document: Place of the document among all.
    """

    stems: tuple[str, ...]
    document: int

    @staticmethod
    def of(tokens: Sequence[str], document: int, language: Language = ENGLISH) -> Pair:
        """Of a tokenized query, whose words are those that a document's are counted by."""
        return Pair(tuple(dict.fromkeys(map(language.stem, filter(language.is_content, tokens)))), document)


def teaches(query: str) -> bool:
    """Whether a query is of the half that importance learns from; the other half is kept for judging it.

    By hash of its words, so that whoever cuts the same title or sentence out of a text finds the same answer.

    >>> teaches("Nodes and pods"), teaches("nodes and pods!"), teaches("Banks of a river")
    (True, True, False)
    """
    words = " ".join(_WORD.findall(query.lower()))
    return bool(hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] & 1)


@dataclass(frozen=True)
class Pool:
    """Documents as BM25 sees them; their E (document, word) entries lie one document after the other.

    Attributes:
        offsets: (N + 1,) int64 first entry of each document.
        words: (E,) int64 number of each entry's word.
        numbers: Stem -> that number.
        document_counts: (V,) int64 documents with each word.
        base: (E,) float64 IDF times saturated term frequency.
        inputs: (E, D + 3) float32.
    """

    offsets: NDArray[np.int64]
    words: NDArray[np.int64]
    numbers: dict[str, int]
    document_counts: NDArray[np.int64]
    base: NDArray[np.float64]
    inputs: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def owners(self) -> NDArray[np.int64]:
        """(E,) document of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def make_pool(documents: Sequence[DocumentWords], bm25: Bm25Config | None = None) -> Pool:
    """The documents' entries with their BM25 weights; the mean length is theirs, k and b those of `bm25`."""
    bm25 = bm25 or Bm25Config()
    offsets = np.cumsum([0, *(len(entry.stems) for entry in documents)])
    numbers: dict[str, int] = {}
    words = np.asarray([numbers.setdefault(s, len(numbers)) for d in documents for s in d.stems], dtype=np.int64)
    counts = np.concatenate([np.zeros(0), *(entry.counts for entry in documents)])
    lengths = np.asarray([entry.counts.sum() for entry in documents], dtype=np.float64)
    owners = np.repeat(np.arange(len(documents)), np.diff(offsets))
    found = np.bincount(words, minlength=len(numbers))
    idf = np.log(1 + (len(documents) - found + 0.5) / (found + 0.5))
    length = 1 - bm25.b + bm25.b * lengths[owners] / max(float(lengths.mean()) if len(lengths) else 0.0, 1e-9)
    base = idf[words] * counts * (bm25.k + 1) / (counts + bm25.k * length)
    return Pool(offsets, words, numbers, found, base, np.concatenate([entry.inputs for entry in documents]))


@dataclass(frozen=True)
class Contest:
    """One query and its candidates: the own document, number 0, then its rivals.

    Attributes:
        n_candidates: Of them.
        candidates: (R,) int64 candidate of each entry that the query asks for.
        entries: (R,) int64 these entries.
    """

    n_candidates: int
    candidates: NDArray[np.int64]
    entries: NDArray[np.int64]


def find_contests(pool: Pool, pairs: Sequence[Pair], n_rivals: int = N_RIVALS) -> list[Contest]:
    """Each pair against the documents that BM25 ranks first; pairs that can teach nothing are left out."""
    order = np.argsort(pool.words, kind="stable")
    starts = np.searchsorted(pool.words[order], np.arange(len(pool.numbers) + 1))
    owners = pool.owners
    found = []
    for pair in pairs:
        numbers = {pool.numbers[word] for word in pair.stems if word in pool.numbers}
        asked = sorted(word for word in numbers if pool.document_counts[word] < _TOO_COMMON * len(pool))
        entries = np.concatenate([np.zeros(0, np.int64), *(order[starts[word] : starts[word + 1]] for word in asked)])
        if np.count_nonzero(owners[entries] == pair.document) < _FEWEST_SHARED:
            continue
        scores = np.bincount(owners[entries], pool.base[entries], len(pool))
        scores[pair.document] = np.inf
        best = np.argsort(-scores, kind="stable")[: n_rivals + 1]
        best = best[scores[best] > 0]
        if len(best) <= _FEWEST_RIVALS:
            continue
        place = np.full(len(pool), -1)
        place[best] = np.arange(len(best))
        taken = place[owners[entries]] >= 0
        found.append(Contest(len(best), place[owners[entries[taken]]], entries[taken]))
    return found
