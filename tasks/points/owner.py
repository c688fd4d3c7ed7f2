"""The one process that opens a home's shards: `python -m tasks.points.owner HOME`.

Edge allows a single opener and holds the GIL while it works, so every command talks to this process through a Unix
socket. It is started by the first client and goes a moment after its last one; a client that dies, however, takes
its connection along.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from minicoil.errors import MiniCoilError
from tasks.disk import HeldError, lock_file, say_holder
from tasks.points import wire
from tasks.points.engine import EdgeEngine
from tasks.points.owner_address import engine_folder, socket_path

_log = logging.getLogger("owner")
GRACE_SECONDS = 2.0
OPERATIONS = {
    "names", "exists", "ensure", "drop", "upsert", "get", "delete", "count", "page", "sample", "search",
    "write_vectors", "set_payload", "optimize", "purge", "describe", "index_fields", "find",
    "add_vectors", "remove_vectors", "remove_indexes", "remove_payload", "create_like", "unlike",
}  # fmt: skip


class Owner:
    """Serves one engine to any number of clients, one thread each.

    Args:
        home: Whose shards.
        lock_file: What says that nobody else does, held open.
    """

    def __init__(self, home: Path, lock_file: TextIO) -> None:
        self.engine = EdgeEngine(engine_folder(home))
        self.address = socket_path(home)
        self.lock_file = lock_file
        self.clients = 0
        self.last_left = time.monotonic()
        self.lock = threading.Lock()

    def serve(self) -> None:
        """Answer until nobody has been connected for a moment."""
        self.address.unlink(missing_ok=True)  # of an owner that was killed; we hold the lock
        _log.info("serving %s", self.address)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.address))
            os.chmod(self.address, 0o600)
            listener.listen(64)
            listener.settimeout(0.25)
            while not self._is_idle():
                self._leave_replaced_home()
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.setblocking(True)
                with self.lock:
                    self.clients += 1
                threading.Thread(target=self._attend, args=(connection,), daemon=True).start()
            self._leave_replaced_home()
            self.address.unlink(missing_ok=True)
        self.engine.close()
        _log.info("left: no clients")

    def _leave_replaced_home(self) -> None:
        """End at once where the home was moved away, or removed and made anew.

        The engine writes by path: whatever it still flushed would land in files of the new home, which has an owner of
        its own by then. What was acknowledged is in the old home's log.
        """
        path = Path(self.lock_file.name)
        try:
            is_ours = os.path.samestat(path.stat(), os.fstat(self.lock_file.fileno()))
        except FileNotFoundError:
            is_ours = False
        if not is_ours:
            _log.info("left: %s is not the one that was opened", path.parent)
            os._exit(0)

    def _is_idle(self) -> bool:
        with self.lock:
            return self.clients == 0 and time.monotonic() - self.last_left > GRACE_SECONDS

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection:
                while True:
                    operation, arguments = wire.receive(connection)
                    wire.send(connection, self._answer(operation, arguments))
        except OSError:
            pass  # the client is gone; that is how a lease ends
        finally:
            with self.lock:
                self.clients -= 1
                self.last_left = time.monotonic()

    def _answer(self, operation: str, arguments: list[Any]) -> dict[str, Any]:
        self._leave_replaced_home()
        try:
            if operation == "hello":
                return {"result": [wire.VERSION, os.getpid()]}
            if operation not in OPERATIONS:
                raise ValueError(f"unknown operation {operation!r}")
            return {"result": getattr(self.engine, operation)(*arguments)}
        except MiniCoilError as error:
            return {"error": type(error).__name__, "message": str(error), "facts": dict(error.facts)}
        except BaseException as error:  # a panic of the engine is no Exception; whoever asked for it must hear of it
            _log.warning("%s failed", operation, exc_info=True)
            return {"error": "CollectionError", "message": f"the engine refused {operation}: {error}", "facts": {}}


def main() -> None:
    """Serve the home named on the command line, if nobody else does."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    home = Path(sys.argv[1])
    engine_folder(home).mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; we go when it has gone
    try:
        with lock_file(engine_folder(home) / "owner.lock") as lock:
            say_holder(lock, str(os.getpid()))  # for the operator
            Owner(home, lock).serve()
    except HeldError:
        return


if __name__ == "__main__":
    main()
