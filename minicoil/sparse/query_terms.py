"""A query word by word: the cells it asks for under a release, and those it would ask for as plain BM25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.sparse.cells import SparseVector, unknown_cell
from minicoil.words import Vocabulary


@dataclass(frozen=True)
class Term:
    """One word of a query.

    Attributes:
        word: Vocabulary entry, or the stem of a word that the release does not know.
        is_known: True where it has a meaning; otherwise it is scored as in BM25.
        cells: Its part of the release's query vector.
        plain: Its part of the plain BM25 query vector of the same text.
    """

    word: str
    is_known: bool
    cells: SparseVector
    plain: SparseVector


def split_query(tokens: Sequence[str], query: SparseVector, vocabulary: Vocabulary) -> list[Term]:
    """The terms of a query, in order of occurrence; their cells together are the query's, and likewise the plain ones.

    Args:
        tokens: The query's words as the tokenizer gives them.
        query: Its vector under `vocabulary`.
        vocabulary: Of the release.
    """
    dims, shift, part_stems = vocabulary.dims, vocabulary.unknown_shift, vocabulary.language.part_stems
    words: dict[int, set[str]] = {}  # word id -> stems it stands for here
    unknown: list[str] = []
    for token in tokens:
        word_id = vocabulary.resolve(token)
        if word_id:
            words.setdefault(word_id, set()).update(part_stems(token))
    for token in tokens:
        if vocabulary.resolve(token):
            continue
        for part in part_stems(token):
            part_id = vocabulary.ids.get(part, 0)
            if part_id in words:  # a part of a symbol-joined token counts for the word beside it
                words[part_id].add(part)
            else:
                unknown.append(part)
    names: dict[int, tuple[str, bool, NDArray[np.int32], set[str]]] = {}
    for word_id, stems in words.items():
        cells = np.arange(word_id * dims, (word_id + 1) * dims, dtype=np.int32)
        names[int(cells[0])] = (vocabulary.words[word_id - 1], True, cells, stems)
    for part in unknown:
        cell = unknown_cell(part, shift)
        name, _, cells, stems = names.get(cell, (part, False, np.asarray([cell], dtype=np.int32), {part}))
        if part not in stems:  # two words in one cell are scored as one
            name, stems = f"{name} or {part}", {*stems, part}
        names[cell] = (name, False, cells, stems)
    taken: set[int] = set()
    terms = []
    for word, is_known, cells, stems in names.values():
        plain = sorted({unknown_cell(part, shift) for part in stems} - taken)
        taken.update(plain)
        ones = SparseVector(np.asarray(plain, np.int32), np.ones(len(plain), np.float32))
        terms.append(Term(word, is_known, take_cells(query, cells), ones))
    return terms


def take_cells(vector: SparseVector, cells: NDArray[np.int32]) -> SparseVector:
    """The part of a vector that lies in (n,) int32 `cells`; any order, cells it does not have are no error."""
    kept = np.isin(vector.indices, cells)
    return SparseVector(vector.indices[kept], vector.values[kept])
