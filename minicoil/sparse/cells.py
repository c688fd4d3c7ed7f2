"""From the words of a text to a sparse vector: the arithmetic of FastEmbed's miniCOIL, cell for cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import mmh3
import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.errors import BundleError
from minicoil.text import MEMO_SIZE, Language
from minicoil.words import Vocabulary

INT32_MAX = 2**31 - 1
Cells: TypeAlias = NDArray[np.int32] | NDArray[np.uint32]


@dataclass(frozen=True)
class SparseVector:
    """One sparse vector as Qdrant takes it.

    Attributes:
        indices: (n,) cells, without repeats: int32 in vectors made here, uint32 where somebody else's go beyond.
        values: (n,) float32.
    """

    indices: Cells
    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.indices.shape != self.values.shape or self.indices.ndim != 1:
            raise ValueError(f"indices {self.indices.shape} and values {self.values.shape} must be one length")

    def as_object(self) -> dict[str, NDArray[Any]]:
        """Both arrays by name, for `models.SparseVector(**vector.as_object())` as with FastEmbed's."""
        return {"indices": self.indices, "values": self.values}

    def as_dict(self) -> dict[int, float]:
        """Cell -> value, as FastEmbed's vectors give it."""
        return dict(zip(self.indices.tolist(), self.values.tolist(), strict=True))

    def once(self) -> dict[int, float]:
        """Cell -> value of the cells that are there once; stock FastEmbed repeats one that two words hash to.

        >>> SparseVector(np.array([7, 9, 7], np.int32), np.array([1, 2, 3], np.float32)).once()
        {9: 2.0}
        """
        found = self.as_dict()
        if len(found) < len(self.indices):
            cells, n = np.unique(self.indices, return_counts=True)
            for cell in cells[n > 1].tolist():
                del found[cell]
        return found


@dataclass(frozen=True)
class Bag:
    """The words of one text, counted.

    Attributes:
        word_ids: Known words, ascending.
        word_counts: Occurrences of each.
        unknown: Stems of unknown words, in order of first occurrence.
        unknown_counts: Occurrences of each.
        n_words: Sum of all counts, BM25's document length.
    """

    word_ids: tuple[int, ...]
    word_counts: tuple[int, ...]
    unknown: tuple[str, ...]
    unknown_counts: tuple[int, ...]

    @property
    def n_words(self) -> int:
        """Of the text, stopwords left out."""
        return sum(self.word_counts) + sum(self.unknown_counts)


def count_words(tokens: Sequence[str], vocabulary: Vocabulary) -> Bag:
    """The bag of a text's tokens.

    A part of an unknown symbol-joined token counts for a known word of the same name where the text has it.

    >>> vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    >>> bag = count_words(["the", "pods", "run", "a", "pod", "on", "nodes"], vocabulary)
    >>> bag.word_ids, bag.word_counts, bag.unknown, bag.n_words
    ((1,), (2,), ('run', 'node'), 4)

    Source: FastEmbed 0.9.1, `VocabResolver.resolve_tokens` and `SparseVectorConverter.clean_words`.
    """
    known: dict[int, int] = {}
    others: list[tuple[str, int]] = []
    occurrences = Counter(tokens)  # a text says most of its words again
    for (token, n), word_id in zip(occurrences.items(), vocabulary.resolve_all([*occurrences]), strict=True):
        if word_id:
            known[word_id] = known.get(word_id, 0) + n
        else:
            others.append((token, n))
    unknown: dict[str, int] = {}
    part_stems = vocabulary.language.part_stems
    for token, n in others:
        for part in part_stems(token):
            word_id = vocabulary.ids.get(part, 0)
            if word_id in known:
                known[word_id] += n
            else:
                unknown[part] = unknown.get(part, 0) + n
    ids = tuple(sorted(known))
    return Bag(ids, tuple(known[i] for i in ids), tuple(unknown), tuple(unknown.values()))


@lru_cache(MEMO_SIZE)
def unknown_cell(word: str, shift: int) -> int:
    """Hashed cell of an unknown stem, in [shift, 2^31 - 1)."""
    return shift + abs(mmh3.hash(word)) % (INT32_MAX - shift)


