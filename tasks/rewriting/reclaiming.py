"""Ids of words that are gone, taken back for new words where nothing that is stored anywhere has their old meaning."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from minicoil.errors import CollectionError, MiniCoilError, ReleaseError
from minicoil.files import BundleLayout
from minicoil.words import Vocabulary, clashing_ids, free_ids, reclaim_ids, retired_ids
from tasks.catalogue import (
    STAMP_FIELD,
    UNION_FIELD,
    CollectionRecord,
    collections_aside,
    list_channels,
    read_channel,
    read_manifest,
    read_registry,
    release_key,
    release_numbers,
)
from tasks.models import Parent, lineage, open_model_of
from tasks.place import Place
from tasks.points import Point, PointStore
from tasks.readers import look_for_readers
from tasks.store import ObjectStore

SHORT_OF_IDS = 2_000  # fresh ones first: an id that never meant anything needs no proof
REUSED_FACT = "reused_ids"
_PAGE = 512
logger = logging.getLogger(__name__)


def with_reclaimed_ids(place: Place, points: PointStore, parent: Parent) -> Parent:
    """The parent with ids of its retired words free again, where fresh ones are short and that can be proved harmless.

    Only its vocabulary in memory changes; what a new release does not use stays retired in it.
    """
    if parent.release is None or parent.vocabulary.ids_left >= SHORT_OF_IDS:
        return parent
    ids, reason = reclaimable_ids(place, points, parent.release, parent.vocabulary)
    n_retired = len(retired_ids(parent.vocabulary))
    logger.info("%d of %d ids of retired words can be given out again%s", len(ids), n_retired, reason)
    return replace(parent, vocabulary=reclaim_ids(parent.vocabulary, ids)) if ids else parent


def reclaimable_ids(
    place: Place, points: PointStore, release: int, vocabulary: Vocabulary
) -> tuple[tuple[int, ...], str]:
    """Ids that the next release after `release` may give to other words, and why others may not, for the log.

    Every release of the lineage that is stored can be promoted, pulled or read by somebody: its words keep their ids.
    `minicoil release prune` removes those that nobody needs; it keeps what readers, collections and channels may
    need, and those have to move on or be confirmed gone first. Then every collection is asked for cells of each id.

    Args:
        place: Where.
        points: The engine.
        release: Number of the release that the next one grows from.
        vocabulary: Its.
    """
    store = place.objects()
    retired = retired_ids(vocabulary)
    if not retired:
        return (), ""
    if doubt := _doubt(store):
        return (), f": none, as {doubt}"
    root = lineage(place, release)[1]
    stored: list[Vocabulary] = []
    for number in release_numbers(store):
        try:
            if lineage(place, number)[1] == root:
                stored.append(_vocabulary(place, number, vocabulary.dims))
        except MiniCoilError as error:  # whoever serves it knows its words, and nobody here does
            return (), f": none, as release {number} cannot be read ({error})"
    free = free_ids(vocabulary, stored, ())
    held = _held_ids(place, points, root, free, vocabulary.dims)
    return free_ids(vocabulary, stored, held), f"; {len(held)} of those that no release has are still in points"


def _doubt(store: ObjectStore) -> str:
    """Why nobody can say for sure who reads what; "" where somebody can."""
    damaged_channels, registry = list_channels(store)[1], read_registry(store)
    readers, damaged_readers = look_for_readers(store)
    stored = {*release_numbers(store), 0}
    if lost := [reader.name for reader in readers if reader.release not in stored]:
        return f"reader '{lost[0]}' serves a release that is not stored here"
    if lost := [r.name for r in registry.records if not {*r.readable} <= stored]:
        return f"collection '{lost[0]}' can be read with a release that is not stored here"
    damaged = [f"channel '{name}' is damaged" for name in damaged_channels]
    damaged += [f"the record of collection '{found.name}' is damaged" for found in registry.damaged]
    damaged += [f"what reader '{name}' reads is damaged" for name in damaged_readers]
    damaged += [f"the record of collection '{name}' was put aside" for name in collections_aside(store)]
    return damaged[0] if damaged else ""


def _vocabulary(place: Place, release: int, dims: int) -> Vocabulary:
    """Of a stored release: this one file of it, for there may be many releases."""
    store, name = place.objects(), BundleLayout(Path()).vocabulary.as_posix()
    entry = read_manifest(store, release).files.get(name)
    data = store.read(release_key(release, name))
    if entry is None or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ReleaseError(f"{name} of release {release} is damaged; restore it from a backup")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return Vocabulary.read(path, dims)


def _held_ids(place: Place, points: PointStore, root: int, ids: Sequence[int], dims: int) -> set[int]:
    """Those of the ids that points of a collection of this lineage have cells of, whoever wrote them."""
    held: set[int] = set()
    for record in read_registry(place.objects()).records if ids else ():
        current = read_channel(place.objects(), record.channel).current
        chains = [lineage(place, number) for number in (*record.readable, current or 0) if number]
        if chains and all(chain[1] != root for chain in chains):
            continue  # its ids are those of another lineage
        if not points.exists(record.name):
            return {*ids}  # a snapshot of it may come back, with any vectors
        for word_id in ids:
            if word_id not in held and points.find(record.name, record.vector, cells_of_id(word_id, dims)):
                held.add(word_id)
    return held


def cells_of_id(word_id: int, dims: int) -> list[int]:
    """The cells that a word id owns."""
    return list(range(word_id * dims, (word_id + 1) * dims))


def reused_by(store: ObjectStore, release: int) -> dict[int, int]:
    """Ids that a release and its ancestors gave out again -> the last release that did."""
    if release == 0:
        return {}
    manifest = read_manifest(store, release)
    found = manifest.facts.get(REUSED_FACT)
    if found is None:  # made elsewhere, perhaps, out of one that says it
        for number in reversed([n for n in manifest.ancestors if n]):
            with suppress(ReleaseError):  # pruned, or damaged, which others say
                found = read_manifest(store, number).facts.get(REUSED_FACT)
            if found is not None:
                break
    try:
        return {int(word_id): int(number) for word_id, number in (found or {}).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ReleaseError(f"the manifest of release {release} names ids given out again that are none") from error


def check_meanings(place: Place, record: CollectionRecord, target: int) -> None:
    """Nothing, where every id means one word at most in all releases that a collection would be read with.

    Raises:
        CollectionError: an id was given to another word in between: a release that was pruned has come back.
    """
    store = place.objects()
    for carried in record.readable:
        older, newer = sorted((carried, target))
        reused = reused_by(store, newer)
        if not any(number > older for number in reused.values()):
            continue
        folder = open_model_of(place, record, older)
        clashes = clashing_ids(Vocabulary.read(BundleLayout(folder).vocabulary, record.dims), reused, older)
        if clashes:
            raise CollectionError(
                f"collection '{record.name}': release {newer} gave {len(clashes):,} word ids of release {older} to "
                f"other words, so no point can hold both; release {older} cannot be gone back to: `minicoil rebuild "
                f"{record.name} {record.name}-2` builds a collection anew"
            )


def stale_points(place: Place, points: PointStore, record: CollectionRecord) -> Iterator[list[Point]]:
    """Points with cells of an id that was given to another word after they were written, page by page.

    There was none when that was done. They come with a snapshot from before, or from a writer that was asleep.
    """
    newest = max(record.readable)  # after a way back its cells are still beside, and its ids still mean what they do
    by_release: dict[int, list[int]] = {}
    for word_id, number in reused_by(place.objects(), newest).items():
        by_release.setdefault(number, []).append(word_id)
    for number, word_ids in sorted(by_release.items()):
        right = {release for release in lineage(place, newest) if release >= number}
        cells = [cell for word_id in sorted(word_ids) for cell in cells_of_id(word_id, record.dims)]
        ids = sorted(points.find(record.name, record.vector, cells), key=str)
        for start in range(0, len(ids), _PAGE):
            page = points.get(record.name, ids[start : start + _PAGE], True)
            yield [point for point in page if not right & _written_for(point)]


def _written_for(point: Point) -> set[int]:
    """Releases whose cells a point says that it holds."""
    beside = point.payload.get(UNION_FIELD)
    found = [point.payload.get(STAMP_FIELD), *(beside if isinstance(beside, list) else [beside])]
    return {number for number in found if isinstance(number, int)}


def reused_of(parent: Parent, store: ObjectStore) -> Mapping[int, int]:
    """What a new release inherits of ids that were given out again."""
    return {} if parent.release is None else reused_by(store, parent.release)
