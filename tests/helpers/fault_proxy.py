"""A proxy on loopback that does to HTTP what networks and busy servers do.

What happens to a request is named by one word:

    drop    the line ends before the request is passed on
    reset   the request is carried out, and the line ends before its answer
    busy    503, and the request is not passed on
    broken  500, likewise
    cut     half of the answer's body, then the line ends
    late    the answer comes after a while
    slow    the answer comes in small pieces, with pauses
    twice   the request is passed on two times, as by a network that repeats; the second answer comes back

A WebSocket is passed on byte by byte; "cut" and "reset" end it after a moment, the others as any request.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import random
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

FAULTS = ("drop", "reset", "busy", "broken", "cut", "late", "slow", "twice")
LATE_SECONDS = 0.2
PIECES, PAUSE_SECONDS = 8, 0.02
SOCKET_SECONDS = {"cut": 0.3, "reset": 0.05}  # that a WebSocket lives
ERROR = "<Error><Code>{}</Code><Message>Please try again.</Message></Error>"
REFUSALS = {"busy": (503, "SlowDown"), "broken": (500, "InternalError")}
HOP_BY_HOP = ("transfer-encoding", "connection", "content-length")

Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
Fault = Callable[[str, str], str | None]


def no_fault(method: str, path: str) -> None:
    """Pass everything on."""


class FaultProxy:
    """Forwards to `upstream`; `fault(method, path)` says what happens to a request, None lets it pass.

    Attributes:
        address: Where clients find it.
        fault: May be replaced at any time.
        seen: Method and path of every request.
        injected: How often each fault was done.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.fault: Fault = no_fault
        self.seen: list[tuple[str, str]] = []
        self.injected: Counter[str] = Counter()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class RandomFaults:
    """A share of all requests meets one of some faults."""

    def __init__(self, seed: int, share: float, faults: tuple[str, ...] = FAULTS) -> None:
        self._rng, self._share, self._faults = random.Random(seed), share, faults
        self._lock = threading.Lock()

    def __call__(self, method: str, path: str) -> str | None:
        with self._lock:
            return self._rng.choice(self._faults) if self._rng.random() < self._share else None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultProxy

    def handle_error(self, *arguments: object) -> None:
        """A client that hangs up is what these tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        proxy = self.server.proxy
        proxy.seen.append((self.command, self.path))
        fault = proxy.fault(self.command, self.path)
        if fault is not None:
            proxy.injected[fault] += 1
        if fault == "drop":
            self.rfile.read(min(self._length, 1000))
            self._hang_up()
            return
        body = self._read_body()
        if fault in REFUSALS:
            status, code = REFUSALS[fault]
            self._reply((status, [("Content-Type", "application/xml")], ERROR.format(code).encode()))
            return
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._tunnel(SOCKET_SECONDS.get(fault or "", float("inf")))
            return
        answer = self._pass_on(body)
        if fault == "twice":
            answer = self._pass_on(body)
        if fault == "late":
            time.sleep(LATE_SECONDS)
        if fault == "reset":
            self._hang_up()
        elif fault == "cut" and len(answer[2]) > 1:
            self._reply(answer, n_sent=len(answer[2]) // 2)
            self._hang_up()
        else:
            self._reply(answer, slowly=fault == "slow")

    @property
    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _read_body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(self._length)

    def _pass_on(self, body: bytes) -> Answer:
        target = self.server.proxy.upstream
        upstream = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("expect", "transfer-encoding")}
        headers["Content-Length"] = str(len(body))
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def _tunnel(self, seconds: float) -> None:
        """Whatever either side says, to the other one, for a while or until one of them hangs up."""
        target, until = self.server.proxy.upstream, time.monotonic() + seconds
        head = [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        with (
            socket.create_connection((target.hostname or "", target.port or 80), 30) as upstream,
            selectors.DefaultSelector() as ready,
        ):
            upstream.sendall("\r\n".join(head).encode("latin-1"))
            ready.register(self.connection, selectors.EVENT_READ, upstream)
            ready.register(upstream, selectors.EVENT_READ, self.connection)
            while time.monotonic() < until:
                for key, _ in ready.select(0.1):
                    data = key.fileobj.recv(2**16)
                    if not data:
                        until = 0.0
                        break
                    key.data.sendall(data)
        self._hang_up()

    def _reply(self, answer: Answer, n_sent: int | None = None, slowly: bool = False) -> None:
        """Send an answer, or the first `n_sent` bytes of its body under the header of all of it."""
        status, headers, data = answer
        given = [value for name, value in headers if name.lower() == "content-length"]
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status >= 200 and status != 204:
            self.send_header("Content-Length", given[0] if self.command == "HEAD" and given else str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        data = data[:n_sent]
        size = max(len(data) // PIECES, 1) if slowly else max(len(data), 1)
        for start in range(0, len(data), size):
            self.wfile.write(data[start : start + size])
            self.wfile.flush()
            if slowly:
                time.sleep(PAUSE_SECONDS)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = handle_any

    def log_message(self, *arguments: object) -> None:
        pass
