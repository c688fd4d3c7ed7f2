"""Questions to a collection, answered with the release its channel serves; no torch, no Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicoil.errors import CollectionError, UsageError
from minicoil.files import Count, check_number
from minicoil.sparse import MiniCoil, bm25_vector, split_query
from tasks.catalogue import CollectionRecord, open_named, served_release
from tasks.collections.explaining import Reading, add_movers, explain_one, explain_points
from tasks.collections.texts import PointTextError, TextSource, open_texts
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import Hit, Point, PointFilter


def search_collection(
    place: Place,
    name: str,
    query: str,
    limit: int,
    compare: bool = False,
    tenant: str | None = None,
    explain: str | None = None,
) -> dict[str, Any]:
    """The best points for a query.

    Args:
        place: Where.
        name: Of the collection.
        query: What is asked for.
        limit: Most points.
        compare: Also those of BM25 on the same words, and for every point of both the words that moved it.
        tenant: Whose points, in a collection that has tenants.
        explain: A point whose score is taken apart word by word.

    Raises:
        CollectionError: the collection or the point is not there.
        UsageError: it has tenants and none was named, or the other way round; or the limit is no number.
    """
    check_number("limit", limit, Count)
    record, model, release = open_reader(place, name)
    name = record.name
    scope, texts = tenant_scope(record, tenant), open_texts(record, place.cache)
    if explain is not None and scope is not None:
        raise UsageError("--explain weighs words over the whole collection, --tenant over a part; use one of them")
    (vector,) = model.query_embed(query)
    tokens, reading = model.tokenizer.words(query), Reading(texts, model)
    with place.points() as points:
        results = _rows(points.search(name, record.vector, vector, limit, scope, scope), texts)
        answer: dict[str, Any] = {"collection": name, "query": query, "release": release or None, "results": results}
        if compare:
            if record.bm25_vector is None:
                raise CollectionError(
                    f"collection '{name}' carries no plain BM25 vector to compare with, as one that was attached; "
                    f"search it without --compare, or copy it with `minicoil rebuild {name} TARGET` and compare there"
                )
            plain = bm25_vector(tokens, model.vocabulary, record.bm25, query=True)
            answer["bm25"] = _rows(points.search(name, record.bm25_vector, plain, limit, scope, scope), texts)
            if scope is None:
                terms = split_query(tokens, vector, model.vocabulary)
                shown = [row["id"] for row in (*results, *answer["bm25"])]
                add_movers(results, answer["bm25"], explain_points(points, record, terms, shown, reading))
        if explain is not None:
            terms = split_query(tokens, vector, model.vocabulary)
            answer["explanation"] = explain_one(points, record, terms, vector, explain, reading)
    return answer


def open_reader(place: Place, name: str) -> tuple[CollectionRecord, MiniCoil, int]:
    """The record of a collection or alias, and the model that its channel reads it with.

    Raises:
        CollectionError: it is not registered.
    """
    return open_reader_of(place, open_named(place, name))


def open_reader_of(place: Place, record: CollectionRecord) -> tuple[CollectionRecord, MiniCoil, int]:
    """A collection's record again, and the model that its channel reads it with."""
    release = served_release(place.objects(), record)
    return record, CollectionModels.of(place, record).model(release), release


def tenant_scope(record: CollectionRecord, tenant: str | None) -> PointFilter | None:
    """What limits a search and its IDF to a tenant's points; None where the collection has no tenants.

    Raises:
        UsageError: one was named where there are none, or none where there are some.
    """
    if record.tenant is None and tenant is None:
        return None
    if record.tenant is None:
        raise UsageError(f"collection '{record.name}' has no tenants; leave --tenant out")
    if tenant is None:
        raise UsageError(
            f"collection '{record.name}' has a tenant in every point's '{record.tenant}'; name one by --tenant"
        )
    return PointFilter(equal={record.tenant: tenant})


def _text(texts: TextSource, hit: Hit) -> str:
    try:
        return texts.read(Point(hit.id, hit.payload))
    except PointTextError:
        return ""


def _rows(hits: Sequence[Hit], texts: TextSource) -> list[dict[str, Any]]:
    return [
        {
            "id": hit.id,
            "score": hit.score,
            "text": _text(texts, hit),
            "doc": hit.payload.get("doc", ""),
            "title": hit.payload.get("title", ""),
        }
        for hit in hits
    ]
