"""The one process that opens a home's shards: `python -m tasks.points.owner HOME`.

Edge allows a single opener and holds the GIL while it works, so every command talks to this process through a Unix
socket. It is started by the first client and goes a moment after its last one; a client that dies, however, takes
its connection along.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from minicoil.errors import MiniCoilError
from tasks.points import wire
from tasks.points.engine import EdgeEngine

GRACE_SECONDS = 2.0
OPERATIONS = {
    "names", "exists", "ensure", "drop", "upsert", "get", "delete", "count", "page", "sample", "search",
    "write_vectors", "set_payload", "optimize",
}  # fmt: skip


def engine_folder(home: Path) -> Path:
    """Where a home's shards lie."""
    return home / "engine"


def socket_path(home: Path) -> Path:
    """The owner's socket: in the home, or, where its path is too long for a Unix socket, in a private folder."""
    path = engine_folder(home) / "owner.sock"
    if len(os.fsencode(path)) <= 100:  # the kernel takes 108 with the ending zero
        return path
    name = hashlib.blake2b(os.fsencode(home.absolute()), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"minicoil-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; set TMPDIR to a folder of your own")
    return folder / f"{name}.sock"


class Owner:
    """Serves one engine to any number of clients, one thread each."""

    def __init__(self, home: Path) -> None:
        self.engine = EdgeEngine(engine_folder(home))
        self.address = socket_path(home)
        self.clients = 0
        self.last_left = time.monotonic()
        self.lock = threading.Lock()

    def serve(self) -> None:
        """Answer until nobody has been connected for a moment."""
        self.address.unlink(missing_ok=True)  # of an owner that was killed; we hold the lock
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.address))
            os.chmod(self.address, 0o600)
            listener.listen(64)
            listener.settimeout(0.25)
            while not self._is_idle():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.setblocking(True)
                with self.lock:
                    self.clients += 1
                threading.Thread(target=self._attend, args=(connection,), daemon=True).start()
            self.address.unlink(missing_ok=True)
        self.engine.close()

    def _is_idle(self) -> bool:
        with self.lock:
            return self.clients == 0 and time.monotonic() - self.last_left > GRACE_SECONDS

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection:
                while True:
                    operation, arguments = wire.receive(connection)
                    wire.send(connection, self._answer(operation, arguments))
        except (ConnectionError, OSError):
            pass  # the client is gone; that is how a lease ends
        finally:
            with self.lock:
                self.clients -= 1
                self.last_left = time.monotonic()

    def _answer(self, operation: str, arguments: list[Any]) -> dict[str, Any]:
        try:
            if operation not in OPERATIONS:
                raise ValueError(f"unknown operation {operation!r}")
            return {"result": getattr(self.engine, operation)(*arguments)}
        except MiniCoilError as error:
            return {"error": type(error).__name__, "message": str(error)}
        except Exception as error:  # whatever the engine raises belongs to the client that asked for it
            return {"error": "CollectionError", "message": f"the engine refused {operation}: {error}"}


def main() -> None:
    """Serve the home named on the command line, if nobody else does."""
    home = Path(sys.argv[1])
    engine_folder(home).mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; we go when it has gone
    with (engine_folder(home) / "owner.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        lock.truncate(0)
        lock.write(str(os.getpid()))  # for the operator
        lock.flush()
        Owner(home).serve()


if __name__ == "__main__":
    main()
