"""The collections of a home, or of a server: opened by address, and shared by those who work there at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tasks.points import PointStore


def open_points(
    home: Path, qdrant_url: str | None = None, api_key: str | None = None, timeout_seconds: int = 60
) -> PointStore:
    """The collections of a home's embedded engine, or of a Qdrant server that may take so long for one answer."""
    if qdrant_url is None:
        from tasks.points import EmbeddedPoints

        return EmbeddedPoints(home)
    from tasks.qdrant.server import ServerPoints

    return ServerPoints.connect(qdrant_url, api_key, timeout_seconds)


def server_version(points: PointStore) -> str | None:
    """The version that a Qdrant server says it has; None of an embedded engine, which a package brings along."""
    from tasks.qdrant.server import ServerPoints

    return points.version if isinstance(points, ServerPoints) else None


class SharedPoints:
    """One client of an engine for everybody in a process who works there: made by the first, closed by the last.

    A client costs a connection, a question for the server's version and a look at each collection; the last client of
    an embedded engine takes the engine along, which the next one has to start again.

    Args:
        connect: Makes the client.
    """

    def __init__(self, connect: Callable[[], PointStore]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._client: PointStore | None = None
        self._n_leases = 0

    def lease(self) -> PointStore:
        """The client, until `close` or the end of a `with`; the last to leave closes it."""
        self._enter()
        try:
            with self._lock:
                if self._client is None:
                    self._client = self._connect()
                return self._client.lease(_once(self._leave))
        except BaseException:  # an address that is none: nobody came in
            self._leave()
            raise

    def hold(self) -> Callable[[], None]:
        """Keep the client that others will make from being closed between them, until what is returned is called."""
        self._enter()
        return _once(self._leave)

    def _enter(self) -> None:
        with self._lock:
            self._n_leases += 1

    def _leave(self) -> None:
        with self._lock:
            self._n_leases -= 1
            client = None if self._n_leases else self._client
            if client is not None:
                self._client = None
                client.close()  # under the lock: whoever comes meanwhile must not find the engine half gone


def _once(leave: Callable[[], None]) -> Callable[[], None]:
    """`leave`, for whoever may close twice."""
    left = [leave]
    return lambda: left.pop()() if left else None
