"""The order of documents with equal scores, the one that trec_eval takes: one place, so that every measure agrees.

Sets made of near-copies tie often, and then the order of a file or of an engine's segments would decide the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Hit = tuple[str, float]  # document id, score
_MOST_EQUALS = 20_000  # asked for to see past a tie; a query that cannot tell more apart has no ranking


def sort_hits(hits: Iterable[Hit]) -> list[Hit]:
    """Document ids and scores, the highest score first; of equal scores the id that is larger, byte by byte.

    >>> sort_hits([("d1", 0.5), ("d2", 0.5), ("d10", 0.5), ("d0", 2.0)])
    [('d0', 2.0), ('d2', 0.5), ('d10', 0.5), ('d1', 0.5)]

    Args:
        hits: Ids and scores in any order; scores are compared, and come back, as float32.

    Source: trec_eval 9, `form_res_rels.c`, `comp_sim_docno`: score descending, then `strcmp` of the ids descending; its
        scores are C floats.
    """
    rows = [(float(np.float32(score)), _bytes(name), name) for name, score in hits]
    rows.sort(key=lambda row: row[:2], reverse=True)
    return [(name, score) for score, _, name in rows]


def first_of_each(hits: Iterable[Hit]) -> list[Hit]:
    """The hits without names that came before: of a document in several points, its best one.

    >>> first_of_each([("a", 2.0), ("b", 1.5), ("a", 1.0)])
    [('a', 2.0), ('b', 1.5)]
    """
    best: dict[str, float] = {}
    for name, score in hits:
        best.setdefault(name, score)
    return list(best.items())


def tie_order(names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) int64: the place of each id among all of them, the largest first; lower wins where scores are equal.

    >>> tie_order(["d1", "d2", "d10"]).tolist()
    [2, 0, 1]
    """
    order = sorted(range(len(names)), key=lambda place: _bytes(names[place]), reverse=True)
    places = np.empty(len(names), dtype=np.int64)
    places[order] = np.arange(len(names))
    return places


def search_in_order(ask: Callable[[int], Sequence[Hit]], limit: int) -> list[Hit]:
    """The first `limit` hits and all that equal the last of them, which the engine would have cut anywhere; maybe more.

    Args:
        ask: Number of hits -> that many, the highest score first; fewer where there are no more.
        limit: What is needed.
    """
    asked = limit + 1  # where this one is worse, nothing was cut
    while True:
        hits = list(ask(asked))
        is_all = len(hits) < asked or not hits or asked >= _MOST_EQUALS
        if is_all or np.float32(hits[-1][1]) < np.float32(hits[limit - 1][1]):
            return hits
        asked *= 4


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