def as_indices(cells: Sequence[int]) -> Cells:
    """Cells as an engine gives them, (n,): int32 where they fit, uint32 beyond, which Qdrant takes too."""
    wide = np.asarray(cells, dtype=np.uint32)
    return wide.astype(np.int32) if not len(wide) or int(wide.max()) <= INT32_MAX else wide


def hashed_counts(bag: Bag, vocabulary: Vocabulary) -> dict[int, int]:
    """Hashed cell -> occurrences of its unknown words, in order of first occurrence.

    Two stems may fall into one cell (once in some thousand texts); an engine takes a cell once, so they count as one
    word that occurs as often as both.

    >>> empty = Vocabulary.empty()
    >>> hashed_counts(count_words(["leeway", "haught", "leeway"], empty), empty)
    {1650114854: 3}
    """
    counts: dict[int, int] = {}
    for word, count in zip(bag.unknown, bag.unknown_counts, strict=True):
        cell = unknown_cell(word, vocabulary.unknown_shift)
        counts[cell] = counts.get(cell, 0) + count
    return counts


def bag_cells(bag: Bag, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """(n,) cells of a document's vector, in its order, none twice: d for every known word, then the hashed ones."""
    return _all_cells(bag, hashed_counts(bag, vocabulary), vocabulary)


def _all_cells(bag: Bag, hashed: Mapping[int, int], vocabulary: Vocabulary) -> NDArray[np.int64]:
    starts = np.asarray(bag.word_ids, dtype=np.int64) * vocabulary.dims
    cells = (starts[:, None] + np.arange(vocabulary.dims)).ravel()
    return np.concatenate([cells, np.fromiter(hashed, dtype=np.int64, count=len(hashed))])


def term_frequency(counts: NDArray[np.float64], n_words: int, bm25: Bm25Config) -> NDArray[np.float64]:
    """BM25's saturated term frequency of each count, (n,) float64.

    >>> term_frequency(np.array([1.0, 2.0, 100.0]), n_words=40, bm25=Bm25Config(k=1.2, b=0.75, avg_len=40.0)).round(3)
    array([1.   , 1.375, 2.174])
    """
    length = 1 - bm25.b + bm25.b * n_words / bm25.avg_len
    return np.asarray(counts * (bm25.k + 1) / (counts + bm25.k * length))


def document_vector(
    bag: Bag,
    meanings: NDArray[np.float32],
    vocabulary: Vocabulary,
    bm25: Bm25Config,
    weights: NDArray[np.float64] | None = None,
) -> SparseVector:
    """The vector of a document.

    >>> vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    >>> bag = count_words(["pods", "on", "nodes"], vocabulary)
    >>> meaning = np.array([[3.0, 0.0, 0.0, 4.0]], np.float32)
    >>> vector = document_vector(bag, meaning, vocabulary, Bm25Config(avg_len=2.0))
    >>> vector.indices.tolist(), [round(value, 2) for value in vector.values.tolist()]
    ([4, 5, 6, 7, 240205321], [0.6, 0.0, 0.0, 0.8, 1.0])

    Args:
        bag: Its words.
        meanings: (n_known, d) float32 tanh outputs in the order of `bag.word_ids`; normalised here.
        vocabulary: Gives d and the unknown-word shift.
        bm25: k, b and avg_len of the collection.
        weights: See `minicoil.sparse.weighing`, in the order of known and hashed words; None weighs nothing.

    Returns:
        d cells per known word in id order, then the hashed cells of unknown stems: BM25 of their summed counts.
    """
    hashed = hashed_counts(bag, vocabulary)
    counts = np.asarray([*bag.word_counts, *hashed.values()], dtype=np.float64)
    tf = term_frequency(counts, bag.n_words, bm25)
    if weights is not None:
        tf = tf * weights
    n_known = len(bag.word_ids)
    values = (normalise(meanings).astype(np.float64) * tf[:n_known, None]).ravel()
    return _vector(bag, hashed, np.concatenate([values, tf[n_known:]]), vocabulary)


def query_vector(bag: Bag, meanings: NDArray[np.float32], vocabulary: Vocabulary) -> SparseVector:
    """The vector of a query: as a document's, without term frequency.

    Args:
        bag: Words of the query.
        meanings: (words, d) float32 outputs of the known words' layers, any length.
        vocabulary: Gives the cells.
    """
    hashed = hashed_counts(bag, vocabulary)
    values = normalise(meanings).astype(np.float64).ravel()
    return _vector(bag, hashed, np.concatenate([values, np.ones(len(hashed))]), vocabulary)


def bm25_vector(tokens: Sequence[str], vocabulary: Vocabulary, bm25: Bm25Config, query: bool = False) -> SparseVector:
    """The vector of a text under a vocabulary of the same shift that knows no word: plain BM25, no encoder."""
    blank = without_words(vocabulary)
    bag = count_words(tokens, blank)
    nothing = np.zeros((0, blank.dims), dtype=np.float32)
    return query_vector(bag, nothing, blank) if query else document_vector(bag, nothing, blank, bm25)


def without_words(vocabulary: Vocabulary) -> Vocabulary:
    """A vocabulary of the same size, and so of the same hashed cells, that knows no word: under it all is BM25."""
    return _without_words(len(vocabulary.words), vocabulary.dims, vocabulary.language)


def frequency_vector(tokens: Sequence[str], vocabulary: Vocabulary, bm25: Bm25Config) -> SparseVector:
    """BM25's term frequencies of a document, in the cells that its words have: a known word's in its first cell."""
    bag = count_words(tokens, vocabulary)
    first = np.zeros((len(bag.word_ids), vocabulary.dims), dtype=np.float32)
    first[:, 0] = 1.0
    return document_vector(bag, first, vocabulary, bm25)


@lru_cache(8)
def _without_words(n_words: int, dims: int, language: Language) -> Vocabulary:
    """A vocabulary of a size, and so of a shift, that knows no word."""
    return Vocabulary.empty(dims, n_words + 1, language)


def normalise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., d) float32 rows scaled to unit length; one shorter than 1e-8 is left as it is, as FastEmbed leaves it."""
    norms = np.sqrt(np.square(vectors, dtype=np.float64).sum(axis=-1, keepdims=True))
    return (vectors / np.where(norms < 1e-8, 1.0, norms)).astype(np.float32)


def _vector(bag: Bag, hashed: Mapping[int, int], values: NDArray[np.float64], vocabulary: Vocabulary) -> SparseVector:
    return SparseVector(_all_cells(bag, hashed, vocabulary).astype(np.int32), values.astype(np.float32))


def union(new: SparseVector, old: SparseVector, lenient: bool = False) -> SparseVector:
    """New cells, then those of the old vector that the new one lacks: a vector for readers of both releases.

    >>> new, old = (SparseVector(np.array(i, np.int32), np.array(v, np.float32)) for i, v in (
    ...     ([8, 9], [0.6, 0.8]), ([4, 5, 9], [1.0, 0.0, 0.8])))
    >>> union(new, old).as_dict().keys()
    dict_keys([8, 9, 4, 5])

    Args:
        new: Wins where both have a cell.
        old: Of the same text.
        lenient: Allow shared cells of different value.

    Raises:
        BundleError: a shared cell differs by more than the encoder's noise (1e-4 relative) and `lenient` is False.
    """
    both, at_new, at_old = np.intersect1d(new.indices, old.indices, return_indices=True)
    differ = np.abs(new.values[at_new] - old.values[at_old]) > 1e-4 * np.maximum(1, np.abs(new.values[at_new]))
    if differ.any() and not lenient:
        raise BundleError(
            f"cell {int(both[differ.argmax()])} has another value in each release; "
            "they are not of one lineage: re-index the collection instead"
        )
    keep = ~np.isin(old.indices, new.indices)
    return SparseVector(
        np.concatenate([new.indices, old.indices[keep]]), np.concatenate([new.values, old.values[keep]])
    )
