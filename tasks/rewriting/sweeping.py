"""The sweep: points that somebody wrote without this service, or with an older release, are brought up to date."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from minicoil.errors import ReleaseError
from minicoil.sparse import MiniCoil, count_words
from minicoil.words import Vocabulary
from tasks.catalogue import HASH_FIELD, STAMP_FIELD, CollectionRecord
from tasks.collections import (
    PAGE,
    UNSTAMPED,
    Filled,
    Finder,
    Found,
    TextSource,
    current_stamp,
    fill_points,
    open_texts,
    open_writer,
    read_texts,
    rewrite_points,
)
from tasks.documents import text_hash
from tasks.models import CollectionModels, lineage
from tasks.place import Place
from tasks.points import Point, PointFilter, PointStore
from tasks.progress import progress
from tasks.rewriting.allowance import Allowance
from tasks.rewriting.contraction import drop_leftovers
from tasks.rewriting.reclaiming import stale_points
from tasks.rewriting.reencoding import STAMPS, CollectionChange

logger = logging.getLogger(__name__)


def sweep_collection(
    place: Place,
    points: PointStore,
    record: CollectionRecord,
    dry_run: bool = False,
    read_all: bool = False,
    allowance: Allowance | None = None,
) -> CollectionChange:
    """Bring late points to the release that the collection carries; with `dry_run` only count them.

    A point is late where it has no stamp (in a collection that this service indexed), or where its vector was made by
    another release than the collection's and a word in it has changed between them.

    Args:
        place: Where.
        points: The engine.
        record: Of the collection.
        dry_run: Write nothing.
        read_all: Also hold every point's text against the hash that its vectors were made under: the only way to see
            that somebody set a new text and nothing else. Reads every text, encodes those that differ.
        allowance: What may be written, and until when; what is left is found by the next sweep.
    """
    allowance = allowance or Allowance()
    model, others = open_writer(place, record)
    texts = open_texts(record, place.cache)
    change = CollectionChange(record.name, points.count(record.name))
    n_left = drop_leftovers(place, points, record, dry_run)
    change = replace(change, n_affected=n_left, n_rewritten=0 if dry_run else n_left)
    if record.is_ours:
        if not dry_run:
            points.index_fields(record.name, STAMPS)  # a strict server filters on nothing else
        for where, is_wanted in _strangers(record, model, read_all):
            writer = (model, others)
            n_found, n_written = _adopt_some(
                points, record, texts, writer, where, is_wanted, None if dry_run else allowance
            )
            change = replace(
                change,
                n_candidates=change.n_candidates + n_found,
                n_affected=change.n_affected + n_found,
                n_rewritten=change.n_rewritten + n_written,
            )
    for page in stale_points(place, points, record):
        rows = list(read_texts(texts, page, Filled()))
        some = [] if dry_run else rows[: allowance.share(len(rows))]
        written = rewrite_points(points, record, texts, model, others, some, current_stamp(record)) if some else []
        allowance.spend(len(some))
        n_affected, n_rewritten = change.n_affected + len(rows), change.n_rewritten + len(written)
        change = replace(change, n_affected=n_affected, n_rewritten=n_rewritten)
    for finder, stamped in late_finders(place, points, record, texts, model):
        found = Found()
        n_written = 0
        with progress(f"sweeping {record.name}", None, "points looked at") as advance:
            for affected, n in finder.affected(found, record.release, stamped):
                if not dry_run:
                    stamp, some = current_stamp(record), affected[: allowance.share(len(affected))]
                    n_written += len(rewrite_points(points, record, texts, model, others, some, stamp))
                    allowance.spend(len(some))
                advance(n)
                if not dry_run and allowance.is_spent:
                    break
        change = replace(
            change,
            n_candidates=change.n_candidates + found.n_candidates,
            n_affected=change.n_affected + found.n_affected,
            n_rewritten=change.n_rewritten + n_written,
            n_without_text=change.n_without_text + found.n_without_text,
            without_text=change.without_text or tuple(found.without_text),
        )
    return change


def late_finders(
    place: Place, points: PointStore, record: CollectionRecord, texts: TextSource, model: MiniCoil
) -> Iterator[tuple[Finder, int | None]]:
    """For every release that points may have been written with, what finds those that lack cells; and their stamp."""
    models = CollectionModels.of(place, record)
    current = models.vocabulary(record.release)
    for older in lineage(place, record.release)[:-1]:
        if record.attached_at is not None and older < record.attached_at:
            continue
        stamped = older if record.is_ours else None  # attached points carry no stamp before we write them
        if record.is_ours and not points.count(record.name, PointFilter(equal={STAMP_FIELD: older})):
            continue
        try:
            old = models.vocabulary(older)
        except ReleaseError:
            logger.info("release %d was pruned; points stamped with it are taken as they are", older)
            continue
        yield Finder(points, record, texts, model.tokenizer, old, current, model.stack), stamped
    for other in record.others if not record.is_ours else ():  # written with the newest model alone, by a stranger
        beside = models.vocabulary(other)
        yield Finder(points, record, texts, model.tokenizer, current, beside, model.stack), UNSTAMPED


def _strangers(
    record: CollectionRecord, model: MiniCoil, read_all: bool
) -> Iterator[tuple[PointFilter, Callable[[Point, str], bool]]]:
    """Which points came past `minicoil index`: where to look, and how each is told."""
    yield PointFilter(missing=[STAMP_FIELD]), lambda point, text: True
    if record.has_owner:  # who reads points, and writes them back with payload and dense vector, keeps our stamp alone
        yield PointFilter(lacks=record.vector), lambda point, text: _has_words(model, text)
    if read_all:
        yield PointFilter(), lambda point, text: point.payload.get(HASH_FIELD) != text_hash(text)


def _has_words(model: MiniCoil, text: str) -> bool:
    """Whether a text gets any cell; stopwords alone get none."""
    return count_words(model.tokenizer.words(text), model.vocabulary).n_words > 0


def _adopt_some(
    points: PointStore,
    record: CollectionRecord,
    texts: TextSource,
    writer: tuple[MiniCoil, Sequence[Vocabulary]],
    where: PointFilter,
    is_wanted: Callable[[Point, str], bool],
    allowance: Allowance | None,
) -> tuple[int, int]:
    """Points given all that `minicoil index` would have given them; found and written. None allowed: only counted."""
    n_found = n_written = 0
    left_out = Filled()
    with progress(f"adopting points of {record.name}", None, "points looked at") as advance:
        for page in points.scroll(record.name, where, texts.fields, page=PAGE):
            rows = [(point, text) for point, text in read_texts(texts, page, left_out) if is_wanted(point, text)]
            n_found += len(rows)
            if allowance is not None and rows:
                some = rows[: allowance.share(len(rows))]
                n_written += len(fill_points(points, record, *writer, some))
                allowance.spend(len(some))
            advance(len(page))
            if allowance is not None and allowance.is_spent:
                break
    if left_out.n_without_text:
        logger.warning(
            "%d points of %s are left out of search: %s", left_out.n_without_text, record.name, left_out.without_text[0]
        )
    return n_found, n_written
