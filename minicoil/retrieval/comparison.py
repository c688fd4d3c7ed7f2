"""Two rankings of the same query beside each other, and rankings fused into one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

RRF_K = 2  # Qdrant's constant
T = TypeVar("T", bound=Hashable)


def fuse(rankings: Sequence[Sequence[T]], limit: int) -> list[T]:
    """The best `limit` entries by reciprocal rank fusion.

    >>> fuse([["a", "b"], ["b", "c"]], 3)
    ['b', 'a', 'c']

    Source: Qdrant, `lib/segment/src/common/reciprocal_rank_fusion.rs`: the sum of 1 / (rank + 2), ranks from 0.
    """
    scores: dict[T, float] = {}
    for ranking in rankings:
        for place, entry in enumerate(ranking):
            scores[entry] = scores.get(entry, 0.0) + 1 / (place + RRF_K)
    return sorted(scores, key=lambda entry: -scores[entry])[:limit]


@dataclass(frozen=True)
class Shift:
    """How one query's results differ between two releases.

    Attributes:
        overlap: Share of the longer ranking that both have, in [0, 1]; 1 where both are empty.
        top_changed: Whether another entry comes first.
        n_one, n_other: Entries found.
    """

    overlap: float
    top_changed: bool
    n_one: int
    n_other: int

    @property
    def is_zero(self) -> bool:
        """True where either release finds nothing."""
        return not self.n_one or not self.n_other


def shift(one: Sequence[T], other: Sequence[T], limit: int = 10) -> Shift:
    """The difference of two rankings in their first `limit` entries."""
    first, second = list(one[:limit]), list(other[:limit])
    longest = max(len(first), len(second))
    overlap = len(set(first) & set(second)) / longest if longest else 1.0
    return Shift(overlap, first[:1] != second[:1], len(first), len(second))


def summarise(shifts: Sequence[Shift]) -> dict[str, float | int]:
    """Means and counts over queries."""
    return {
        "overlap": round(float(np.mean([entry.overlap for entry in shifts])), 4),
        "n_changed": sum(entry.overlap < 1 for entry in shifts),
        "n_top_changed": sum(entry.top_changed for entry in shifts),
        "n_without_results_one": sum(not entry.n_one for entry in shifts),
        "n_without_results_other": sum(not entry.n_other for entry in shifts),
    }
