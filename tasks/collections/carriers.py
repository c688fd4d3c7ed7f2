"""How many points carry a word: asked by keys where this service wrote them, by the word's cells elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from minicoil.sparse import cells_of
from tasks.catalogue import KEYS_FIELD, CollectionRecord
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import PointFilter, PointStore


def count_carriers(points: PointStore, record: CollectionRecord, keys: Iterable[str], cells: Iterable[int]) -> int:
    """Points of one collection that carry a key; exact for keys, and a superset by a few hash collisions for cells.

    Args:
        keys: Words and forms, as `minicoil.sparse.impact.text_keys` makes them of a text.
        cells: What the same words are encoded as in the collection's sparse vectors.
    """
    if record.is_ours:
        wanted = sorted(set(keys))
        return points.count(record.name, PointFilter(any_of={KEYS_FIELD: wanted})) if wanted else 0
    return len(points.find(record.name, record.vector, sorted(set(cells))))


@dataclass(frozen=True)
class Carriers:
    """Counts the points that new or retrained words would change, over a channel's collections; remembers counts.

    Attributes:
        place: Has the releases that collections carry; one behind its channel has cells of an older release.
    """

    place: Place
    points: PointStore
    records: Sequence[CollectionRecord]
    _counts: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict, repr=False)
    _models: dict[tuple[str, int, str], CollectionModels] = field(default_factory=dict, repr=False)

    def count(self, record: CollectionRecord, forms: Mapping[str, Iterable[str]]) -> int:
        """Points of one collection with any of the words, given with their forms."""
        keys = frozenset(key for word, others in forms.items() for key in (word, *others))
        known = self._counts.get((record.name, keys))
        if known is None:
            cells = () if record.is_ours else self._cells(record, keys)
            known = self._counts[record.name, keys] = count_carriers(self.points, record, keys, cells)
        return known

    def names(self, record: CollectionRecord, forms: Mapping[str, Iterable[str]]) -> Iterator[str | int]:
        """By what points of one collection with any of the words are found: keys where they carry them, else cells."""
        keys = frozenset(key for word, others in forms.items() for key in (word, *others))
        yield from sorted(keys) if record.is_ours else self._cells(record, keys)

    def count_all(self, forms: Mapping[str, Iterable[str]]) -> int:
        """Points of all collections with any of the words."""
        return sum(self.count(record, forms) for record in self.records)

    def _cells(self, record: CollectionRecord, keys: Iterable[str]) -> Iterator[int]:
        empty = (record.encoder, record.dims, record.language)
        models = self._models.setdefault(empty, CollectionModels.of(self.place, record))
        vocabulary = models.vocabulary(record.release)
        return (cell for key in keys for cell in cells_of(vocabulary, key))
