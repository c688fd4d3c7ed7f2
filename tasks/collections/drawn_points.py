"""Points drawn of collections: which of them carry which words, and with what they begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from minicoil.text import Language, split_sentences
from minicoil.words import Spread
from tasks.catalogue import KEYS_FIELD, CollectionRecord
from tasks.collections.carriers import Carriers
from tasks.collections.texts import PointTextError, TextSource, joined_path, open_texts
from tasks.documents import HashSample
from tasks.points import Point, PointStore, Vector

DRAWN_POINTS = 5_000  # of a collection: a share of its points is right to about one percent
_SCANNED = 8  # ids looked through for each one drawn: enough to draw from, bounded in a collection of millions
_SEED = 17


@dataclass(frozen=True)
class DrawnPoints:
    """What points drawn of a channel's collections say; every point, where there are few.

    Attributes:
        spread: Which of them carry which word.
        n_points: In all collections.
        openings: Title, or else first sentence, of those whose text is at hand.
    """

    spread: Spread
    n_points: int
    openings: tuple[str, ...]


def draw_points(
    carriers: Carriers, forms: Mapping[str, Sequence[str]], language: Language, most: int = DRAWN_POINTS
) -> DrawnPoints:
    """The same points on every run, as long as the collections are the same.

    Args:
        carriers: Has the collections, and knows the cells of words where points have no keys.
        forms: Word -> its forms; their order numbers the words.
        language: Of the texts, which says where a first sentence ends.
        most: Of each collection.
    """
    words, points, weights, openings = list[int](), list[int](), list[float](), list[str]()
    total = 0
    for record in carriers.records:
        n_points = carriers.points.count(record.name)
        ids = _draw_ids(carriers.points, record.name, most)
        texts = _texts(record, carriers.place.cache)
        fields = sorted({KEYS_FIELD, "title", *(texts.fields if texts is not None else ())})
        rows = carriers.points.get(record.name, ids, fields, vectors=not record.is_ours)
        holders = _holders(carriers, record, forms)
        for row in rows:
            found = {number for name in _names(row, record) for number in holders.get(name, ())}
            words += sorted(found)
            points += [len(weights)] * len(found)
            weights.append(n_points / len(rows))
            if texts is not None and (opening := _opening(row, texts, language)):
                openings.append(opening)
        total += n_points
    spread = Spread(np.asarray(words, np.int64), np.asarray(points, np.int64), np.asarray(weights, np.float64))
    return DrawnPoints(spread, total, tuple(openings))


def _draw_ids(points: PointStore, collection: str, most: int) -> list[int | str]:
    """By seeded hash, from the first of the collection."""
    pages, drawn = points.scroll(collection, payload=False), HashSample[int | str](most, _SEED)
    for name in islice((point.id for page in pages for point in page), _SCANNED * most):
        drawn.add(str(name), str(name), name)
    return drawn.entries()


def _holders(
    carriers: Carriers, record: CollectionRecord, forms: Mapping[str, Sequence[str]]
) -> dict[str | int, list[int]]:
    """Key or cell -> numbers of the words that are found by it."""
    holders: dict[str | int, list[int]] = {}
    for number, (word, others) in enumerate(forms.items()):
        for name in set(carriers.names(record, {word: others})):
            holders.setdefault(name, []).append(number)
    return holders


def _names(row: Point, record: CollectionRecord) -> Iterator[str | int]:
    """By what a point may be found: its keys, or the cells of a stranger's."""
    if record.is_ours:
        keys = row.payload.get(KEYS_FIELD)
        yield from (key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()
        return
    vector: Vector | None = row.vectors.get(record.vector)
    indices = getattr(vector, "indices", ())
    yield from map(int, indices)


def _texts(record: CollectionRecord, cache: Path) -> TextSource | None:
    """Where its texts are; None where a corpus would have to be read for them."""
    if record.corpus and not joined_path(cache / "joined", record.corpus).is_file():
        return None
    return open_texts(record, cache)


def _opening(row: Point, texts: TextSource, language: Language) -> str:
    """What a person might ask who wants this text; empty where it has none."""
    title = row.payload.get("title")
    if isinstance(title, str) and title.strip():
        return title
    try:
        return next(iter(split_sentences(texts.read(row).strip(), language)), "")
    except PointTextError:
        return ""
