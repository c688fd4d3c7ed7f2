"""A score taken apart: for every word of the query IDF x term frequency x importance x meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicoil.retrieval.exact_index import Idf
from minicoil.sparse import SparseVector, Term


@dataclass(frozen=True)
class TermScore:
    """What one word of a query adds to one document's score: `idf * tf * importance * meaning`.

    Attributes:
        is_known: False where the release has no layer for the word, which then counts as in BM25 with meaning 1.
        tf: BM25's saturated term frequency in the document; 0 where it does not have the word.
        importance: How much the word matters in the document, 1 on average; 1 where nothing weighs words, too.
        meaning: Cosine of the word's meaning in the query and in the document, in [-1, 1]; None where it is not there.
    """

    word: str
    is_known: bool
    idf: float
    tf: float
    meaning: float | None
    score: float
    importance: float = 1.0


def explain(
    terms: Sequence[Term], document: SparseVector, idf: Idf, frequencies: SparseVector | None = None
) -> list[TermScore]:
    """Every word's part of a document's score, in the query's order; together they are the score.

    Args:
        terms: The query's words.
        document: Its vector under the same release.
        idf: Of cells, as the engine counts it.
        frequencies: `frequency_vector` of the document, where its words are weighed; None takes all for term frequency.
    """
    values = document.as_dict()
    return [_explain(term, values, idf, None if frequencies is None else frequencies.as_dict()) for term in terms]


def _explain(term: Term, values: dict[int, float], idf: Idf, frequencies: dict[int, float] | None) -> TermScore:
    query = term.cells.values.astype(np.float64)
    found = np.asarray([values.get(int(cell), 0.0) for cell in term.cells.indices], dtype=np.float64)
    if not found.any():
        return TermScore(term.word, term.is_known, 0.0, 0.0, None, 0.0)
    by_cell = idf(term.cells.indices)
    score = float((by_cell * query * found).sum())
    tf = float(np.linalg.norm(found)) if term.is_known else float(found.sum())
    plain = 0.0 if frequencies is None else sum(frequencies.get(int(cell), 0.0) for cell in term.cells.indices)
    importance = tf / plain if plain else 1.0  # what was written before the text changed is told as it is
    # a word's cells stand in the same documents and so have one IDF, but for a hash that falls among them
    weight = float(by_cell[found != 0].mean())
    return TermScore(term.word, term.is_known, weight, tf / importance, score / (weight * tf), score, importance)


def movers(rows: Sequence[TermScore], usual: float, n: int = 3) -> list[tuple[TermScore, float]]:
    """The words that moved a document most against BM25, each with how much it lifted (or, below 0, lowered) it.

    Args:
        rows: Its explanation.
        usual: Share of the BM25 score that documents of this query keep on average; what keeps that share keeps its
            place.
        n: Most to return.
    """
    found = [(row, row.meaning) for row in rows if row.meaning is not None]
    lifts = [(row, row.idf * row.tf * (row.importance * meaning - usual)) for row, meaning in found]
    return sorted(lifts, key=lambda entry: (-abs(entry[1]), entry[0].word))[:n]


def kept_share(explanations: Sequence[Sequence[TermScore]]) -> float:
    """Share of the BM25 score that documents keep on average: the sum of scores over the sum of IDF x tf."""
    plain = sum(row.idf * row.tf for rows in explanations for row in rows)
    return sum(row.score for rows in explanations for row in rows) / plain if plain else 1.0
