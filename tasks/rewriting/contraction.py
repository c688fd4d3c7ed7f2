"""Contract: the cells of releases that are not kept go; nothing is encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from minicoil.sparse import SparseVector, bag_cells, count_words
from minicoil.text import WordTokenizer
from minicoil.words import Vocabulary
from tasks.catalogue import NO_UNION, STAMP_FIELD, UNION_FIELD, CollectionRecord, read_channel, update_collection
from tasks.collections import PAGE, PointTextError, TextSource, mark_union, open_texts
from tasks.models import CollectionModels, lineage
from tasks.place import Place
from tasks.points import Point, PointFilter, PointId, PointStore, VectorUpdate
from tasks.progress import progress


def contract_collection(
    place: Place, points: PointStore, record: CollectionRecord, keep: Collection[int], current: int | None
) -> CollectionRecord:
    """Drop the cells of every release that is neither `current` nor in `keep`; whether they may go the caller knows.

    The record first: stopped halfway, no release is taken for readable whose cells are gone from some points, and the
    next sweep drops the rest.

    Returns:
        The record afterwards.
    """
    smaller = update_collection(place.objects(), record.name, lambda found: found.contracted(keep, current))
    drop_leftovers(place, points, smaller, gone={*record.readable} - {*smaller.readable})
    return smaller


def drop_leftovers(
    place: Place, points: PointStore, record: CollectionRecord, dry_run: bool = False, gone: Collection[int] = ()
) -> int:
    """Drop cells of releases that a collection is not read with any more; how many points had some.

    They are there where a contraction was stopped, and where a writer that read the record before wrote behind our
    back.

    Args:
        place: Where.
        points: The engine.
        record: The collection.
        dry_run: Only count; a point may be counted twice.
        gone: Releases of which it was just decided that they are not read any more.
    """
    if UNION_FIELD not in points.describe(record.name).indexed:
        return 0  # nothing was ever written here, and a strict server would have every point read to find that
    past = sorted({*_past_releases(place, record), *gone})
    marks = [PointFilter(equal={UNION_FIELD: number}) for number in past]
    stamps = [PointFilter(equal={STAMP_FIELD: number}, not_equal={UNION_FIELD: NO_UNION}) for number in past]
    left = [where for where in (*marks, *stamps) if points.count(record.name, where)]
    if dry_run:
        return sum(points.count(record.name, where) for where in left)
    n_points = _drop_cells(place, points, record, left) if left else 0
    if n_points:
        points.optimize(record.name, not record.has_owner)
    return n_points


def _past_releases(place: Place, record: CollectionRecord) -> set[int]:
    """Releases whose cells the points may carry from before: ancestors, and what the channel ever went to.

    Not what it goes to right now: a run that was stopped, or another worker's, has given some points these cells.
    """
    state = read_channel(place.objects(), record.channel)
    moved = {row.release for row in state.history if row.release is not None}
    coming = {number for number in (state.current, state.pending) if number is not None}
    return {*moved, *lineage(place, max(record.readable))} - {*record.readable} - coming


def _drop_cells(place: Place, points: PointStore, record: CollectionRecord, wheres: Sequence[PointFilter]) -> int:
    """Keep only the cells of readable releases in some points; how many were looked at."""
    models = CollectionModels.of(place, record)
    vocabularies = {number: models.vocabulary(number) for number in record.readable}
    tokenizer, texts = WordTokenizer.from_folder(models.folder(record.release)), open_texts(record, place.cache)
    fields = [*texts.fields, UNION_FIELD]
    n_points = 0
    with progress(f"contracting {record.name}", None, "points") as advance:
        for where in wheres:
            for page in points.scroll(record.name, where, fields, vectors=True, page=PAGE):
                _contract_page(points, record, page, texts, tokenizer, vocabularies)
                n_points += len(page)
                advance(len(page))
    return n_points


def _contract_page(
    points: PointStore,
    record: CollectionRecord,
    page: Sequence[Point],
    texts: TextSource,
    tokenizer: WordTokenizer,
    vocabularies: Mapping[int, Vocabulary],
) -> None:
    rows: list[tuple[Point, SparseVector, str]] = []
    left: list[PointId] = []  # without text their cells cannot be told apart: they stay, and search finds them by any
    for point in page:
        vector = point.vectors.get(record.vector)
        try:
            text = texts.read(point)
        except PointTextError:
            vector = None
        if isinstance(vector, SparseVector):
            rows.append((point, vector, text))
        else:
            left.append(point.id)
    if left:
        points.set_payload(record.name, left, {UNION_FIELD: NO_UNION})
    updates: dict[tuple[int, ...] | None, list[VectorUpdate]] = {}
    for (point, vector, _), words in zip(rows, tokenizer.tokenize([text for _, _, text in rows]), strict=True):
        cells = {n: _cells(words.tokens, vocabulary) for n, vocabulary in vocabularies.items()}
        beside = tuple(n for n in record.others if cells[n] != cells[record.release])
        kept = np.isin(vector.indices, [*set().union(*cells.values())])
        smaller = SparseVector(vector.indices[kept], vector.values[kept])
        is_late = not cells[record.release] <= {*vector.indices.tolist()}  # by a writer that read the record before
        update = VectorUpdate(point.id, {record.vector: smaller}, texts.guard(point))
        updates.setdefault(None if is_late else beside, []).append(update)
    for others, some in updates.items():
        # the stamp too: after a rollback these points are due again for the release that they lose
        stamp = {STAMP_FIELD: record.release, UNION_FIELD: mark_union(others or ())}
        if others is None:
            del stamp[STAMP_FIELD]  # the sweep brings them up to date by what they were stamped with
        points.write_vectors(record.name, some, stamp)


def _cells(tokens: Sequence[str], vocabulary: Vocabulary) -> frozenset[int]:
    return frozenset(bag_cells(count_words(tokens, vocabulary), vocabulary).tolist())
