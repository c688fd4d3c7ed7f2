"""What is read from a collection of the double: points by id and in order, and the best for a query."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np
from qdrant_double_bodies import (
    Refused,
    bad_format,
    field,
    invalid,
    not_found,
    read_id,
    read_vector,
    sparse_errors,
    written,
    wrong_input,
)
from qdrant_double_collection import Collection, normal
from qdrant_double_filters import Check, count_conditions
from qdrant_double_payloads import shown
from qdrant_double_segments import Shard, Sparse, Stored, Vector
from qdrant_double_shards import shard_limit

SCROLLED, QUERIED = 10, 10  # points where no limit is given
FULL_SCAN = 5000  # points up to which a filter is gone through one by one: full_scan_threshold of a sparse index
UNDOUBLED = {"recommend", "discover", "context", "fusion", "rrf", "formula", "order_by", "relevance_feedback"}


def record(
    collection: Collection, point_id: Any, stored: Stored, body: Mapping[str, Any], with_payload: bool
) -> dict[str, Any]:
    """A point as it was asked for; `with_payload` says what holds where nothing was said of it."""
    row: dict[str, Any] = {"id": point_id}
    payload = body.get("with_payload")
    payload = with_payload if payload is None else payload
    if payload is not False:
        row["payload"] = shown(stored.payload, payload)
    if vectors := body.get("with_vector", body.get("with_vectors")):
        for name in vectors if isinstance(vectors, list) else ():
            if name not in collection.dense and name not in collection.sparse:
                raise wrong_input(f"Not existing vector name error: {name}")
        row["vector"] = written(stored.vectors, vectors)
    return row


def retrieve(collection: Collection, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    ids = list(dict.fromkeys(read_id(i, 0) for i in field(body, "ids")))
    collection.take("read", len(ids))
    found = [(i, collection.get(i)) for i in ids]
    return [record(collection, i, stored, body, False) for i, stored in found if stored is not None]


def get_one(collection: Collection, given: str) -> dict[str, Any]:
    try:
        point_id = read_id(int(given) if given.isdecimal() else given)
    except Refused:
        raise wrong_input(f'Can not recognize "{given}" as point id') from None
    stored = collection.get(point_id)
    if stored is None:
        raise not_found(f"Point with id {point_id} does not exists!")
    return record(collection, point_id, stored, {"with_vector": True}, True)


def count(collection: Collection, body: Mapping[str, Any]) -> dict[str, int]:
    where = body.get("filter")
    collection.check(where)
    collection.check_read(where)
    collection.take("read", 1 + count_conditions(where))
    return {"count": len(collection.matching(where)) if where else len(collection)}


def scroll(collection: Collection, body: Mapping[str, Any]) -> dict[str, Any]:
    """Points in the order of ids, from `offset` on, and where the next page starts."""
    if body.get("order_by") is not None:
        raise NotImplementedError("this double scrolls by id only")
    where, limit = body.get("filter"), body.get("limit")
    limit = SCROLLED if limit is None else limit
    if limit < 1:
        raise invalid(["scroll_request.limit: value 0 invalid, must be 1 or larger"])
    check = collection.check(where)
    collection.check_read(where, limit)
    collection.take("read", 1 + count_conditions(where))
    ids = collection.sorted_ids()
    start = 0
    if body.get("offset") is not None:
        offset = read_id(body["offset"], 0)
        start = bisect_left(ids, _place(offset), key=_place)
    rows: list[dict[str, Any]] = []
    for place in range(start, len(ids)):
        point_id = ids[place]
        stored = collection.get(point_id)
        if stored is not None and check(point_id, stored):
            if len(rows) == limit:
                return {"points": rows, "next_page_offset": point_id}
            rows.append(record(collection, point_id, stored, body, True))
    return {"points": rows, "next_page_offset": None}


def query(collection: Collection, body: Mapping[str, Any], rng: random.Random, where: str = "") -> dict[str, Any]:
    """The best points of every shard, as many as each was asked for, merged."""
    conditions, offset = body.get("filter"), body.get("offset") or 0
    limit = QUERIED if body.get("limit") is None else body["limit"]
    if limit < 1:
        raise invalid([f"{where}internal.limit: value 0 invalid, must be 1 or larger"])
    if body.get("prefetch") is not None:
        raise NotImplementedError("this double has no prefetch")
    check = collection.check(conditions)
    asked = _Asked.read(collection, body, where)
    collection.check_read(conditions, limit)
    collection.take("read", 1 + count_conditions(conditions))
    wanted = limit + offset
    exact = bool((body.get("params") or {}).get("exact"))
    each = shard_limit(wanted, len(collection.shards), exact)
    parts = [asked.best(collection, shard, check, each, body, rng) for shard in collection.shards]
    hits = asked.merge(parts, rng)[offset:wanted]
    rows = []
    for score, point_id, stored in hits:
        version = stored.version if asked.kind == "nearest" else 0
        row = record(collection, point_id, stored, body, False)
        rows.append({"id": point_id, "version": version, "score": np.float32(score), **row})
    return {"points": rows}


Hits = list[tuple[float, Any, Stored]]
NO_QUERY = "Expected some form of vector, id, or a type of query"


class _Asked:
    """What a query asks for: the nearest to a vector, a random sample, or any points that a filter holds for."""

    def __init__(self, kind: str, using: str = "", vector: Vector | None = None, but: Any = None) -> None:
        self.kind, self.using, self.vector, self.but = kind, using, vector, but
        self.larger = True

    @staticmethod
    def read(collection: Collection, body: Mapping[str, Any], where: str) -> _Asked:
        given, using = body.get("query"), body.get("using") or ""
        if given is None:
            return _Asked("scroll")
        if isinstance(given, dict) and given.get("sample") == "random":
            return _Asked("sample")
        if isinstance(given, dict) and "nearest" in given:
            given = given["nearest"]
        if isinstance(given, dict) and given.keys() & UNDOUBLED:
            raise NotImplementedError(f"this double has no query of {', '.join(given)}")
        vector, but = _read_query(given)
        if isinstance(vector, Sparse) and (errors := sparse_errors(vector, f"{where}internal.query")):
            raise invalid(errors)
        collection.check_names([using])
        if vector is None:
            stored = collection.get(but)
            if stored is None:
                raise not_found(f"No point with id {but} found")
            vector = stored.vectors[using]
        if (using in collection.sparse) != isinstance(vector, Sparse):
            raise wrong_input("Conversion between sparse and regular vectors failed")
        asked = _Asked("nearest", using, vector, but)
        if not isinstance(vector, Sparse):
            entry = collection.dense[using]
            if vector.shape[-1] != entry["size"]:
                raise wrong_input(f"Vector dimension error: expected dim: {entry['size']}, got {vector.shape[-1]}")
            asked.larger = entry["distance"] in ("Cosine", "Dot")
        return asked

    def best(
        self,
        collection: Collection,
        shard: Shard,
        check: Check,
        limit: int,
        body: Mapping[str, Any],
        rng: random.Random,
    ) -> Hits:
        """(score, id, point) of at most `limit` points of one shard, the best first."""
        where = body.get("filter")
        if self.kind != "nearest":
            ids = sorted(collection.matching(where, shard), key=_place)
            ids = rng.sample(ids, min(limit, len(ids))) if self.kind == "sample" else ids[:limit]
            return [(1.0, i, shard.points[i]) for i in ids]
        threshold, sign = body.get("score_threshold"), 1 if self.larger else -1
        hits = [
            (score, i, stored)
            for i, score in self._scores(collection, shard, body).items()
            if i != self.but
            and (threshold is None or score * sign >= threshold * sign)
            and check(i, stored := shard.points[i])
        ]
        if not where or len(hits) > FULL_SCAN:  # which goes by postings, and leaves out what adds up to nothing
            hits = [hit for hit in hits if hit[0] != 0.0 or not isinstance(self.vector, Sparse)]
        # among equal scores those written first are kept, whatever their ids
        return heapq.nsmallest(limit, hits, key=lambda hit: (-sign * hit[0], hit[2].order))

    def merge(self, parts: list[Hits], rng: random.Random) -> Hits:
        """One list of those of the shards, whose heads are compared and never what is behind them."""
        if self.kind == "sample":
            hits = [hit for part in parts for hit in part]
            rng.shuffle(hits)
            return hits
        if self.kind == "scroll":
            return list(heapq.merge(*parts, key=lambda hit: _place(hit[1])))
        return list(heapq.merge(*parts, key=lambda hit: (hit[0], _place(hit[1])), reverse=self.larger))

    def _scores(self, collection: Collection, shard: Shard, body: Mapping[str, Any]) -> dict[Any, float]:
        if not isinstance(self.vector, Sparse):
            return self._dense_scores(collection, shard)
        values = self.vector.values
        indices = self.vector.indices.tolist()
        if collection.sparse[self.using].get("modifier") == "idf":
            corpus = self._corpus(collection, body)
            values = values * np.array(shard.inverse_document_frequencies(self.using, indices, corpus), np.float32)
        scores = shard.sparse_scores(self.using, list(zip(indices, values.tolist(), strict=True)))
        return {i: float(np.float32(score)) for i, score in scores.items()}

    def _corpus(self, collection: Collection, body: Mapping[str, Any]) -> Check | None:
        given = ((body.get("params") or {}).get("idf") or {}).get("corpus")
        return collection.check(given) if given is not None and collection.version >= (1, 19) else None

    def _dense_scores(self, collection: Collection, shard: Shard) -> dict[Any, float]:
        held = [(i, stored.vectors[self.using]) for i, stored in shard.points.items() if self.using in stored.vectors]
        if not held:
            return {}
        distance = collection.dense[self.using]["distance"]
        assert isinstance(self.vector, np.ndarray)
        question = normal(self.vector) if distance == "Cosine" else self.vector
        matrix = np.stack([vector for _, vector in held])
        if distance in ("Cosine", "Dot"):
            scores = matrix @ question
        elif distance == "Euclid":
            scores = np.linalg.norm(matrix - question, axis=1)
        else:
            scores = np.abs(matrix - question).sum(axis=1)
        return {i: float(score) for (i, _), score in zip(held, scores, strict=True)}


def _place(point_id: Any) -> tuple[bool, Any]:
    """Where an id stands in the order of ids: integers first."""
    return isinstance(point_id, str), point_id


def _read_query(given: Any) -> tuple[Vector | None, Any]:
    """A vector, or the id of a point whose vector it is."""
    try:
        return (read_vector(given), None) if isinstance(given, (dict, list)) else (None, read_id(given))
    except Refused:
        raise bad_format(NO_QUERY, before_end=0) from None
