"""How good rankings are: measures by ir-measures, and paired bootstrap intervals of their differences."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.retrieval.retrieval_set import Relevant

MEASURES = ("ndcg@10", "mrr@10", "recall@100")
DEPTH = 100  # documents of a ranking that any of them looks at
_DRAWS = 2000
_LARGEST_GRADE = 10_000


@dataclass(frozen=True)
class Difference:
    """Mean difference of two systems on the same queries, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    n: int


def measure(relevant: Relevant, rankings: Mapping[str, Sequence[str]]) -> dict[str, NDArray[np.float64]]:
    """Every measure for every query of `relevant`, (n_queries,) float64 each, in its order.

    A query without ranking counts 0.

    Args:
        relevant: Query id -> document id -> grade above 0, a gain: 1.0 is twice as good as 0.5.
        rankings: Query id -> document ids, best first; at most `DEPTH` are looked at.

    Source: ir-measures, which computes them by pytrec_eval, the measures of trec_eval.
    """
    import ir_measures

    names = dict(zip((str(m) for m in _measures()), MEASURES, strict=True))
    places = {query: place for place, query in enumerate(relevant)}
    answer = {name: np.zeros(len(relevant)) for name in MEASURES}
    numbers: dict[str, str] = {}

    def number(doc: str) -> str:
        return numbers.setdefault(doc, str(len(numbers)))

    # by rank, not by score: trec_eval breaks ties of equal scores by document name, the engine does not
    # everything by number: its C code ends the whole process on ids that are equal up to a zero byte
    run = {
        str(places[query]): {number(doc): float(DEPTH - i) for i, doc in enumerate(docs[:DEPTH])}
        for query, docs in rankings.items()
    }
    whole = whole_grades({grade for docs in relevant.values() for grade in docs.values()})
    judged = {
        str(places[query]): {number(doc): whole[grade] for doc, grade in docs.items()}
        for query, docs in relevant.items()
    }
    for metric in ir_measures.iter_calc(_measures(), judged, run):
        answer[names[str(metric.measure)]][int(metric.query_id)] = metric.value
    return answer


def whole_grades(grades: Collection[float]) -> dict[float, int]:
    """Grades as trec_eval takes them, whole numbers above 0 in the same proportions, which is all that nDCG asks.

    It would read 0.5 as 0, and holds a row of memory for every grade up to the largest: beyond `_LARGEST_GRADE`
    proportions are kept to its four digits.
    """
    exact = {grade: Fraction(str(grade)) for grade in grades}
    factor = Fraction(math.lcm(*(number.denominator for number in exact.values())))
    if grades and max(exact.values()) * factor > _LARGEST_GRADE:
        factor = _LARGEST_GRADE / max(exact.values())
    return {grade: max(round(number * factor), 1) for grade, number in exact.items()}


def _measures() -> list[Any]:
    from ir_measures import RR, R, nDCG

    return [nDCG @ 10, RR @ 10, R @ 100]


def difference(
    one: NDArray[np.float64], other: NDArray[np.float64], seed: int = 17, groups: Sequence[str] | None = None
) -> Difference:
    """Mean of `one - other` over queries, with a paired bootstrap interval.

    >>> difference(np.array([1.0, 0.5]), np.array([0.5, 0.0]))
    Difference(mean=0.5, low=0.5, high=0.5, n=2)

    Args:
        one: (n,) float64 per query.
        other: (n,) float64 of the same queries.
        seed: Of the bootstrap.
        groups: (n,) names of what is drawn together: queries about one word are not independent. None draws queries.
    """
    deltas = one - other
    if not len(deltas):
        return Difference(0.0, 0.0, 0.0, 0)
    if groups is None:
        sums, counts = deltas.astype(np.float64), np.ones(len(deltas))
    else:
        _, index = np.unique(np.asarray(groups), return_inverse=True)
        sums, counts = np.bincount(index, deltas).astype(np.float64), np.bincount(index).astype(np.float64)
    draws = np.random.default_rng(seed).integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(float(deltas.mean()), float(low), float(high), len(deltas))
