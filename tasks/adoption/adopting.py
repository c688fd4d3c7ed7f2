"""A live collection of somebody else's given miniCOIL vectors where it stands, filled from its points' own payload."""

from __future__ import annotations

from typing import Any

from minicoil.errors import CollectionError, UsageError
from minicoil.sparse import MiniCoil
from tasks.adoption.adoption_plan import AdoptRequest, make_plan
from tasks.catalogue import (
    ADDED_INDEXES,
    HASH_FIELD,
    STAMP_FIELD,
    CollectionRecord,
    read_collection_record,
    register_collection,
    update_collection,
)
from tasks.collections import VECTOR, Filled, Pace, fill_collection, open_texts, read_texts
from tasks.documents import text_hash
from tasks.models import open_model_of
from tasks.place import Place
from tasks.points import PointFilter, PointStore, not_found
from tasks.rewriting import ExpansionOptions, compare_points, time_a_text

_VERIFIED = 128
_TIMED = 64


def plan_adoption(place: Place, points: PointStore, request: AdoptRequest) -> dict[str, Any]:
    """What adopting a collection would add and cost. Writes nothing.

    Raises:
        CollectionError, UsageError: as `adopt_collection`.
    """
    name = points.resolve(request.collection)
    if (record := _known(place, points, name, request)) is not None:
        due = points.count(name, PointFilter(missing=[STAMP_FIELD]))
        return {**_row(points, request, record), "dry_run": True, "n_due": due}
    plan = make_plan(place, points, name, request)
    record, n_points = plan.record, points.count(name)
    model = MiniCoil(open_model_of(place, record, record.release), record.bm25)
    return {
        **_row(points, request, record),
        "dry_run": True,
        "n_due": n_points,
        "n_sampled": len(plan.texts) + plan.found.n_without_text,
        "n_without_text": plan.found.n_without_text,
        "without_text": plan.found.without_text,
        "lengths": plan.lengths.row(),
        "seconds_expected": round(time_a_text(model, plan.texts[:_TIMED]) * n_points, 3),
    }


def adopt_collection(
    place: Place, points: PointStore, request: AdoptRequest, options: ExpansionOptions | None = None
) -> dict[str, Any]:
    """Add miniCOIL vectors to a collection in place and fill them for every point, while others write and search.

    Added are the vectors, payload fields that begin with `mc_`, and indexes of these; nothing else is changed. What
    was added stands in the collection's record before the first of it is. Killed at any point, the same call goes on.

    Args:
        place: Where.
        points: The engine.
        request: What to add to what.
        options: Share of the points and pace.

    Returns:
        Counts, the collection's settings, and, but for a share, what a sample of the points showed.

    Raises:
        CollectionError: there is no such collection, the engine is too old, a name is taken, no text is found, or a
            sample shows vectors that are not what their text says.
        UsageError: no text template is known, or another one than before was given.
    """
    options = options or ExpansionOptions()
    name = points.resolve(request.collection)
    record = _known(place, points, name, request)
    if record is None:
        record = _begin(place, points, name, request)
    assert record.adopted is not None
    points.index_fields(name, ADDED_INDEXES)  # before the first filter: a strict server asks for it
    points.add_vectors(name, record.adopted.vectors)
    found = fill_collection(place, points, record, options.part, Pace(options.points_per_second))
    answer = {
        **_row(points, request, record),
        "n_written": found.n_written,
        "n_due": found.n_left,
        "n_without_text": found.n_without_text,
        "without_text": found.without_text,
    }
    if options.part is not None:
        return answer
    if not points.is_shared:  # a server's optimiser works by itself, and its owner's settings stay
        points.optimize(name)
    differences = _verify(place, points, record)
    if differences:
        raise CollectionError(
            f"collection '{name}': {len(differences)} of {_VERIFIED} sampled points have not the vectors that their "
            f"text says ({differences[0]}); run `minicoil reencode {name}`, or take all back: `minicoil adopt {name} "
            "--undo`"
        )
    if not found.n_left:
        update_collection(place.objects(), name, _mark_filled)
    return answer


def _begin(place: Place, points: PointStore, name: str, request: AdoptRequest) -> CollectionRecord:
    """The record of an adoption that begins here, or that another worker has begun meanwhile."""
    try:
        plan = make_plan(place, points, name, request)
    except CollectionError:  # perhaps because of what that one has added
        if (record := _known(place, points, name, request)) is None:
            raise
        return record
    record = register_collection(place.objects(), plan.record)
    return _known(place, points, name, request) or record


def _mark_filled(record: CollectionRecord) -> CollectionRecord:
    if record.adopted is None or record.adopted.state != "filling":
        return record
    return record.model_copy(update={"adopted": record.adopted.model_copy(update={"state": "filled"})})


def _row(points: PointStore, request: AdoptRequest, record: CollectionRecord) -> dict[str, Any]:
    added = record.adopted
    assert added is not None
    return {
        "collection": record.name,
        "alias": None if request.collection == record.name else request.collection,
        "vectors": list(added.vectors),
        "indexes": list(added.indexes),
        "n_points": points.count(record.name),
        "release": record.release or None,
        "text": record.text,
        "k": record.k,
        "b": record.b,
        "avg_len": record.avg_len,
        "importance": record.importance or None,
    }


def _known(place: Place, points: PointStore, name: str, request: AdoptRequest) -> CollectionRecord | None:
    """The record of a collection that is being adopted, or has been; None where nothing is known of it.

    Raises:
        CollectionError: it is not there, is registered otherwise, or is being left.
        UsageError: another template, vector or channel was given than it is being adopted with.
    """
    if not points.exists(name):
        raise not_found(name, points.names())
    record = read_collection_record(place.objects(), name)
    if record is None:
        return None
    if record.adopted is None:
        raise CollectionError(f"collection '{name}' is registered already; `minicoil reencode {name}` brings it up")
    if record.adopted.state == "leaving":
        raise CollectionError(
            f"what was added to collection '{name}' is being removed; finish that: `minicoil adopt {name} --undo`"
        )
    for what, asked, found in (
        ("--text", request.text, record.text),
        ("--vector", request.vector if request.vector != VECTOR else None, record.vector),
        ("--channel", request.channel, record.channel),
    ):
        if asked is not None and asked != found:
            two = f"'{found}', not '{asked}'".replace("\n", "\\n")
            raise UsageError(
                f"collection '{name}' is being adopted with {what} {two}; leave {what} out, or "
                f"take back what was added: `minicoil adopt {name} --undo`"
            )
    return record


def _verify(place: Place, points: PointStore, record: CollectionRecord) -> list[str]:
    """What is wrong with some points that were filled; one whose text changed since is the next sweep's."""
    texts = open_texts(record, place.cache)
    where = PointFilter(equal={STAMP_FIELD: record.release})
    fields = [*texts.fields, HASH_FIELD]
    rows = read_texts(texts, points.sample(record.name, where, _VERIFIED, fields, vectors=True), Filled())
    same = [(point, text) for point, text in rows if point.payload.get(HASH_FIELD) == text_hash(text)]
    return compare_points(place, record, same)
