"""Contract: the cells of the release that is not kept go; nothing is encoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicoil.bundle import check_bundle
from minicoil.errors import BusyError
from minicoil.model import MiniCoil
from minicoil.sparse import SparseVector, bag_cells, count_words
from minicoil.tokens import WordTokenizer
from minicoil.vocabulary import Vocabulary
from tasks.bundles import lineage, open_model
from tasks.finding import PAGE
from tasks.payload_fields import NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.place import Place
from tasks.points import Point, PointFilter, PointStore, VectorUpdate
from tasks.progress import progress
from tasks.readers import list_readers
from tasks.registry import CollectionRecord, update_collection
from tasks.texts import PointTextError, TextSource, open_texts


def contract_collection(place: Place, points: PointStore, record: CollectionRecord, keep: int) -> CollectionRecord:
    """Drop the cells of the release that is not `keep` from every point that has both.

    Returns:
        The record afterwards: `keep` alone is readable.

    Raises:
        BusyError: an announced reader still serves the other release.
    """
    if record.previous is None:
        return record
    others = {record.release, record.previous} - {keep}
    for other in others:
        refuse_while_read(place, record.channel, other)
    _drop_cells(place, points, record, [*others, keep], keep)
    changed = {"release": keep, "previous": None}
    smaller = update_collection(place.objects(), record.name, lambda found: found.model_copy(update=changed))
    # a writer that read the record before may have written both releases' cells behind our back
    drop_leftovers(place, points, smaller)
    points.optimize(record.name, record.is_ours)
    return smaller


def drop_leftovers(place: Place, points: PointStore, record: CollectionRecord, dry_run: bool = False) -> int:
    """Drop cells of releases that a contracted collection is not read with any more; how many points had some."""
    if record.previous is not None:
        return 0
    known = lineage(place, record.release)
    found = {other: points.count(record.name, PointFilter(equal={UNION_FIELD: other})) for other in known}
    left = [other for other, n in found.items() if n]
    if left and not dry_run:
        _drop_cells(place, points, record, left, record.release)
    return sum(found.values())


def _drop_cells(place: Place, points: PointStore, record: CollectionRecord, others: Sequence[int], keep: int) -> None:
    """Keep only the cells of release `keep` in points that are marked as holding one of `others` beside."""
    vocabulary = check_bundle(open_model(place, keep, record.encoder, record.dims))[1]
    newest = open_model(place, max(record.release, record.previous or 0, keep), record.encoder, record.dims)
    tokenizer, texts = MiniCoil.load(newest).tokenizer, open_texts(record, place.cache)
    fields = [*texts.fields, UNION_FIELD]
    with progress(f"contracting {record.name}", None, "points") as advance:
        for other in others:
            where = PointFilter(equal={UNION_FIELD: other})
            for page in points.scroll(record.name, where, fields, vectors=True, page=PAGE):
                _contract_page(points, record, page, texts, tokenizer, vocabulary, keep)
                advance(len(page))


def refuse_while_read(place: Place, channel: str, release: int) -> None:
    """Nothing, where no announced reader of the channel serves `release`.

    Raises:
        BusyError: one does; it is named.
    """
    names = [reader.name for reader in list_readers(place.objects(), channel) if reader.release == release]
    if names:
        raise BusyError(
            f"release {release} is still read by {', '.join(names)}; its cells stay. Wait until they have moved on or "
            "their lease ends (`minicoil release readers`), or stop them, then run the same command again"
        )


def _contract_page(
    points: PointStore,
    record: CollectionRecord,
    page: Sequence[Point],
    texts: TextSource,
    tokenizer: WordTokenizer,
    vocabulary: Vocabulary,
    keep: int,
) -> None:
    rows: list[tuple[Point, SparseVector, str]] = []
    left = []  # without text their cells cannot be told apart: they stay, and search finds the points by either
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
    updates = []
    for (point, vector, _), words in zip(rows, tokenizer.tokenize([text for _, _, text in rows]), strict=True):
        kept = np.isin(vector.indices, bag_cells(count_words(words.tokens, vocabulary), vocabulary))
        smaller = SparseVector(vector.indices[kept], vector.values[kept])
        updates.append(VectorUpdate(point.id, {record.vector: smaller}, texts.guard(point)))
    # the stamp too: after a rollback these points are due again for the release that they lose
    points.write_vectors(record.name, updates, {UNION_FIELD: NO_UNION, STAMP_FIELD: keep})
