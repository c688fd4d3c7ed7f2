"""How many points carry a word: asked by keys where this service wrote them, by the word's cells elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from minicoil.impact import cells_of
from minicoil.vocabulary import Vocabulary
from tasks.payload_fields import KEYS_FIELD
from tasks.points import PointFilter, PointStore
from tasks.registry import CollectionRecord


def count_carriers(points: PointStore, record: CollectionRecord, keys: Iterable[str], cells: Iterable[int]) -> int:
    """Points of one collection that carry a key; exact for keys, and a superset by a few hash collisions for cells.

    Args:
        keys: Words and forms, as `minicoil.impact.text_keys` makes them of a text.
        cells: What the same words are encoded as in the collection's sparse vectors.
    """
    if record.is_ours:
        wanted = sorted(set(keys))
        return points.count(record.name, PointFilter(any_of={KEYS_FIELD: wanted})) if wanted else 0
    return len(points.find(record.name, record.vector, sorted(set(cells))))


@dataclass(frozen=True)
class Carriers:
    """Counts the points that a new or retrained word would change, over a channel's collections.

    Attributes:
        vocabulary: That the collections are encoded with now.
    """

    points: PointStore
    records: Sequence[CollectionRecord]
    vocabulary: Vocabulary

    def count(self, record: CollectionRecord, forms: Mapping[str, Iterable[str]]) -> int:
        """Points of one collection with any of the words, given with their forms."""
        keys = {key for word, others in forms.items() for key in (word, *others)}
        return count_carriers(self.points, record, keys, (c for key in keys for c in cells_of(self.vocabulary, key)))

    def count_all(self, forms: Mapping[str, Iterable[str]]) -> int:
        """Points of all collections with any of the words."""
        return sum(self.count(record, forms) for record in self.records)
