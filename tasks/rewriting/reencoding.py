"""Expand: exactly the affected points get the cells of another release beside those they have."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minicoil.errors import BusyError, CollectionError
from minicoil.files import Positive, check_numbers
from minicoil.sparse import MiniCoil
from minicoil.words import Vocabulary
from tasks.catalogue import (
    STAMP_FIELD,
    UNION_FIELD,
    CollectionRecord,
    language_of,
    read_channel,
    served_release,
    update_collection,
)
from tasks.collections import (
    Finder,
    Found,
    Pace,
    check_importance,
    current_stamp,
    open_texts,
    open_writer,
    rewrite_points,
)
from tasks.models import CollectionModels, is_ancestor, lineage
from tasks.place import Place
from tasks.points import CollectionSchema, PointFilter, PointStore
from tasks.progress import progress
from tasks.readers import Waiting, find_waiting, has_known_readers
from tasks.rewriting.allowance import Allowance
from tasks.rewriting.contraction import contract_collection
from tasks.rewriting.idf_deviation import weigh_rewritten
from tasks.rewriting.reclaiming import check_meanings

logger = logging.getLogger(__name__)
_MAX_SWEEPS = 5
_MOST_READABLE = 32  # releases at once: a writer holds a vocabulary of each, some 10 MB
STAMPS = CollectionSchema(integer=(STAMP_FIELD, UNION_FIELD))


@dataclass(frozen=True)
class CollectionChange:
    """What re-encoding did to one collection.

    Attributes:
        n_candidates: Points that carry a key or cell of a changed word.
        n_affected: Those whose vector really changes.
        n_rewritten: Those written in this run.
        n_without_text: Candidates that cannot be re-encoded because their text is gone; `without_text` names a few.
        words: In a dry run, changed words with the number of their points and examples.
        idf: Of rewritten words, what the engine weighs them by and what it should; see `IdfDeviation`.
        seconds: Wall time; `seconds_finding` of it without encoding and writing.
        costs: In a dry run, what it would take and what that was computed from; see `ExpansionCosts`.
        paused: Why it stopped before its end; "" where it did not.
        seconds_expected: In a dry run, what encoding the affected points would take, from a timed sample of them.
    """

    name: str
    n_points: int = 0
    n_candidates: int = 0
    n_affected: int = 0
    n_rewritten: int = 0
    n_without_text: int = 0
    without_text: tuple[str, ...] = ()
    words: tuple[Mapping[str, object], ...] = ()
    idf: tuple[Mapping[str, object], ...] = ()
    seconds: float = 0.0
    seconds_finding: float = 0.0
    seconds_expected: float | None = None
    costs: Mapping[str, object] = field(default_factory=dict)
    paused: str = ""

    def row(self) -> dict[str, Any]:
        """For reports."""
        return asdict(self)


@dataclass(frozen=True)
class ExpansionOptions:
    """How an expansion goes about it.

    Attributes:
        part: (index, total): only this share of the points; the record moves in a run without it, when nothing is due.
        points_per_second: Most points written a second, so that searches keep their share of a server.
        allow_missing_text: Promote although points whose text is gone vanish for changed words.
        allowance: What may be written, and until when; spent over all collections of a channel.
    """

    part: tuple[int, int] | None = None
    points_per_second: Positive | None = None
    allow_missing_text: bool = False
    allowance: Allowance = field(default_factory=Allowance)

    def __post_init__(self) -> None:
        check_numbers(self)


def expand_collection(
    place: Place,
    points: PointStore,
    record: CollectionRecord,
    target: int,
    options: ExpansionOptions | None = None,
) -> CollectionChange:
    """Give every affected point the cells of release `target` beside those it has.

    Where its allowance is spent it stops as a killed run would, and the same call goes on from there.

    Cells that nobody waits for go first. Readers of every release that stays find what they look for, during and
    after. Vectors first, then the stamp: a point that was written but not stamped is written once more. Points that
    came or changed meanwhile are found by a second sweep.

    Raises:
        CollectionError: `target` is not of the collection's lineage, points keep changing, or the text of points with
            changed words is gone and that was not allowed.
        BusyError: readers still use cells that have to go first.
    """
    options = options or ExpansionOptions()
    if target in record.readable:
        if record.release != target:  # rolled back and promoted again: the cells are still there
            _finish(place, record, target)
        return CollectionChange(record.name, points.count(record.name))
    check_expansion(place, points, record, target)
    current = read_channel(place.objects(), record.channel).current
    record = contract_collection(place, points, record, find_waiting(place, points, record).releases, current)
    finder, _ = open_finder(place, points, record, target, options.part)
    _index_stamps(place, points, record, target)
    change = CollectionChange(record.name, points.count(record.name))
    started, pace = time.monotonic(), Pace(options.points_per_second)
    expanded = record.expanded(target, current)
    writer = open_writer(place, expanded)
    for _ in range(_MAX_SWEEPS):
        found, n_written, seconds = _sweep(finder, writer, expanded, pace, options.allowance)
        change = counted(change, found)
        change = replace(
            change,
            n_rewritten=change.n_rewritten + n_written,
            seconds_finding=round(change.seconds_finding + seconds, 2),
        )
        if options.allowance.is_spent and found.n_affected:
            seconds = round(time.monotonic() - started, 2)
            return replace(change, seconds=seconds, paused=options.allowance.reason)
        if not found.n_affected:
            break
    else:
        raise CollectionError(
            f"the points of '{record.name}' change faster than they are re-encoded; run `minicoil reencode`"
        )
    change = replace(change, seconds=round(time.monotonic() - started, 2))
    if change.n_without_text and not options.allow_missing_text:
        raise CollectionError(
            f"collection '{record.name}': {change.n_without_text:,} points with changed words have no text to encode "
            f"anew ({change.without_text[0]}) and would vanish for these words; restore their text, say "
            "--allow-missing-text, or give the release up with `minicoil release abandon` and leave the words out",
            n_without_text=change.n_without_text,
            without_text=change.without_text,
        )
    if options.part is None:
        points.optimize(record.name, not record.has_owner)
        if change.n_rewritten:
            change = replace(change, idf=tuple(weigh_rewritten(points, record, finder.new, finder.impact_by_word)))
        _finish(place, record, target)
    return change


def _index_stamps(place: Place, points: PointStore, record: CollectionRecord, target: int) -> None:
    """Index the stamps, where every one is of the collection's lineage.

    A strict server filters on no field without an index; a field that has none yet has no stamps either.

    Raises:
        CollectionError: points carry the stamp of a release that neither side grew from: another service's.
    """
    if STAMP_FIELD not in points.describe(record.name).indexed:
        points.index_fields(record.name, STAMPS)
    served = {row.release for row in read_channel(place.objects(), record.channel).history if row.release is not None}
    known = {*lineage(place, record.release), *lineage(place, target), *served}  # the served ones were rolled back
    n_known = sum(points.count(record.name, PointFilter(equal={STAMP_FIELD: number})) for number in known)
    n_strange = points.count(record.name) - points.count(record.name, PointFilter(missing=[STAMP_FIELD])) - n_known
    if n_strange > 0:
        raise CollectionError(
            f"collection '{record.name}': {n_strange:,} points are stamped with releases that this channel never had; "
            "another service writes here, or the object store is not the one they were written with. Use that store, "
            "or index into a new collection",
            n_strange=n_strange,
        )
    points.index_fields(record.name, STAMPS)


def counted(change: CollectionChange, found: Found) -> CollectionChange:
    """The change with the counts of one more search for affected points."""
    return replace(
        change,
        n_candidates=max(change.n_candidates, found.n_candidates),
        n_affected=change.n_affected + found.n_affected,
        n_without_text=max(change.n_without_text, found.n_without_text),
        without_text=change.without_text or tuple(found.without_text),
    )


def check_expansion(place: Place, points: PointStore, record: CollectionRecord, target: int) -> None:
    """Nothing, where a collection can get the cells of release `target` beside those that have to stay.

    Raises:
        CollectionError: `target` is not of the lineage of what is served, or lacks the collection's importance.
        BusyError: what stays for readers leaves no room for it.
    """
    check_importance(place.objects(), record, target)
    if target in record.readable:
        return
    smaller, waiting = make_room(place, points, record)
    if has_known_readers(points, record) and any(hold.announced for hold in waiting.holds):
        raise BusyError(waiting.message)  # they move on within minutes
    check_lineage(place, smaller, target)
    if len(smaller.readable) >= _MOST_READABLE:
        raise BusyError(
            f"collection '{record.name}' holds the cells of {len(smaller.readable)} releases, the most there may be. "
            f"{waiting.message}, then run the same again"
        )


def make_room(place: Place, points: PointStore, record: CollectionRecord) -> tuple[CollectionRecord, Waiting]:
    """The record once all is gone that nobody waits for, and what stays for whom."""
    waiting = find_waiting(place, points, record)
    return record.contracted(waiting.releases, read_channel(place.objects(), record.channel).current), waiting


def check_lineage(place: Place, record: CollectionRecord, target: int) -> None:
    """Nothing, where of each release that a collection can be read with and `target` one grew from the other.

    Raises:
        CollectionError: not so with the served one: their word ids mean different words; or another language.
        BusyError: not so with one that stays for readers.
    """
    if target in record.readable:
        return
    check_meanings(place, record, target)
    language = language_of(place.objects(), target) if target else record.language
    if language != record.language:  # everything grew from the empty model, of which each language has one
        raise CollectionError(
            f"collection '{record.name}' has texts of language '{record.language}', release {target} is for "
            f"'{language}'; index into another collection on the channel of that release"
        )
    served = served_release(place.objects(), record)
    for carried in sorted(record.readable, key=lambda number: number != served):
        if is_ancestor(place, *sorted((carried, target))):
            continue
        if carried == served:
            raise CollectionError(
                f"collection '{record.name}' carries release {carried}, which release {target} did not grow from; run "
                "the extension again, so that its words grow from what is served, or index into another collection"
            )
        raise BusyError(
            f"collection '{record.name}' holds the cells of release {carried} for readers that may still ask for them, "
            f"and release {target} did not grow from it: its new words would get the same cells. When nobody reads "
            f"release {carried} any more: `minicoil release readers --ack {carried} --collection {record.name} "
            f"--channel {record.channel}`, then run the same again"
        )


def open_finder(
    place: Place, points: PointStore, record: CollectionRecord, target: int, part: tuple[int, int] | None = None
) -> tuple[Finder, MiniCoil]:
    """What finds the affected points, and the newer model, whose stack holds both releases' rows.

    Raises:
        CollectionError: the releases are not of one lineage, or do not share a layout of cells.
    """
    check_lineage(place, record, target)
    models, newest = CollectionModels.of(place, record), max(target, *record.readable)
    model = models.model(newest)
    if model.vocabulary.unknown_shift != record.shift:
        raise CollectionError(
            f"collection '{record.name}' was made with {record.dims} cells a word and another range of unknown words "
            f"than release {newest}; index it anew into another collection"
        )
    old, new = (model.vocabulary if n == newest else models.vocabulary(n) for n in (record.release, target))
    texts = open_texts(record, place.cache)
    return Finder(points, record, texts, model.tokenizer, old, new, model.stack, part), model


def _finish(place: Place, record: CollectionRecord, target: int) -> None:
    store = place.objects()
    current = read_channel(store, record.channel).current
    update_collection(store, record.name, lambda found: found.expanded(target, current))


def _sweep(
    finder: Finder,
    writer: tuple[MiniCoil, Sequence[Vocabulary]],
    expanded: CollectionRecord,
    pace: Pace,
    allowance: Allowance,
) -> tuple[Found, int, float]:
    """Rewrite what is due; returns the counts, points written, and seconds spent on finding alone."""
    record, found, stamp = finder.record, Found(), current_stamp(expanded)
    n_written = 0
    started, rewriting = time.monotonic(), 0.0
    with progress(f"re-encoding {record.name}", None, "points looked at") as advance:
        for affected, n_looked_at in finder.affected(found, expanded.release):
            begun, some = time.monotonic(), affected[: allowance.share(len(affected))]
            n_written += len(rewrite_points(finder.points, record, finder.texts, *writer, some, stamp))
            allowance.spend(len(some))
            pace.wait_for(len(some))
            rewriting += time.monotonic() - begun
            advance(n_looked_at)
            if len(some) < len(affected) or (affected and allowance.is_spent):
                break
    return found, n_written, time.monotonic() - started - rewriting
