"""A double of a Qdrant server: an HTTP server on loopback that answers as version 1.18.3 does, points in dictionaries.

    with QdrantDouble() as double:
        points = ServerPoints.connect(double.url, None)

What a real server does and others of its doubles do not: it writes in chunks and stops at the first one with an id
that is gone; it refuses what a real one refuses, in its words; several shards are asked for fewer points than the
limit; statistics of IDF count what is dead until the optimiser comes by. What it has not (facets, prefetch, geography)
it refuses with 501, and never answers wrongly.

Recorded answers of a real server are held against it in tests/tasks/points/test_qdrant_double.py.
"""

from __future__ import annotations

import http.server
import random
import re
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from qdrant_double_bodies import Refused, bad_format
from qdrant_double_collection import Collection
from qdrant_double_routes import READS, Bare, Routes

LIMIT_BYTES = 32 * 1024 * 1024
OPEN_PATHS = ("/", "/healthz", "/readyz", "/livez")  # those that need no key
Hook = Callable[[str, str, Any], None]


class HangUp(Exception):
    """Raised by a hook: the line ends without an answer."""


def full_disk() -> Refused:
    """What a hook raises for a disk without space."""
    text = "Service internal error: No space left on device: WAL buffer size exceeds available disk space"
    return Refused(500, text)


class QdrantDouble:
    """The server; it lives from `with` to its end.

    Attributes:
        url: Where clients find it, prefix included.
        requests: Method and path of every request, in order.
        sizes: Bytes of their bodies.
        collections: Name -> collection, for tests that look or write behind the server's back.
        aliases: Alias -> name.
    """

    def __init__(
        self,
        version: str = "1.18.3",
        shards: int = 1,
        api_key: str | None = None,
        read_only_api_key: str | None = None,
        prefix: str = "",
        seed: int = 0,
    ) -> None:
        self.version, self.shards, self.prefix, self.seed = version, shards, prefix, seed
        self._keys = (api_key, read_only_api_key)
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.requests: list[tuple[str, str]] = []
        self.sizes: list[int] = []
        self._hooks: list[Hook] = []
        self._lock = threading.RLock()
        self._locked_for: str | None = None
        self.rng = random.Random(seed)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.double = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{prefix}"

    def __enter__(self) -> QdrantDouble:
        serve = {"poll_interval": 0.02}
        threading.Thread(target=self._server.serve_forever, kwargs=serve, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()

    # knobs for tests

    def before(self, hook: Hook) -> None:
        """Call `hook(method, path, body)` before each request: it may wait, change the body, ask the double, or raise.

        `Refused` is answered as it is, `HangUp` ends the line; nothing of the request is done then.
        """
        self._hooks.append(hook)

    def lock_writes(self, reason: str | None) -> None:
        """Refuse writes from now on, as servers before 1.16 did after POST /locks; None lets them through again."""
        self._locked_for = reason

    def vacuum(self) -> None:
        """What is dead leaves the indexes, as when the optimiser has come by."""
        with self._lock:
            for collection in self.collections.values():
                for shard in collection.shards:
                    shard.rebuild(shard.plain)
                    shard.rebuild(shard.indexed)

    def index(self) -> None:
        """Every point goes to an indexed segment, as the optimiser does it with large ones."""
        with self._lock:
            for collection in self.collections.values():
                for shard in collection.shards:
                    shard.index()

    def ask(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """The result of a request that meets neither hooks nor keys and is not counted; raises `Refused`."""
        plain = orjson.loads(orjson.dumps(body))
        with self._lock:
            answer = Routes(self, method, path, plain, {"wait": "true", **parameters}, 0).answer()
        return orjson.loads(_dump(answer))

    # a request

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], data: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer."""
        split = urlsplit(target)
        path = split.path.removesuffix("/") or "/"
        if self.prefix:
            if not (path + "/").startswith(self.prefix + "/"):
                return 404, b"", {}
            path = path[len(self.prefix) :] or "/"
        self.requests.append((method, path))
        self.sizes.append(len(data))
        try:
            self._check_key(method, path, headers)
            body = _parse(data)
            for hook in self._hooks:
                hook(method, path, body)
            with self._lock:
                answer = Routes(self, method, path, body, dict(parse_qsl(split.query)), len(data)).answer()
        except Refused as refused:
            text = refused.text
            status = refused.status
            sent = text.encode() if refused.plain else orjson.dumps({"status": {"error": text}, "time": 0.0})
            return status, sent, refused.headers
        except NotImplementedError as error:
            return 501, orjson.dumps({"status": {"error": f"Not doubled: {error}"}, "time": 0.0}), {}
        if isinstance(answer, (bytes, Bare)):
            return 200, answer if isinstance(answer, bytes) else _dump(answer.value), {}
        return 200, _dump({"result": answer, "status": "ok", "time": 0.0001}), {}

    def _check_key(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        writing = not _is_read(method, path)
        full, reading = self._keys
        if path not in OPEN_PATHS and (full or reading):
            given = headers.get("api-key") or (headers.get("authorization") or "").removeprefix("Bearer ")
            if not given:
                raise Refused(401, "Must provide an API key or an Authorization bearer token", plain=True)
            if given not in (full, reading):
                raise Refused(401, "Invalid API key or JWT", plain=True)
            if writing and given != full:
                raise Refused(403, "Forbidden: Global manage access is required")
        if writing and self._locked_for is not None:
            raise Refused(403, f"Storage locked: {self._locked_for}")


def _is_read(method: str, path: str) -> bool:
    found = re.fullmatch(r"/collections/[^/]+/points/?(.*)", path)
    return method == "GET" or (method == "POST" and found is not None and found.group(1) in READS)


def _parse(data: bytes) -> Any:
    if len(data) > LIMIT_BYTES:
        text = f"JSON payload ({len(data)} bytes) is larger than allowed (limit: {LIMIT_BYTES} bytes)."
        raise Refused(400, text)
    if not data:
        return None  # as by GET; what needs a body says so
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise bad_format(str(error)) from None


def _dump(answer: Any) -> bytes:
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    double: QdrantDouble

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the lines that clients keep open."""
        for line in list(self._open):
            self.shutdown_request(line)

    def handle_error(self, *arguments: object) -> None:
        """A client that hangs up is no error of a test."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_any(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body, headers = self.server.double.respond(self.command, self.path, self.headers, data)
        except HangUp:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(status)
        kind = "application/json" if body[:1] in (b"{", b"[") else "text/plain"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self._headers_buffer.append(b"\r\n" + body)  # one packet, so that no side waits for the other
        self.flush_headers()

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = handle_any

    def log_message(self, *arguments: object) -> None:
        pass
