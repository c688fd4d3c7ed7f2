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
from tasks.bundles import open_model
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
    vocabulary = check_bundle(open_model(place, keep, record.encoder, record.dims))[1]
    newest = open_model(place, max(record.release, record.previous), record.encoder, record.dims)
    tokenizer, texts = MiniCoil.load(newest).tokenizer, open_texts(record, place.cache)
    fields = [*texts.fields, UNION_FIELD]
    with progress(f"contracting {record.name}", None, "points") as advance:
        for other in (*others, keep):
            where = PointFilter(equal={UNION_FIELD: other})
            for page in points.scroll(record.name, where, fields, vectors=True, page=PAGE):
                kept = [point for point in page if record.vector in point.vectors]
                _contract_page(points, record, kept, texts, tokenizer, vocabulary, keep)
                advance(len(page))
    points.optimize(record.name)
    changed = {"release": keep, "previous": None}
    return update_collection(place.objects(), record.name, lambda found: found.model_copy(update=changed))


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
    rows: list[tuple[Point, str]] = []
    for point in page:
        try:
            rows.append((point, texts.read(point)))
        except PointTextError:  # its cells cannot be told apart any more: they stay, and search finds it by either
            continue
    updates = []
    for (point, _), text in zip(rows, tokenizer.tokenize([text for _, text in rows]), strict=True):
        vector = point.vectors[record.vector]
        cells = bag_cells(count_words(text.tokens, vocabulary), vocabulary)
        if isinstance(vector, SparseVector):
            kept = np.isin(vector.indices, cells)
            smaller = SparseVector(vector.indices[kept], vector.values[kept])
            updates.append(VectorUpdate(point.id, {record.vector: smaller}, texts.guard(point)))
    # the stamp too: after a rollback these points are due again for the release that they lose
    points.write_vectors(record.name, updates, {UNION_FIELD: NO_UNION, STAMP_FIELD: keep})
