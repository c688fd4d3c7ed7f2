"""Client of the owner process: Qdrant without a server."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from minicoil import errors
from minicoil.errors import CollectionError, EngineUnavailableError
from tasks.points import wire
from tasks.points.owner import engine_folder, socket_path
from tasks.points.records import CollectionSchema, Hit, Point, PointFilter, PointId, Vector, VectorUpdate

START_SECONDS = 60.0
_BATCH = 512  # points of one frame
_TRIES = 3  # every operation may be repeated without harm
_started: list[subprocess.Popen[bytes]] = []  # kept: a Popen that is collected while its process runs warns


@atexit.register
def _let_go() -> None:
    """Leave the owners to themselves: they outlive this process on purpose and end when nobody is connected."""
    for owner in _started:
        if owner.poll() is None:
            owner.returncode = 0


class EmbeddedPoints:
    """A `PointStore` on the shards of one home. Starts the owner process where none runs."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def _call(self, operation: str, *arguments: Any) -> Any:
        with self._lock:
            for attempt in range(_TRIES):
                try:
                    if self._connection is None:
                        self._connection = self._connect()
                    wire.send(self._connection, [operation, arguments])
                    answer = wire.receive(self._connection)
                    break
                except (ConnectionError, OSError) as error:
                    self._disconnect()
                    if attempt == _TRIES - 1:
                        raise EngineUnavailableError(
                            f"the embedded engine of {self._home} does not answer ({error}); see "
                            f"{engine_folder(self._home) / 'owner.log'}, then run the same command again"
                        ) from error
        if "error" in answer:
            raise getattr(errors, answer["error"], CollectionError)(answer["message"])
        return answer["result"]

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        starter: subprocess.Popen[bytes] | None = None
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(socket_path(self._home)))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
            if time.monotonic() > deadline:
                raise ConnectionError(f"no owner process within {START_SECONDS:.0f} s")
            if starter is None or starter.poll() is not None:  # it ends at once where another one serves already
                starter = self._start()
            time.sleep(0.05)

    def _start(self) -> subprocess.Popen[bytes]:
        engine_folder(self._home).mkdir(parents=True, exist_ok=True)
        with (engine_folder(self._home) / "owner.log").open("ab") as log:
            owner = subprocess.Popen(
                [sys.executable, "-m", "tasks.points.owner", str(self._home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is for the command alone
                env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
            )
        _started.append(owner)
        return owner

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        with self._lock:
            self._disconnect()

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

    def drop(self, name: str) -> None:
        self._call("drop", name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        for start in range(0, len(points), _BATCH):
            self._call("upsert", name, list(points[start : start + _BATCH]))

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        found: list[Point] = []
        for start in range(0, len(ids), _BATCH):
            found += self._call("get", name, list(ids[start : start + _BATCH]), payload, vectors)
        return found

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        self._call("delete", name, list(ids))

    def count(self, name: str, where: PointFilter | None = None) -> int:
        return int(self._call("count", name, where))

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
    ) -> Iterator[list[Point]]:
        offset: PointId | None = None
        while True:
            points, offset = self._call("page", name, where, payload, vectors, offset, page)
            if points:
                yield points
            if offset is None:
                return

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        return list(self._call("sample", name, where, n, payload, vectors))

    def search(self, name: str, using: str, vector: Vector, limit: int, where: PointFilter | None = None) -> list[Hit]:
        return list(self._call("search", name, using, vector, limit, where))

    def write_vectors(self, name: str, updates: Sequence[VectorUpdate]) -> list[PointId]:
        written: list[PointId] = []
        for start in range(0, len(updates), _BATCH):
            written += self._call("write_vectors", name, list(updates[start : start + _BATCH]))
        return written

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        self._call("set_payload", name, list(ids), dict(payload))

    def optimize(self, name: str) -> None:
        self._call("optimize", name)
