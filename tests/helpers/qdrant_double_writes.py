"""Operations on the points of a collection of the double.

An operation is read whole before anything is written: what cannot be read, or fits no vector, is refused, and nothing
has happened. Then it has a number. It goes shard by shard in chunks of 32 ids; where ids of a chunk are gone, the
others of the chunk are written, and the shard stops there. The answer is 404 and says nothing of what was written.

Source: lib/shard/src/update.rs, lib/collection/src/collection/point_ops.rs of Qdrant 1.18.3.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from qdrant_double_bodies import (
    Refused,
    bad_format,
    bad_request,
    field as needed,
    invalid,
    not_found,
    read_id,
    read_points,
    read_updates,
)
from qdrant_double_collection import Collection
from qdrant_double_filters import BadFilterError, compile_filter
from qdrant_double_payloads import merged, without
from qdrant_double_segments import Shard, Vector
from qdrant_double_shards import shard_of

CHUNK = 32  # VECTOR_OP_BATCH_SIZE, PAYLOAD_OP_BATCH_SIZE
Change = Callable[[Shard, Any, int], None]  # (shard, id, number of the operation)
Rows = list[tuple[Any, dict[str, Vector], dict[str, Any] | None]]


@dataclass(frozen=True)
class Operation:
    """What a request asks to be written, read and found well formed.

    Attributes:
        rows: The points of an upsert.
        updates: Id -> vectors, of an update of vectors.
        ids: Those that others are for; None: those that the filter of `body` holds for.
    """

    kind: str
    body: Mapping[str, Any]
    rows: Rows = field(default_factory=list)
    updates: dict[Any, dict[str, Vector]] = field(default_factory=dict)
    ids: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.rows) or len(self.updates) or len(self.ids or ())


def read_operation(kind: str, body: Mapping[str, Any], where: str = "") -> Operation:
    """The operation; `where` is what the server names before a field that it refuses."""
    if kind == "upsert":
        return Operation(kind, body, rows=read_points(body, where))
    if kind == "update_vectors":
        return Operation(kind, body, updates=read_updates(body, where))
    if kind == "delete_vectors" and not needed(body, "vector"):
        raise invalid([f"{where}vector: must specify vector names to delete"])
    for name in {"delete_payload": ("keys",), "set_payload": ("payload",), "overwrite_payload": ("payload",)}.get(
        kind, ()
    ):
        needed(body, name)
    if body.get("points") is None and body.get("filter") is None:
        if kind in ("delete", "clear_payload"):
            raise bad_format("data did not match any variant of untagged enum PointsSelector")
        if kind == "delete_vectors":
            raise bad_request("No filter or points provided")
        raise bad_format("Either list of point ids or filter must be provided")
    try:
        compile_filter(body.get("filter"), {})
        ids = None if body.get("points") is None else [read_id(i, 1) for i in body["points"]]
    except (Refused, BadFilterError) as error:
        if kind in ("delete", "clear_payload"):
            raise bad_format("data did not match any variant of untagged enum PointsSelector") from None
        raise error
    return Operation(kind, body, ids=ids)


def write(collection: Collection, operation: Operation) -> int:
    """Do one operation; its number, which it has whether it fails in the middle or not."""
    perform = _prepare(collection, operation)
    op = collection.next_op()
    try:
        perform(op)
    finally:
        collection.optimise()
    return op


def _prepare(collection: Collection, operation: Operation) -> Callable[[int], None]:
    if not operation and operation.body.get("filter") is None:
        raise bad_request("Empty update request")
    if operation.kind == "upsert":
        return _upsert(collection, operation)
    if operation.kind == "update_vectors":
        return _update_vectors(collection, operation)
    ids = collection.matching(operation.body["filter"]) if operation.ids is None else operation.ids
    collection.take("write", len(ids))
    if operation.kind == "delete":
        return lambda op: _delete(collection, ids)
    change = _change(collection, operation.kind, operation.body)
    return lambda op: _each(collection, ids, lambda shard, i: change(shard, i, op))


def _change(collection: Collection, kind: str, body: Mapping[str, Any]) -> Change:
    """What an operation of a kind does to one point."""
    if kind == "delete_vectors":

        def delete(shard: Shard, i: Any, op: int) -> None:
            collection.check_names(body["vector"])
            shard.delete_vectors(i, body["vector"], op)

        return delete
    if kind == "set_payload":
        return _payload(lambda payload: merged(payload, body["payload"], body.get("key")))
    if kind == "overwrite_payload":
        return _payload(lambda payload: deepcopy(body["payload"]))
    if kind == "clear_payload":
        return _payload(lambda payload: {})
    return _payload(lambda payload: without(payload, body["keys"]))


def _payload(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    def perform(shard: Shard, i: Any, op: int) -> None:
        stored = shard.writable(i, op)
        stored.payload = change(stored.payload)

    return perform


def _upsert(collection: Collection, operation: Operation) -> Callable[[int], None]:
    mode = operation.body.get("update_mode") or "upsert"
    holds = collection.check(operation.body.get("update_filter"))
    for _, vectors, _ in operation.rows:
        collection.check_sizes(vectors)
    collection.take("write", len(operation))

    def perform(op: int) -> None:
        points = {i: (vectors, payload) for i, vectors, payload in operation.rows}
        for i in _shuffled(collection, points, op):
            shard, (vectors, payload) = collection.shard_of(i), points[i]
            there = shard.points.get(i)
            if there is None and mode == "update_only":
                continue
            if there is not None and (mode == "insert_only" or not holds(i, there)):
                continue
            shard.upsert(i, collection.fit(vectors), payload, op)

    return perform


def _update_vectors(collection: Collection, operation: Operation) -> Callable[[int], None]:
    updates = operation.updates
    holds = collection.check(operation.body.get("update_filter"))
    collection.take("write", len(operation))

    def perform(op: int) -> None:
        ids = [i for i in updates if (there := collection.get(i)) is None or holds(i, there)]
        ids = _shuffled(collection, ids, op)
        _each(collection, ids, lambda shard, i: shard.update_vectors(i, collection.fit(updates[i]), op))

    return perform


def _shuffled(collection: Collection, ids: Iterable[Any], op: int) -> list[Any]:
    """In the order of a hash map, which is another one in every process."""
    order = list(ids)
    random.Random(f"{collection.seed} {op}").shuffle(order)
    return order


def _each(collection: Collection, ids: Iterable[Any], change: Callable[[Shard, Any], None]) -> None:
    """In chunks, shard by shard."""
    shards = collection.shards
    parts: dict[int, list[Any]] = {}
    for i in ids:
        parts.setdefault(shard_of(i, len(shards)), []).append(i)
    gone = [i for n, part in parts.items() if (i := _each_of(shards[n], part, change)) is not None]
    if gone and len(gone) == len(parts):
        raise not_found(f"No point with id {gone[0]} found")
    if gone:
        raise not_found(
            f"{len(gone)} out of {len(parts)} shards failed to apply operation. "
            f"First error captured: No point with id {gone[0]} found"
        )


def _each_of(shard: Shard, ids: Sequence[Any], change: Callable[[Shard, Any], None]) -> Any:
    """The first id that is gone, in the first chunk that has one."""
    for start in range(0, len(ids), CHUNK):
        gone = [i for i in ids[start : start + CHUNK] if i not in shard.points]
        for i in ids[start : start + CHUNK]:
            if i in shard.points:
                change(shard, i)
        if gone:
            return gone[0]
    return None


def _delete(collection: Collection, ids: Iterable[Any]) -> None:
    for i in ids:
        collection.shard_of(i).delete(i)
