"""How much a Qdrant server takes in one request: its own limits, and those of a collection's strict mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

_Item = TypeVar("_Item")
POINTS = 256  # of one write: more brings nothing, and a write that must be repeated costs more
IDS = 10_000  # of one page
LOOKED_UP = 256  # points read by their ids at once, with payload and vectors
REQUEST_BYTES = 16 << 20  # half of what a server takes by default (32 MiB), which no client is told


@dataclass(frozen=True)
class Bounds:
    """What one request may hold.

    Attributes:
        n_points: Points of a write.
        n_listed: `limit` of a query or a scroll.
        n_looked_up: Ids of a look-up.
        n_values: Ids or values of one condition.
        n_conditions: Conditions of a filter; None where there is no limit.
        exact: Whether exact counts and searches are answered.
        reads_unindexed: Whether a read may filter on a field without an index.
        writes_unindexed: Whether a write by filter may.
        n_shards: Over how many parts a query is divided.
    """

    n_points: int = POINTS
    n_listed: int = IDS
    n_looked_up: int = LOOKED_UP
    n_values: int = IDS
    n_conditions: int | None = None
    exact: bool = True
    reads_unindexed: bool = True
    writes_unindexed: bool = True
    n_shards: int = 1

    @staticmethod
    def of(info: Any) -> Bounds:
        """From what a server says of a collection.

        Rate limits count too: a request that costs more than a minute's budget is never let through, and the first
        write to a shard is charged twice.
        """
        free = Bounds(n_shards=info.config.params.shard_number or 1)
        strict = info.config.strict_mode_config
        if strict is None or not strict.enabled:
            return free
        return replace(
            free,
            n_points=_least(POINTS, strict.upsert_max_batchsize, _half(strict.write_rate_limit)),
            n_listed=_least(IDS, strict.max_query_limit),
            n_looked_up=_least(LOOKED_UP, strict.read_rate_limit),
            n_values=_least(IDS, strict.condition_max_size),
            n_conditions=strict.filter_max_conditions,
            exact=strict.search_allow_exact is not False,
            reads_unindexed=strict.unindexed_filtering_retrieve is not False,
            writes_unindexed=strict.unindexed_filtering_update is not False,
        )

    @property
    def n_certain(self) -> int:
        """A query with `n_listed` as limit returns every match where there are fewer than this.

        Of several shards each is asked for somewhat more than its even share of the limit, so matches that lie
        unevenly are lost without a word; none can be while all of them together are less than an even share.
        """
        return max(self.n_listed // self.n_shards, 1)


def _half(limit: int | None) -> int | None:
    return None if limit is None else limit // 2


def _least(usual: int, *limits: int | None) -> int:
    return max(min([usual, *(limit for limit in limits if limit is not None)]), 1)


def batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """The items in order, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def sized_batches(rows: Sequence[tuple[_Item, int]], n_most: int) -> Iterator[list[_Item]]:
    """Items in order, in lists of at most `n_most` and of less than `REQUEST_BYTES`; a larger one goes alone.

    Args:
        rows: Items with their sizes in bytes.
        n_most: Items of a list.
    """
    batch: list[_Item] = []
    total = 0
    for item, size in rows:
        if batch and (len(batch) == n_most or total + size > REQUEST_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size
    if batch:
        yield batch
