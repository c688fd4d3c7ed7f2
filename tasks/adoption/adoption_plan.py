"""What adopting a live collection would add to it, and all that speaks against it, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, UsageError
from minicoil.files import Count, Fraction, Positive, check_numbers
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil
from tasks.catalogue import ADDED_FIELDS, ADDED_INDEXES, STAMP_FIELD, Adoption, CollectionRecord, read_channel
from tasks.collections import AUTO, BM25_VECTOR, VECTOR, Filled, TextTemplate, choose_importance, read_texts
from tasks.documents import SAMPLE, TextLengths, measure_lengths
from tasks.models import open_model, settle_language
from tasks.place import Place
from tasks.points import CollectionShape, Point, PointFilter, PointStore
from tasks.progress import progress

_OTHER_BM25 = "mc_bm25"  # where the owner has a vector of the usual name
_SHOWN = 20  # points whose fields are named where none has text
_MOST_DRAWS = 40  # a strict server gives a hundred points at a time


@dataclass(frozen=True)
class AdoptRequest:
    """What a person says of the collection.

    Attributes:
        collection: Its name, or an alias.
        text: Template over payload fields; None where the collection's record has it from an earlier run.
        encoder, dims: Of the empty model, where the channel serves no release yet.
        vector: Name that the miniCOIL vector gets.
        plain: Whether plain BM25 goes beside, for `search --compare` and the judging of releases.
        avg_len: None: measured on a sample.
        importance: See `choose_importance`.
        language: Of the empty model too; None: the channel's.
    """

    collection: str
    channel: str
    text: str | None
    encoder: str = "minilm"
    dims: Count = 4
    vector: str = VECTOR
    plain: bool = True
    k: Positive = Bm25Config.k
    b: Fraction = Bm25Config.b
    avg_len: Positive | None = None
    importance: str = AUTO
    language: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class AdoptionPlan:
    """What is about to be added, and what a sample of the points showed.

    Attributes:
        record: The collection's, as it will be registered.
        texts: Those of the sampled points that have one; `found` counts the others.
    """

    record: CollectionRecord
    lengths: TextLengths
    texts: list[str]
    found: Filled


def make_plan(place: Place, points: PointStore, name: str, request: AdoptRequest) -> AdoptionPlan:
    """What would be registered and added.

    Raises:
        CollectionError: a vector's name is taken, the engine is too old, points carry our fields, or none has text.
        UsageError: no text template, or one that is none; or another language than the channel's.
    """
    if request.text is None:
        raise UsageError("say where texts are: --text '{title} {body}' over payload fields")
    shape = points.describe(name)
    plain = _check_names(name, request, shape)
    rebuild = f"`minicoil rebuild {name} {name}-2 --text '{request.text}'`".replace("\n", "\\n")
    if not points.takes_new_vectors:
        raise CollectionError(
            f"collection '{name}': this Qdrant server adds no vectors to a collection that is there; 1.18 does: "
            f"upgrade it, or make a copy: {rebuild}"
        )
    release = read_channel(place.objects(), request.channel).current or 0
    language = settle_language(place, request.channel, request.language)
    folder = open_model(place, release, request.encoder, request.dims, language)
    model, facts = MiniCoil.load(folder), read_facts(folder)
    template = TextTemplate(request.text)
    drawn = _draw(points, name, (*template.fields, *ADDED_FIELDS))
    _check_marks(points, name, drawn)
    found = Filled()
    texts = [text for _, text in read_texts(template, drawn, found)]
    if drawn and not texts:
        fields = {key for point in points.sample(name, PointFilter(), _SHOWN) for key in point.payload}
        raise CollectionError(
            f"collection '{name}': none of {len(drawn):,} points sampled has text ({found.without_text[0]}); payload "
            f"fields there: {', '.join(sorted(fields)) or 'none'}; name them in --text"
        )
    lengths = replace(measure_lengths(model, texts), n_texts=points.count(name))
    vectors = tuple(vector for vector in (request.vector, plain) if vector is not None)
    indexes = tuple(field for field in (*ADDED_INDEXES.keyword, *ADDED_INDEXES.integer) if field not in shape.indexed)
    record = CollectionRecord(
        name=name,
        channel=request.channel,
        k=request.k,
        b=request.b,
        avg_len=request.avg_len or lengths.mean,
        importance=choose_importance(place.objects(), request.importance, release),
        dims=model.vocabulary.dims,
        shift=model.vocabulary.unknown_shift,
        encoder=facts.encoder,
        encoder_digest=facts.encoder_digest,
        language=facts.language,
        vector=request.vector,
        bm25_vector=plain,
        release=release,
        text=request.text,
        adopted=Adoption(vectors=vectors, indexes=indexes),
    )
    return AdoptionPlan(record, lengths, texts, found)


def _check_names(name: str, request: AdoptRequest, shape: CollectionShape) -> str | None:
    """The name for plain BM25, where it is wanted."""
    taken = {*shape.dense, *shape.sparse}
    if request.vector in taken:
        text = (request.text or "").replace("\n", "\\n")
        raise CollectionError(
            f"collection '{name}' has a vector '{request.vector}'; if miniCOIL made it: `minicoil attach {name} "
            f"--vector {request.vector} --text '{text}'`; else give another name with --vector, or make a copy: "
            f"`minicoil rebuild {name} {name}-2 --text '{text}'`"
        )
    if not request.plain:
        return None
    free = [vector for vector in (BM25_VECTOR, _OTHER_BM25) if vector not in taken]
    if not free:
        raise CollectionError(
            f"collection '{name}' has vectors '{BM25_VECTOR}' and '{_OTHER_BM25}' already; leave plain BM25 out with "
            "--no-bm25"
        )
    return free[0]


def _draw(points: PointStore, name: str, fields: Sequence[str]) -> list[Point]:
    """Some points with fields of their payload, each once."""
    drawn: dict[Any, Point] = {}
    with progress(f"sampling {name}", None, "points") as advance:
        for _ in range(_MOST_DRAWS):
            some = points.sample(name, PointFilter(), SAMPLE - len(drawn), fields)
            fresh = {point.id: point for point in some if point.id not in drawn}
            drawn |= fresh
            advance(len(fresh))
            if not fresh or len(drawn) >= SAMPLE:
                break
    return list(drawn.values())


def _check_marks(points: PointStore, name: str, drawn: list[Point]) -> None:
    """Nothing, where no point carries our fields: they would be taken for ours, and removed as ours."""
    marked = sorted({field for point in drawn for field in point.payload if field in ADDED_FIELDS})
    n_marked = points.count(name) - points.count(name, PointFilter(missing=[STAMP_FIELD]))
    if marked or n_marked > 0:
        raise CollectionError(
            f"collection '{name}' carries {', '.join(marked) or STAMP_FIELD} in its payload: another service keeps it "
            "or its record is gone; use that service's object store, restore the record, or remove the fields"
        )
