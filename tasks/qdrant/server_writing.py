"""Guarded writes to a Qdrant server: vectors and their stamp in one request, and the truth about what was written.

A server says nothing of points that a guard left out. Where one point of a request is gone it writes the points
before it, 32 at a time and in an order of its own, leaves out the rest, and answers 404; so nothing of such a request
is taken as written, and the points that are left are written once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse import SparseVector
from tasks.points import Point, PointId, Vector, VectorUpdate, field_root
from tasks.qdrant.server_bounds import Bounds

_TRIES = 8  # each one with fewer points, as long as points go while we write
_POINT_BYTES = 600  # of a request, beside a point's vectors: its id, twice its guard
Post = Callable[[str, str, bytes], Any]
Look = Callable[[Sequence[PointId], Sequence[str]], list[Point]]


def vector_json(vector: Vector) -> Any:
    """What orjson writes as Qdrant's JSON of a vector."""
    if isinstance(vector, SparseVector):
        values = vector.values.astype(np.float32, copy=False)
        return {"indices": np.ascontiguousarray(vector.indices), "values": np.ascontiguousarray(values)}
    return np.ascontiguousarray(vector)


def dump(value: Any) -> bytes:
    """JSON of plain values and arrays.

    Raises:
        CollectionError: text that is not valid Unicode.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise CollectionError(f"a point holds something that is not valid in JSON ({error}); clean it first") from error


def point_json(point: Point) -> bytes:
    """One point of an upsert."""
    vectors = {name: vector_json(vector) for name, vector in point.vectors.items()}
    return dump({"id": point.id, "payload": dict(point.payload), "vector": vectors})


def guard_json(updates: Sequence[VectorUpdate]) -> dict[str, Any]:
    """A filter that is true of the updates' points, each as long as its payload is what its vectors were made from."""
    if not any(update.unchanged for update in updates):
        return {"must": [{"has_id": [update.id for update in updates]}]}
    return {"should": [{"must": _conditions(update)} for update in updates]}


def _conditions(update: VectorUpdate) -> list[dict[str, Any]]:
    must: list[dict[str, Any]] = [{"has_id": [update.id]}]
    for name, value in update.unchanged.items():
        if value is None:
            must.append({"is_empty": {"key": name}})
        for one in value if isinstance(value, list) else [value] if value is not None else []:
            # numbers with a fraction can only be compared, not matched
            how = {"range": {"gte": one, "lte": one}} if isinstance(one, float) else {"match": {"value": one}}
            must.append({"key": name, **how})
    return must


def update_bytes(update: VectorUpdate) -> int:
    """About how many bytes an update takes in a request."""
    n = sum(22 * len(v.indices) if isinstance(v, SparseVector) else 12 * len(v) for v in update.vectors.values())
    guard = 2 * sum(len(str(value)) for value in update.unchanged.values())
    if not update.payload:
        return n + _POINT_BYTES + guard
    return n + _POINT_BYTES + guard + guard // 2 + len(dump(dict(update.payload)))  # a guard of its own with it


