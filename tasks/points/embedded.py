"""Client of the owner process: Qdrant without a server."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from minicoil import errors
from minicoil.errors import CollectionError, EngineUnavailableError
from tasks.disk import ENGINE_BYTES, FREE_SOME, free_bytes
from tasks.points import wire
from tasks.points.owner_address import engine_folder, socket_path
from tasks.points.owner_process import start_owner, woken_owner
from tasks.points.records import (
    CELLS_PER_PROBE,
    CollectionSchema,
    CollectionShape,
    Hit,
    Point,
    PointFilter,
    PointId,
    Vector,
    VectorUpdate,
)

START_SECONDS = 300.0  # only patience: an owner that ended is noticed
ANSWER_SECONDS = 900.0  # an optimisation of millions of points holds everybody else up
_IDS = 10_000  # ids of one frame
_TRIES = 3  # every operation may be repeated without harm


class _Line:
    """The connection of a client, and of those who share it: one question at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: socket.socket | None = None


class EmbeddedPoints:
    """A `PointStore` on the shards of one home. Starts the owner process where none runs."""

    is_shared = False

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()  # the process may change its folder later
        self._line = _Line()
        self._leave: Callable[[], None] | None = None

    def _call(self, operation: str, *arguments: Any) -> Any:
        with self._line.lock:
            for attempt in range(_TRIES):
                try:
                    if self._line.connection is None:
                        self._line.connection = self._connect()
                    wire.send(self._line.connection, [operation, arguments])
                    answer = wire.receive(self._line.connection)
                    break
                except TimeoutError as error:  # asking again would only add to the work
                    self._disconnect()
                    raise EngineUnavailableError(
                        f"the embedded engine of {self._home} has not answered '{operation}' for {ANSWER_SECONDS:.0f} "
                        "s; another command may be optimising a large collection: wait, then run this one again"
                    ) from error
                except OSError as error:
                    self._disconnect()
                    self._refuse_full_disk(error)
                    if attempt == _TRIES - 1:
                        raise EngineUnavailableError(
                            f"the embedded engine of {self._home} does not answer ({error}); see "
                            f"{engine_folder(self._home) / 'owner.log'}, then run the same command again"
                        ) from error
                except BaseException:  # Ctrl-C: the answer that is still under way must not be taken for the next one's
                    self._disconnect()
                    raise
        if "error" in answer:
            raise getattr(errors, answer["error"], CollectionError)(answer["message"], **answer.get("facts", {}))
        return answer["result"]

    def _refuse_full_disk(self, error: OSError) -> None:
        """Nothing, where the owner can have died of something else: asking again would only kill the next one.

        Raises:
            CollectionError: the disk is full.
        """
        left = free_bytes(engine_folder(self._home))
        if left < ENGINE_BYTES:
            raise CollectionError(
                f"the embedded engine of {self._home} stopped ({error}), and its disk has {left >> 20} MB left, less "
                f"than the {ENGINE_BYTES >> 20} MB it takes at a time; {FREE_SOME}"
            ) from error

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        starter: subprocess.Popen[bytes] | None = woken_owner(self._home)
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(socket_path(self._home)))
                connection.settimeout(ANSWER_SECONDS)
                self._greet(connection)
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
            except BaseException:
                connection.close()
                raise
            if time.monotonic() > deadline:
                raise self._no_owner(
                    f"no owner process within {START_SECONDS:.0f} s; the machine or its disk is slow or busy: run "
                    "the same command again when it is not"
                )
            if starter is not None and (starter.poll() or 0) > 0:  # by a signal is below zero: try again
                raise self._no_owner(f"the owner process ended with status {starter.returncode}")
            if starter is None or starter.poll() is not None:  # it ends at once where another one serves already
                starter = start_owner(self._home)
            time.sleep(0.02)

    def _greet(self, connection: socket.socket) -> None:
        wire.send(connection, ["hello", []])
        version, owner = wire.receive(connection).get("result") or (1, "unknown")
        if version != wire.VERSION:
            raise CollectionError(
                f"the engine of {self._home} (process {owner}) was started by another version of this package; "
                "end the commands that use it, then run this one again"
            )

    def _no_owner(self, reason: str) -> EngineUnavailableError:
        log = engine_folder(self._home) / "owner.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return EngineUnavailableError(f"{reason}; the last line of {log}: {lines[-1] if lines else '(empty)'}")

    def _disconnect(self) -> None:
        if self._line.connection is not None:
            self._line.connection.close()
            self._line.connection = None

    def close(self) -> None:
        if self._leave is not None:
            leave, self._leave = self._leave, None
            self._line = _Line()  # whoever uses a closed one again does so on a line of his own, and closes that
            leave()
            return
        with self._line.lock:
            self._disconnect()

    def lease(self, leave: Callable[[], None]) -> EmbeddedPoints:
        lease = copy(self)
        lease._leave = leave
        return lease

    def __enter__(self) -> EmbeddedPoints:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def names(self) -> list[str]:
        return list(self._call("names"))

    def exists(self, name: str) -> bool:
        return bool(self._call("exists", name))

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        self._call("ensure", name, schema)

    def describe(self, name: str) -> CollectionShape:
        shape: CollectionShape = self._call("describe", name)
        return shape

    def index_fields(self, name: str, schema: CollectionSchema) -> None:
        self._call("index_fields", name, schema)

    def drop(self, name: str) -> None:
        self._call("drop", name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        for frame in wire.frames(points):
            self._call("upsert", name, frame)

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        found: list[Point] = []
        start = 0
        while start < len(ids):
            points, n_asked = self._call("get", name, list(ids[start : start + _IDS]), payload, vectors)
            found += points
            start += n_asked
        return found

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        for start in range(0, len(ids), _IDS):
            self._call("delete", name, list(ids[start : start + _IDS]))

    def count(self, name: str, where: PointFilter | None = None) -> int:
        return int(self._call("count", name, where))

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
        start: PointId | None = None,
    ) -> Iterator[list[Point]]:
        offset = start
        while True:
            points, offset = self._call("page", name, where, payload, vectors, offset, page)
            if points:
                yield points
            if offset is None:
                return

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        return self.get(name, self._call("sample", name, where, n), payload, vectors)

    def search(
        self,
        name: str,
        using: str,
        vector: Vector,
        limit: int,
        where: PointFilter | None = None,
        corpus: PointFilter | None = None,
    ) -> list[Hit]:
        return list(self._call("search", name, using, vector, limit, where, corpus))

    def find(self, name: str, using: str, cells: Sequence[int], where: PointFilter | None = None) -> set[PointId]:
        found: set[PointId] = set()
        for start in range(0, len(cells), CELLS_PER_PROBE):
            found.update(self._call("find", name, using, list(cells[start : start + CELLS_PER_PROBE]), where))
        return found

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        written: list[PointId] = []
        for frame in wire.frames(updates):
            written += self._call("write_vectors", name, frame, dict(stamp) if stamp else None)
        return written

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        for start in range(0, len(ids), _IDS):
            self._call("set_payload", name, list(ids[start : start + _IDS]), dict(payload))

    takes_new_vectors = True

    def add_vectors(self, name: str, sparse: Sequence[str]) -> None:
        self._call("add_vectors", name, list(sparse))

    def uncopyable(self, name: str) -> list[str]:
        return []  # one shard, plain vectors, no settings of their own

    def create_like(self, name: str, source: str, without: Sequence[str], sparse: Sequence[str]) -> None:
        self._call("create_like", name, source, list(without), list(sparse))

    def unlike(self, name: str, source: str, without: Sequence[str]) -> list[str]:
        return list(self._call("unlike", name, source, list(without)))

    def remove_vectors(self, name: str, names: Sequence[str]) -> None:
        self._call("remove_vectors", name, list(names))

    def remove_indexes(self, name: str, fields: Sequence[str]) -> None:
        self._call("remove_indexes", name, list(fields))

    def remove_payload(self, name: str, ids: Sequence[PointId], fields: Sequence[str]) -> None:
        for start in range(0, len(ids), _IDS):
            self._call("remove_payload", name, list(ids[start : start + _IDS]), list(fields))

    def resolve(self, name: str) -> str:
        return name  # the embedded engine has no aliases

    def check_alias(self, alias: str) -> None:
        raise CollectionError(
            f"the embedded engine has no aliases; leave '{alias}' out, and search the collection by its own name"
        )

    def point_alias(self, alias: str, name: str) -> None:
        self.check_alias(alias)

    def optimize(self, name: str, is_ours: bool = False) -> None:
        self._call("optimize", name)

    def purge(self, name: str) -> bool:
        return bool(self._call("purge", name))
