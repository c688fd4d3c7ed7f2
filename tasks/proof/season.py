"""Releases held against the best that their channel ever served, on questions frozen when it was.

A tolerance against the parent alone lets twenty releases erode what one may not: each loses a little, and none is to
blame. The best release stays the measure until another does no worse on its questions, or a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minicoil.config import RetrievalGateConfig
from minicoil.errors import CollectionError, ReleaseError
from minicoil.retrieval import BM25, PARENT, SetEvidence
from minicoil.text import ENGLISH, Language
from tasks.catalogue import BestServed, CollectionRecord, keep_best, open_release, read_best, read_manifest
from tasks.collections import open_texts
from tasks.models import is_ancestor
from tasks.place import Place
from tasks.points import PointStore
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import evaluate_set
from tasks.proof.proxies import draw_points, known_items_among


@dataclass(frozen=True)
class Standard:
    """What a new release is held against.

    Attributes:
        release: The best that was served, and `folder`, its files.
        documents: Collection -> ids of the points that ask for themselves.
    """

    release: int
    folder: Path
    documents: Mapping[str, Sequence[int | str]] = field(default_factory=dict)


def find_standard(
    place: Place,
    points: PointStore,
    channel: str,
    served: int,
    records: Sequence[CollectionRecord],
    config: RetrievalGateConfig,
) -> Standard:
    """The best release of a channel; the one that is served takes its place where it is as good, or a person chose it.

    Args:
        place: Where releases are.
        points: Where collections are.
        channel: Whose.
        served: Its current release.
        records: Collections that questions are frozen from.
        config: How many documents.
    """
    store = place.objects()
    best = read_best(store, channel)
    if best is not None and not _gives_way(place, best.release, served):
        try:
            return Standard(best.release, open_release(store, best.release, place.cache), best.documents)
        except ReleaseError:
            pass  # pruned or damaged: what is served is the best that is left
    documents = {record.name: tuple(draw_points(points, record.name, config)) for record in records}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    best = keep_best(store, BestServed(name=channel, release=served, at=now, documents=documents))
    return Standard(served, open_release(store, served, place.cache), best.documents)


def _gives_way(place: Place, best: int, served: int) -> bool:
    """Whether the served release is to be the measure instead of the best so far."""
    if best == served:
        return False
    if not is_ancestor(place, best, served):
        return True  # the channel was moved back behind it
    gate: dict[str, Any] = read_manifest(place.objects(), served).facts.get("retrieval_gate") or {}
    rows = [row for row in gate.get("sets", ()) if row.get("best") == best]
    if any(row["verdict"] == "failed" for row in rows):
        return True  # it was refused, and a person promoted it all the same
    n = sum(row["n_queries"] for row in rows)
    return n > 0 and bool(sum(row["against_parent"]["change"] * row["n_queries"] for row in rows) >= 0)


def hold_against(
    standard: Standard,
    points: PointStore,
    folder: Path,
    records: Sequence[CollectionRecord],
    cache: Path,
    config: RetrievalGateConfig,
    language: Language = ENGLISH,
) -> tuple[list[SetEvidence], list[str]]:
    """What the frozen questions say of a release that is not published yet.

    Args:
        standard: The best release.
        points: Where collections are; points that are gone ask nothing any more.
        folder: The new release.
        records: Of the collections.
        cache: Folder of things that can be made again: texts that were encoded before are not encoded again.
        config: Sizes and seed.
        language: Of the texts.

    Returns:
        Evidence by set, and for each set that could not be made, why.
    """
    # not as an ancestor: ids may have been given out anew since, and its own rows are what it was served with
    contenders = Contenders(
        folder, "this release", None, standard.folder, f"release {standard.release}", False, cache=cache
    )
    evidence, not_used = list[SetEvidence](), list[str]()
    for record in records:
        ids = standard.documents.get(record.name)
        if not ids:
            continue
        name = f"{record.name} as release {standard.release} found it"
        try:
            texts = open_texts(record, cache)
            data = known_items_among(points, record.name, name, ids, texts, config, language=language)
        except CollectionError as error:
            not_used.append(str(error))
            continue
        found = evaluate_set(data, contenders, record.k, record.b, record.avg_len, seed=config.seed).result
        against = {other: row["ndcg@10"] for other, row in found.against.items()}
        evidence.append(SetEvidence(name, data.kind, against[BM25], against[PARENT], best=standard.release))
    return evidence, not_used
