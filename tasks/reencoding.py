"""Expand and contract: exactly the affected points, each safe to stop and to run again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from minicoil.bundle import check_bundle
from minicoil.errors import CollectionError
from minicoil.impact import candidate_keys, is_affected
from minicoil.model import MiniCoil
from minicoil.sparse import SparseVector, count_words, unknown_cell
from minicoil.vocabulary import Vocabulary
from tasks.bundles import is_ancestor, open_model
from tasks.indexing import KEYS_FIELD, NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.place import Place
from tasks.points import HASH_FIELD, Point, PointFilter, PointStore, VectorUpdate
from tasks.progress import progress
from tasks.registry import CollectionRecord, update_collection

logger = logging.getLogger(__name__)
_KEYS_PER_QUERY = 1000
_PAGE = 512
_MAX_SWEEPS = 5


@dataclass(frozen=True)
class CollectionChange:
    """What re-encoding did to one collection.

    Attributes:
        n_candidates: Points that carry a key of a changed word.
        n_affected: Those whose vector really changes.
        n_rewritten: Those written in this run.
        n_without_text: Affected points that cannot be re-encoded because their text is gone.
    """

    name: str
    n_points: int = 0
    n_candidates: int = 0
    n_affected: int = 0
    n_rewritten: int = 0
    n_without_text: int = 0

    def row(self) -> dict[str, Any]:
        """For reports."""
        return asdict(self)


def expand_collection(
    place: Place, points: PointStore, record: CollectionRecord, target: int, dry_run: bool = False
) -> CollectionChange:
    """Give every affected point the cells of release `target` beside those it has.

    Readers of either release find what they look for, during and after. Vectors first, then the stamp: a point that
    was written but not stamped is written once more. Points that came or changed meanwhile are found by a second
    sweep.

    Raises:
        CollectionError: `target` is not of the collection's lineage, or the points keep changing.
    """
    if record.release == target:
        return CollectionChange(record.name, points.count(record.name))
    if record.previous == target:  # rolled back and promoted again: the cells are still there
        _finish(place, record, target)
        return CollectionChange(record.name, points.count(record.name))
    if record.previous is not None and not dry_run:
        record = contract_collection(place, points, record, keep=record.release)
    older, newer = sorted((record.release, target))
    if not is_ancestor(place, older, newer):
        raise CollectionError(
            f"collection '{record.name}' carries release {record.release}, which release {target} did not grow from; "
            "index it anew into another collection"
        )
    model = MiniCoil.load(open_model(place, newer, record.encoder, record.dims), record.k, record.b, record.avg_len)
    old = check_bundle(open_model(place, older, record.encoder, record.dims))[1]
    if model.vocabulary.unknown_shift != record.shift:
        raise CollectionError(
            f"collection '{record.name}' was made with {record.dims} cells a word and another range of unknown words "
            f"than release {target}; index it anew into another collection"
        )
    change = CollectionChange(record.name, points.count(record.name))
    for _ in range(_MAX_SWEEPS):
        swept = _sweep(points, record, model, old, target, dry_run)
        change = replace(
            change,
            n_candidates=max(change.n_candidates, swept.n_candidates),
            n_affected=change.n_affected + swept.n_affected,
            n_rewritten=change.n_rewritten + swept.n_rewritten,
            n_without_text=swept.n_without_text,
        )
        if dry_run or not swept.n_affected:
            break
    else:
        raise CollectionError(
            f"the points of '{record.name}' change faster than they are re-encoded; run `minicoil reencode`"
        )
    if not dry_run:
        points.optimize(record.name)
        _finish(place, record, target)
    return change


def _finish(place: Place, record: CollectionRecord, target: int) -> None:
    changed = {"release": target, "previous": record.release}
    update_collection(place.objects(), record.name, lambda found: found.model_copy(update=changed))


def _sweep(
    points: PointStore,
    record: CollectionRecord,
    model: MiniCoil,
    old: Vocabulary,
    target: int,
    dry_run: bool,
) -> CollectionChange:
    n_candidates = n_affected = n_rewritten = n_without_text = 0
    keys = sorted(candidate_keys(old, model.vocabulary))
    with progress(f"re-encoding {record.name}", points.count(record.name), "points looked at") as advance:
        for page in _due(points, record.name, keys, target):
            n_candidates += len(page)
            texts = [str(point.payload.get("text") or "") for point in page]
            tokenized = model.tokenizer.tokenize(texts)
            affected = [
                (point, text)
                for point, text, tokens in zip(page, texts, tokenized, strict=True)
                if text and is_affected(old, model.vocabulary, tokens.tokens)
            ]
            n_without_text += sum(not text for text in texts)
            n_affected += len(affected)
            if affected and not dry_run:
                n_rewritten += _rewrite(points, record, model, old, target, affected)
            advance(len(page))
    return CollectionChange(record.name, 0, n_candidates, n_affected, n_rewritten, n_without_text)


def _due(points: PointStore, name: str, keys: Sequence[str], target: int) -> Iterator[list[Point]]:
    """Candidates not stamped for `target`, each once."""
    seen: set[object] = set()
    fields = ["text", HASH_FIELD]
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        where = PointFilter(any_of={KEYS_FIELD: keys[start : start + _KEYS_PER_QUERY]}, not_equal={STAMP_FIELD: target})
        for page in points.scroll(name, where, payload=fields, page=_PAGE):
            fresh = [point for point in page if point.id not in seen]
            seen.update(point.id for point in fresh)
            if fresh:
                yield fresh


def _rewrite(
    points: PointStore,
    record: CollectionRecord,
    model: MiniCoil,
    old: Vocabulary,
    target: int,
    affected: Sequence[tuple[Point, str]],
) -> int:
    vectors = model.embed_union([text for _, text in affected], old)
    updates = [
        VectorUpdate(point.id, {record.vector: union}, str(point.payload[HASH_FIELD]))
        for (point, _), (_, union) in zip(affected, vectors, strict=True)
    ]
    # the stamp goes under the same guard: a text that changes between two writes must stay due
    return len(points.write_vectors(record.name, updates, {STAMP_FIELD: target, UNION_FIELD: record.release}))


def contract_collection(place: Place, points: PointStore, record: CollectionRecord, keep: int) -> CollectionRecord:
    """Drop the cells of the release that is not `keep` from every point that has both; nothing is encoded.

    Returns:
        The record afterwards: `keep` alone is readable.
    """
    if record.previous is None:
        return record
    vocabulary = check_bundle(open_model(place, keep, record.encoder, record.dims))[1]
    newest = open_model(place, max(record.release, record.previous), record.encoder, record.dims)
    tokenizer = MiniCoil.load(newest).tokenizer
    others = {record.release, record.previous} - {keep}
    with progress(f"contracting {record.name}", None, "points") as advance:
        for other in (*others, keep):
            where = PointFilter(equal={UNION_FIELD: other})
            for page in points.scroll(record.name, where, ["text", HASH_FIELD], vectors=True, page=_PAGE):
                _contract_page(points, record, [p for p in page if record.vector in p.vectors], tokenizer, vocabulary)
                advance(len(page))
    points.optimize(record.name)
    changed = {"release": keep, "previous": None}
    return update_collection(place.objects(), record.name, lambda found: found.model_copy(update=changed))


def _contract_page(
    points: PointStore, record: CollectionRecord, page: Sequence[Point], tokenizer: Any, vocabulary: Vocabulary
) -> None:
    texts = tokenizer.tokenize([str(point.payload.get("text") or "") for point in page])
    updates = []
    for point, text in zip(page, texts, strict=True):
        vector = point.vectors[record.vector]
        bag = count_words(text.tokens, vocabulary)
        cells = [word_id * vocabulary.dims + j for word_id in bag.word_ids for j in range(vocabulary.dims)]
        cells += [unknown_cell(word, vocabulary.unknown_shift) for word in bag.unknown]
        if isinstance(vector, SparseVector):
            kept = np.isin(vector.indices, cells)
            smaller = SparseVector(vector.indices[kept], vector.values[kept])
            updates.append(VectorUpdate(point.id, {record.vector: smaller}, str(point.payload[HASH_FIELD])))
    points.write_vectors(record.name, updates, {UNION_FIELD: NO_UNION})