def n_guarded(bounds: Bounds, updates: Sequence[VectorUpdate]) -> int:
    """Most points of a write, by what its guard may hold."""
    n_each = max((len(_conditions(update)) for update in updates), default=1)
    return (
        bounds.n_points if bounds.n_conditions is None else min(bounds.n_points, max(bounds.n_conditions // n_each, 1))
    )


@dataclass(frozen=True)
class GuardedWriter:
    """Writes vectors to one collection.

    Attributes:
        post: (method, path below the collection, body) -> the answer.
        look: (ids, payload fields) -> the points that are there.
        guarded: Whether the server looks at a guard at the moment of writing vectors.
        stamps_by_guard: Whether it lets a payload be set by the guard's fields; else by ids, after a fresh look.
    """

    post: Post
    look: Look
    guarded: bool
    stamps_by_guard: bool

    def write(self, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None) -> list[PointId]:
        """Write one request's updates; the ids whose point has the new vectors, and the stamp where there is one.

        A point's own payload goes in one step with its stamp: one that has the stamp has both.

        Raises:
            EngineUnavailableError: points keep going and coming.
            CollectionError: the server refused.
        """
        kept = list(updates) if self.guarded else self._unchanged(updates, {})
        for _ in range(_TRIES):
            if not kept:
                return []
            try:
                self._send(kept, stamp)
                break
            except CollectionError as error:
                if error.facts.get("status") != 404:
                    raise
            there = {point.id for point in self.look([update.id for update in kept], ())}
            kept = [update for update in kept if update.id in there]
        else:
            raise EngineUnavailableError(
                f"points went and came at every one of {_TRIES} writes of the same {len(kept)} points; try again"
            )
        if not self.stamps_by_guard:
            return self._finish_by_ids(kept, stamp or {})
        if not stamp and not any(update.unchanged for update in kept):
            return [update.id for update in kept]  # the request was acknowledged whole
        return [update.id for update in self._unchanged(kept, stamp or {})]

    def _send(self, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None) -> None:
        """Vectors, then the stamp, in one request: an error of the first keeps the second from being tried."""
        guard = guard_json(updates)
        rows = [
            {"id": update.id, "vector": {name: vector_json(vector) for name, vector in filled.items()}}
            for update in updates
            if (filled := {name: vector for name, vector in update.vectors.items() if _has_cells(vector)})
        ]
        steps: list[dict[str, Any]] = []
        if rows:
            conditions = {"update_filter": guard} if self.guarded else {}
            steps.append({"update_vectors": {"points": rows, **conditions}})
        if self.stamps_by_guard:
            steps += _emptying(updates, guard_json)
            steps += _stamping(updates, stamp or {}, guard_json)
        if steps:
            self._post(steps)

    def _post(self, steps: Sequence[Mapping[str, Any]]) -> None:
        self.post("POST", "points/batch", dump({"operations": steps}))

    def _finish_by_ids(self, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any]) -> list[PointId]:
        """Where no filter may be on the guard's fields: what a fresh look shows is stamped, unless it changes again."""
        kept = self._unchanged(updates, {})
        steps = _emptying(kept, _only)
        steps += _stamping(kept, stamp, _only)
        if steps:
            self._post(steps)
        written = self._unchanged(kept, stamp)
        done = {update.id for update in written}
        changed = [update for update in kept if update.id not in done]
        keys = sorted({*stamp, *(key for update in changed for key in update.payload)})
        if changed and keys:
            self._post([{"delete_payload": {"keys": keys, "filter": _only(changed)}}])
        return [update.id for update in written]

    def _unchanged(self, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any]) -> list[VectorUpdate]:
        """Those whose point is there, has the stamp, and still has the payload they were made from."""
        fields = sorted({field_root(name) for u in updates for name in u.unchanged} | stamp.keys())
        payloads = {p.id: p.payload for p in self.look([u.id for u in updates], fields)}
        return [
            u
            for u in updates
            if u.id in payloads
            and u.holds(payloads[u.id])
            and all(payloads[u.id].get(name) == value for name, value in stamp.items())
        ]


def _stamping(
    updates: Sequence[VectorUpdate],
    stamp: Mapping[str, Any],
    where: Callable[[Sequence[VectorUpdate]], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Steps that set the stamp: one for all points that have nothing else to set, one for each of the others.

    The others are written for the first time, and their guard is their text, which says nothing of vectors: somebody
    who has put the same text there once more since the step before has taken them away.
    """
    plain = [update for update in updates if not update.payload]
    steps = [{"set_payload": {"payload": dict(stamp), "filter": where(plain)}}] if plain and stamp else []
    for update in updates:
        if update.payload:
            asked = where([update])
            there = [{"has_vector": name} for name, vector in update.vectors.items() if _has_cells(vector)]
            held = {**asked, "must": [*asked.get("must", []), *there]}
            steps.append({"set_payload": {"payload": {**update.payload, **stamp}, "filter": held}})
    return steps


def _emptying(
    updates: Sequence[VectorUpdate], where: Callable[[Sequence[VectorUpdate]], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Steps that take away vectors without entries, as a text of stopwords has: no update may write one."""
    by_name: dict[str, list[VectorUpdate]] = {}
    for update in updates:
        for name, vector in update.vectors.items():
            if not _has_cells(vector):
                by_name.setdefault(name, []).append(update)
    return [{"delete_vectors": {"filter": where(some), "vector": [name]}} for name, some in by_name.items()]


def _has_cells(vector: Vector) -> bool:
    return not isinstance(vector, SparseVector) or len(vector.indices) > 0


def _only(updates: Sequence[VectorUpdate]) -> dict[str, Any]:
    """A filter by ids: by a list of points, one that is gone would refuse them all."""
    return {"must": [{"has_id": [update.id for update in updates]}]}
