"""Which path of the double's server asks for what. Source: src/actix/api of Qdrant 1.18.3, and its answers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import qdrant_double_reads as reads
from qdrant_double_bodies import Refused, bad_format, field, invalid, not_found, wrong_input
from qdrant_double_collection import Collection
from qdrant_double_filters import BadFilterError
from qdrant_double_strict import check_bound
from qdrant_double_writes import Operation, read_operation, write

_POINT_WRITES = {
    ("PUT", ""): "upsert",
    ("POST", "delete"): "delete",
    ("PUT", "vectors"): "update_vectors",
    ("POST", "vectors/delete"): "delete_vectors",
    ("POST", "payload"): "set_payload",
    ("PUT", "payload"): "overwrite_payload",
    ("POST", "payload/delete"): "delete_payload",
    ("POST", "payload/clear"): "clear_payload",
}
_KNOWN = ("points", "vectors", "index", "cluster")
READS = ("", "scroll", "count", "query", "query/batch")  # what is asked by POST /points/...


class Holder(Protocol):
    """What a request finds: the server's collections, and how it was made."""

    version: str
    shards: int
    seed: int
    collections: dict[str, Collection]
    aliases: dict[str, str]
    rng: random.Random


class Bare:
    """An answer that is not wrapped."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Routes:
    """One request on its way to what it asks for."""

    def __init__(
        self, double: Holder, method: str, path: str, body: Any, parameters: Mapping[str, str], n_bytes: int
    ) -> None:
        self._double, self._method, self._body, self._n_bytes = double, method, body, n_bytes
        self._parameters = parameters
        self._parts = [unquote(part) for part in path.split("/")[1:] if part]
        numbers = re.match(r"(\d+)\.(\d+)", double.version)
        self._version = (int(numbers.group(1)), int(numbers.group(2))) if numbers else (0, 0)

    def answer(self) -> Any:
        try:
            return self._answer()
        except BadFilterError as error:
            raise self._located(bad_format(str(error), 0)) from None
        except Refused as refused:
            if refused.text.endswith("At least one field condition must be specified"):
                raise invalid(
                    ["filter.__all__: Validation error: At least one field condition must be specified [{}]"]
                ) from None
            raise self._located(refused) from None
        except (KeyError, TypeError, AttributeError) as error:
            if self._body is None:
                raise bad_format("EOF while parsing a value at line 1 column 0") from None
            raise bad_format(f"missing field or wrong type: {error!r}") from error

    def _located(self, refused: Refused) -> Refused:
        if refused.before_end is not None:
            refused.text += f" at line 1 column {self._n_bytes - refused.before_end}"
            refused.before_end = None
        return refused

    def _answer(self) -> Any:
        method, parts, double = self._method, self._parts, self._double
        if method == "GET" and not parts:
            return Bare({"title": "qdrant - vector search engine", "version": double.version})
        if method == "GET" and parts in (["healthz"], ["livez"]):
            return b"healthz check passed"
        if method == "GET" and parts == ["readyz"]:
            return b"all shards are ready"
        if method == "GET" and parts == ["cluster"]:
            return {"status": "disabled"}
        if method == "GET" and parts == ["aliases"]:
            return self._aliases(None)
        if method == "GET" and parts == ["collections"]:
            return {"collections": [{"name": name} for name in double.collections]}
        if method == "POST" and parts == ["collections", "aliases"]:
            return self._change_aliases()
        if len(parts) >= 2 and parts[0] == "collections":
            return self._of_collection(parts[1], parts[2:])
        raise Refused(404, "", plain=True)

    # collections

    def _of_collection(self, name: str, rest: list[str]) -> Any:
        method, double = self._method, self._double
        if not rest and method == "PUT":
            return self._create(name)
        if not rest and method == "DELETE":
            for alias in [a for a, target in double.aliases.items() if target == name]:
                del double.aliases[alias]
            return double.collections.pop(name, None) is not None
        real = double.aliases.get(name, name)
        if rest == ["exists"] and method == "GET":
            return {"exists": real in double.collections}
        if rest == ["aliases"] and method == "GET":
            return self._aliases(name)
        if rest and rest[0] not in _KNOWN:
            raise Refused(404, "", plain=True)
        if real not in double.collections:
            raise not_found(f"Collection `{name}` doesn't exist!")
        collection = double.collections[real]
        if not rest and method == "GET":
            return collection.describe()
        if not rest and method == "PATCH":
            collection.change(self._body)
            return True
        if rest == ["cluster"] and method == "GET":
            return self._cluster(collection)
        if len(rest) == 2 and rest[0] == "vectors" and method in ("PUT", "DELETE") and self._version >= (1, 18):
            add = method == "PUT"
            op = collection.add_vector(rest[1], self._body) if add else collection.delete_vector(rest[1])
            return self._done(op)
        if rest == ["index"] and method == "PUT":
            return self._done(collection.add_index(self._body))
        if len(rest) == 2 and rest[0] == "index" and method == "DELETE":
            return self._done(collection.delete_index(rest[1]))
        if rest and rest[0] == "points":
            timeout = self._parameters.get("timeout")
            check_bound(int(timeout or 0), collection.bounds.get("max_timeout"), "timeout")
            return self._of_points(collection, "/".join(rest[1:]))
        raise Refused(404, "", plain=True)

    def _create(self, name: str) -> bool:
        double = self._double
        if name in double.collections:
            raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
        if name in double.aliases:
            text = f"Can't create collection with name {name}. Alias with the same name already exists"
            raise wrong_input(text)
        double.collections[name] = Collection(self._body, double.shards, self._version, double.seed)
        return True

    def _cluster(self, collection: Collection) -> dict[str, Any]:
        shards = [
            {"shard_id": n, "points_count": len(shard.points), "state": "Active"}
            for n, shard in enumerate(collection.shards)
        ]
        return {
            "peer_id": 1,
            "shard_count": len(shards),
            "local_shards": shards,
            "remote_shards": [],
            "shard_transfers": [],
        }

    def _aliases(self, of: str | None) -> dict[str, Any]:
        shown = self._double.aliases.items()
        rows = [{"alias_name": a, "collection_name": target} for a, target in shown if of in (None, target)]
        return {"aliases": rows}

    def _change_aliases(self) -> bool:
        """In order; what came before an action that is refused has been done."""
        double = self._double
        for action in field(self._body, "actions"):
            if create := action.get("create_alias"):
                target, alias = create["collection_name"], create["alias_name"]
                if target not in double.collections:
                    raise not_found(f"Collection `{target}` doesn't exist!")
                if alias in double.collections:
                    raise Refused(409, f"Wrong input: Collection `{alias}` already exists!")
                double.aliases[alias] = target
            elif delete := action.get("delete_alias"):
                double.aliases.pop(delete["alias_name"], None)
            elif rename := action.get("rename_alias"):
                old, new = rename["old_alias_name"], rename["new_alias_name"]
                if old not in double.aliases:
                    raise not_found(f"Alias {old} does not exists!")
                double.aliases[new] = double.aliases.pop(old)
            else:
                raise bad_format("data did not match any variant of untagged enum AliasOperations", before_end=1)
        return True

    # points

    def _of_points(self, collection: Collection, what: str) -> Any:
        method, body = self._method, self._body
        if method == "GET" and what and "/" not in what:
            return reads.get_one(collection, what)
        if method == "POST" and what in READS:
            return self._read(collection, what)
        if method == "POST" and what == "batch":
            return self._batch(collection)
        kind = _POINT_WRITES.get((method, what))
        if kind is None:
            raise Refused(404, "", plain=True)
        operation = read_operation(kind, body)
        collection.check_write(kind, body)
        return self._done(self._write(collection, operation))

    def _read(self, collection: Collection, what: str) -> Any:
        body, rng = self._body, self._double.rng
        if what == "query/batch":
            searches = field(body, "searches")
            most = collection.bounds.get("search_max_batchsize")
            check_bound(len(searches), most, "search batch size")
            return [reads.query(collection, one, rng, f"searches[{i}].") for i, one in enumerate(searches)]
        if what == "query":
            return reads.query(collection, body, rng)
        return {"": reads.retrieve, "scroll": reads.scroll, "count": reads.count}[what](collection, body)

    def _batch(self, collection: Collection) -> list[Any]:
        """Operations in order, up to the first that fails; strict mode looks at all of them first."""
        operations = []
        for i, given in enumerate(field(self._body, "operations")):
            ((kind, body),) = given.items()
            if kind not in _POINT_WRITES.values():
                raise bad_format("data did not match any variant of untagged enum UpdateOperation", before_end=1)
            operations.append(read_operation(kind, body, f"operations[{i}].{kind}."))
        for operation in operations:
            collection.check_write(operation.kind, operation.body)
        return [self._done(self._write(collection, operation)) for operation in operations]

    def _write(self, collection: Collection, operation: Operation) -> int:
        """Number of the operation; whoever does not wait for it hears of no failure."""
        before = collection.op
        try:
            return write(collection, operation)
        except Refused:
            if collection.op == before or self._parameters.get("wait") == "true":
                raise
            return collection.op

    def _done(self, op: int) -> dict[str, Any]:
        waited = self._parameters.get("wait") == "true"
        return {"operation_id": op, "status": "completed" if waited else "acknowledged"}
