"""Somebody else's collection adopted: what its vectors were made with is found by making a sample of them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minicoil.config import Bm25Config
from minicoil.errors import BundleError, CollectionError, DamagedRecordError, UsageError
from minicoil.files import Fraction, Positive, check_numbers
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil, SparseVector, TermStatistics, bag_cells, count_words, fit_bm25, read_statistics
from tasks.catalogue import CollectionRecord, read_channel, read_collection_record, register_collection, replace_damaged
from tasks.collections import PointTextError, TextSource, open_texts
from tasks.embeddings import remembering_scan
from tasks.models import CollectionModels, lineage, settle_language
from tasks.place import Place
from tasks.points import CollectionShape, Point, PointFilter, PointStore, not_found
from tasks.store import ObjectStore

_SAMPLE = 200
_MIN_SAMPLE = 5  # fewer points prove nothing
_MIN_MATCHING = 0.95  # of the sample; a few texts may have changed since their vectors were made
_TOLERANCE = 1e-3  # relative; other batch sizes, other engines' float16


@dataclass(frozen=True)
class AttachRequest:
    """What a person says of the collection; None is found out."""

    collection: str
    channel: str
    vector: str
    text: str | None = None
    corpus: tuple[str, ...] = ()
    join: str = ""
    k: Positive | None = None
    b: Fraction | None = None
    avg_len: Positive | None = None
    tenant: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self)


def attach_collection(place: Place, points: PointStore, request: AttachRequest) -> dict[str, Any]:
    """Register a collection that carries miniCOIL vectors. Nothing is written to it.

    Returns:
        The record's settings, and how many points were compared.

    Raises:
        CollectionError: it is missing, has not that vector or text, or its vectors are not made by any release of the
            channel with any k, b and avg_len.
        UsageError: neither a text template nor a corpus was given.
    """
    store, request = place.objects(), replace(request, collection=points.resolve(request.collection))
    if request.text is None and not request.corpus:
        raise UsageError("say where texts are: --text '{title} {body}' over payload fields, or --corpus SPEC by id")
    if not (is_damaged := _is_damaged(store, request.collection)) and read_collection_record(store, request.collection):
        raise CollectionError(
            f"collection '{request.collection}' is registered already; `minicoil reencode` brings it up"
        )
    if not points.exists(request.collection):
        raise not_found(request.collection, points.names())
    shape = points.describe(request.collection)
    _check_shape(request, shape)
    draft = CollectionRecord(
        name=request.collection,
        channel=request.channel,
        k=Bm25Config.k,
        b=Bm25Config.b,
        avg_len=Bm25Config.avg_len,
        dims=4,
        shift=0,
        encoder="minilm",
        encoder_digest="",
        vector=request.vector,
        bm25_vector=None,
        attached_at=0,
        text=request.text or "{text}",
        corpus=request.corpus,
        join=request.join,
        tenant=request.tenant,
    )
    rows = _sample(points, draft, open_texts(draft, place.cache))
    release, model, matching = _find_release(place, draft, rows)
    bm25 = _find_bm25(place, request, model, matching)
    facts = read_facts(model.layout.folder)
    found = {
        "k": bm25.k,
        "b": bm25.b,
        "avg_len": bm25.avg_len,
        "dims": model.vocabulary.dims,
        "shift": model.vocabulary.unknown_shift,
        "encoder": facts.encoder,
        "encoder_digest": facts.encoder_digest,
        "language": facts.language,
        "release": release,
        "attached_at": release,
    }
    record = draft.model_copy(update=found)
    if is_damaged:
        replace_damaged(store, record)
    else:
        record = register_collection(store, record)
    return {
        "collection": record.name,
        "n_points": points.count(record.name),
        "n_compared": len(rows),
        "n_matching": len(matching),
        "release": record.release or None,
        "current": read_channel(store, record.channel).current,
        "k": record.k,
        "b": record.b,
        "avg_len": record.avg_len,
        "optimizer": {"deleted_threshold": shape.stale_share, "vacuum_min_vector_number": shape.stale_points},
    }


def _is_damaged(store: ObjectStore, name: str) -> bool:
    try:
        read_collection_record(store, name)
    except DamagedRecordError:
        return True
    return False


def _check_shape(request: AttachRequest, shape: CollectionShape) -> None:
    name, vector = request.collection, request.vector
    if vector not in shape.sparse:
        raise CollectionError(
            f"collection '{name}' has no sparse vector '{vector}'; it has {', '.join(shape.sparse) or 'none'}. Name "
            f"one of them with --vector, or make a collection that has one: `minicoil rebuild {name} NEW`"
        )
    if not shape.sparse[vector]:
        raise CollectionError(
            f"collection '{name}': sparse vector '{vector}' lacks the IDF modifier, without which scores are wrong; "
            f"set it with client.update_collection('{name}', sparse_vectors_config={{'{vector}': "
            "SparseVectorParams(modifier=Modifier.IDF)}), then attach again"
        )


def _sample(points: PointStore, record: CollectionRecord, texts: TextSource) -> list[tuple[str, SparseVector]]:
    rows: list[tuple[str, SparseVector]] = []
    problems: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for point in points.sample(record.name, PointFilter(), _SAMPLE, payload=True, vectors=True):
        fields.update(point.payload.keys())
        try:
            text = texts.read(point)
        except PointTextError as error:
            problems[str(error)] += 1
            continue
        rows.append((text, _vector(point, record.vector)))
    usable = [row for row in rows if len(row[1].indices)]
    if len(usable) < min(_MIN_SAMPLE, max(len(rows) + problems.total(), 1)):
        example = next(iter(problems), f"no sampled point has the vector '{record.vector}'")
        raise CollectionError(
            f"collection '{record.name}': of {len(rows) + problems.total()} points sampled, {len(usable)} have text "
            f"and vector ({example}); payload fields there: {', '.join(sorted(fields)) or 'none'}"
        )
    return usable


def _vector(point: Point, name: str) -> SparseVector:
    found = point.vectors.get(name)
    return found if isinstance(found, SparseVector) else SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32))


def _find_release(
    place: Place, record: CollectionRecord, rows: Sequence[tuple[str, SparseVector]]
) -> tuple[int, MiniCoil, list[tuple[str, SparseVector]]]:
    """The release of the channel whose cells the sample has: cells do not depend on k, b and avg_len."""
    current = read_channel(place.objects(), record.channel).current
    language = settle_language(place, record.channel)
    models, tried = CollectionModels(place, record.encoder, record.dims, language=language), list[str]()
    for release in reversed((0,) if current is None else lineage(place, current)):
        try:
            model = models.model(release)
        except BundleError:
            continue
        bags = [count_words(text.tokens, model.vocabulary) for text in model.tokenizer.tokenize([t for t, _ in rows])]
        matching = [
            row
            for row, bag in zip(rows, bags, strict=True)
            if set(row[1].indices.tolist()) == set(bag_cells(bag, model.vocabulary).tolist())
        ]
        if len(matching) >= _MIN_MATCHING * len(rows):
            return release, model, matching
        tried.append(f"{release or 'the empty model'} fits {len(matching)} of {len(rows)}")
    raise CollectionError(
        f"collection '{record.name}' was not made by any release of channel '{record.channel}' from these texts: "
        f"{'; '.join(tried)}. Check --text; or name the model it was made with by --base and a --channel of its own"
    )


def _find_bm25(
    place: Place, request: AttachRequest, model: MiniCoil, rows: Sequence[tuple[str, SparseVector]]
) -> Bm25Config:
    """k, b and avg_len as said or as fitted, proven on the sample."""
    parts = []
    for (_, vector), text in zip(rows, model.tokenizer.tokenize([t for t, _ in rows]), strict=True):
        parts.append(read_statistics(count_words(text.tokens, model.vocabulary), vector, model.vocabulary))
    columns = ("counts", "lengths", "frequencies")
    joined = TermStatistics(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
    fitted = fit_bm25(joined)
    said = Bm25Config(
        fitted.k if request.k is None else request.k,
        fitted.b if request.b is None else request.b,
        fitted.avg_len if request.avg_len is None else request.avg_len,
    )
    proven = remembering_scan(MiniCoil.load(model.layout.folder, said.k, said.b, said.avg_len), place.cache)
    n_off, worst = 0, 0.0
    for (_, stored), vector in zip(rows, proven.embed([text for text, _ in rows]), strict=True):
        gap = _largest_gap(stored, vector)
        n_off += gap > _TOLERANCE
        worst = max(worst, gap)
    if n_off > (1 - _MIN_MATCHING) * len(rows):
        raise CollectionError(
            f"collection '{request.collection}': {n_off} of {len(rows)} sampled vectors are not what k={said.k}, "
            f"b={said.b}, avg_len={said.avg_len} give (largest difference {worst:.3f}; fitted: k={fitted.k}, "
            f"b={fitted.b}, avg_len={fitted.avg_len}); leave --k, --b and --avg-len out, or give --base"
        )
    return said


def _largest_gap(stored: SparseVector, expected: SparseVector) -> float:
    """Largest difference of values, relative to the vector's largest; a cell that is stored twice does not count."""
    held = stored.once()
    gaps = [abs(held.get(i, v) - v) for i, v in zip(expected.indices.tolist(), expected.values.tolist(), strict=True)]
    return max(gaps, default=0.0) / max(float(np.abs(expected.values).max(initial=0.0)), 1.0)
