"""A proxy that does to HTTP what networks do: refuses, answers busy, cuts the line; and releases to re-encode for."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import random
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from minicoil.bundle import create_empty_bundle, derive_bundle
from minicoil.layout import BundleLayout
from minicoil.stack import read_shape
from minicoil.stemming import stem
from minicoil.vocabulary import Vocabulary
from tasks.object_store import open_store
from tasks.place import Place
from tasks.releases import publish_release
from tasks.settings import Settings

BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class FaultProxy:
    """Forwards to `upstream`; `fault(method, path)` says what happens to a request.

    Its answers: None (pass), "busy" (503 SlowDown), "cut" (half of the answer's body, then the connection ends),
    "drop" (the connection ends before the request is passed on).
    """

    def __init__(self, upstream: str) -> None:
        self.fault: Callable[[str, str], str | None] = lambda method, path: None
        self.seen: list[tuple[str, str]] = []
        target = urlsplit(upstream)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                proxy.seen.append((self.command, self.path))
                action = proxy.fault(self.command, self.path)
                length = int(self.headers.get("Content-Length") or 0)
                if action == "drop":
                    self.rfile.read(min(length, 1000))
                    self._hang_up()
                    return
                body = self._body(length)
                if action == "busy":
                    self._answer(503, [("Content-Type", "application/xml")], BUSY)
                    return
                upstream = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("expect", "transfer-encoding")}
                headers["Content-Length"] = str(len(body))
                upstream.request(self.command, self.path, body, headers)
                answer = upstream.getresponse()
                data = answer.read()
                kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in ("transfer-encoding", "connection")]
                if action == "cut" and len(data) > 1:
                    self._answer(answer.status, kept, data[: len(data) // 2], promised=len(data))
                    self._hang_up()
                else:
                    self._answer(answer.status, kept, data)
                upstream.close()

            def _body(self, length: int) -> bytes:
                if self.headers.get("Expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                return self.rfile.read(length)

            def _answer(self, status: int, headers: list, data: bytes, promised: int | None = None) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() != "content-length":
                        self.send_header(name, value)
                given = [value for name, value in headers if name.lower() == "content-length"]
                size = given[0] if self.command == "HEAD" and given else str(promised or len(data))
                self.send_header("Content-Length", size)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)
                    self.wfile.flush()

            def _hang_up(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments: object) -> None:
                pass  # a client that hangs up is what these tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fault_proxy(s3_address) -> Iterator[FaultProxy]:
    proxy = FaultProxy(s3_address)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def releases(tiny_encoder, tmp_path_factory) -> Path:
    """An object store with three releases of one lineage: some words, then a change of them, then another."""
    folder = tmp_path_factory.mktemp("releases")
    store = open_store((folder / "store").as_uri(), Settings())
    create_empty_bundle(tiny_encoder, folder / "model-0")
    first = (
        "pods",
        "nodes",
        "kernel",
        "cells",
        "banks",
        "rivers",
        "pools",
        "flows",
        "workers",
        "series",
        "graphs",
        "cats",
    )
    steps = (
        {"add": {stem(form): [form] for form in (*first, "matrices", "running", "tasks", "universities")}},
        {"add": {"shard": ["shards"], "lock": ["locks"]}, "retrain": ["pod", "graph"], "remove": ["cat"]},
        {"add": {"univ": ["universal"], "tabl": ["tables", "table"]}, "retrain": ["shard"]},
    )
    parent = folder / "model-0"
    for number, step in enumerate(steps, 1):
        vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(
            **step, joined_tokens=["lock\u2122"]
        )
        rng = np.random.default_rng(number)
        width = read_shape(BundleLayout(parent).stack)[1]
        rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
        derive_bundle(parent, folder / f"model-{number}", vocabulary, rows)
        parent = folder / f"model-{number}"
        publish_release(store, parent, number - 1 or None, {})
    return folder / "store"


@pytest.fixture
def place(releases, tmp_path) -> Place:
    """A home of its own whose object store has the three releases."""
    shutil.copytree(releases, tmp_path / "home" / "store", copy_function=os.link)
    return Place.at(tmp_path / "home")


WORDS = [
    *("pods", "node", "kernel", "cells", "bank", "rivers", "pool", "flow", "workers", "series", "graphs", "cats"),
    *("matrix", "running", "task", "shards", "locks", "lock\u2122", "pod\u00ae", "universal", "universities", "tables"),
    *("weather", "music", "garden", "window", "quantum", "bread", "letter", "morning", "engine", "paper"),
]


@pytest.fixture(scope="session")
def make_texts() -> Callable[[int], list[str]]:
    """A function that gives sentences of three to nine words, with and without words of the vocabulary."""

    def make(n: int) -> list[str]:
        rng = random.Random(4)
        return [f"{' '.join(rng.choices(WORDS, k=rng.randint(3, 9)))} {i}" for i in range(n)]

    return make


@pytest.fixture(scope="session")
def texts(make_texts) -> list[str]:
    return make_texts(240)
