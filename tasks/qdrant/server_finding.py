"""Points of a Qdrant server that have certain cells: every one, at any size, on any number of shards.

A query's numeric offset makes paging quadratic and loses what changes its place meanwhile; a large limit is divided
over shards by what is likely, not by what is there. So a query is only believed where its answer is well below its
limit; where it is not, ids are read by cursor and asked for in chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from minicoil.sparse import SparseVector
from tasks.points import CELLS_PER_PROBE, PointId, probes
from tasks.qdrant.server_bounds import Bounds, batches

# (query, only these ids or None, limit) -> ids of the matches
Ask = Callable[[SparseVector, Sequence[PointId] | None, int], list[PointId]]


def find_carriers(
    cells: Sequence[int], bounds: Bounds, ask: Ask, pages: Callable[[int], Iterable[list[PointId]]]
) -> set[PointId]:
    """Ids of points that have one of the cells with a value that is not zero.

    Args:
        cells: What to look for.
        bounds: What one request may hold.
        ask: Puts one query.
        pages: Gives every id that is asked about, at most so many at a time.
    """
    found: set[PointId] = set()
    frequent: list[SparseVector] = []
    for some in batches(sorted(set(cells)), CELLS_PER_PROBE):
        for probe in probes(some):
            answer = ask(probe, None, bounds.n_listed)
            found.update(answer)
            if len(answer) >= bounds.n_certain:
                frequent.append(probe)
    if frequent:
        for ids in pages(min(bounds.n_certain, bounds.n_values)):
            found.update(_among(ids, found, frequent, ask, bounds))
    return found


def _among(
    ids: Sequence[PointId], found: set[PointId], queries: Sequence[SparseVector], ask: Ask, bounds: Bounds
) -> Iterator[PointId]:
    left = [point for point in ids if point not in found]
    for query in queries:
        if not left:
            return
        answer = set(ask(query, left, bounds.n_listed))
        yield from answer
        left = [point for point in left if point not in answer]
