"""`minicoil serve-embeddings` in a process of its own, on a free port of 127.0.0.1, spoken to over real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0


class Answer(NamedTuple):
    status: int
    body: Any
    headers: httpx.Headers


class VectorServer:
    """Started with the arguments of the command; stopped by SIGTERM at the end of a `with`.

    `core` is the only one it may use, where one is named.

    Attributes:
        ready: What the command said when the model was there.
        status: Exit status, once it was stopped.
    """

    def __init__(
        self, *arguments: object, program: Sequence[str] = ("-m", "flows.cli"), core: int | None = None
    ) -> None:
        command = [sys.executable, *program, "serve-embeddings", *map(str, arguments), "--port", "0", "--json"]
        # MINICOIL_ variables of whoever runs the tests would name another store
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MINICOIL_")}
        self.process = subprocess.Popen(
            command,
            env={**ours, "PYTHONPATH": str(ROOT)},
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.status: int | None = None
        try:
            self.ready = json.loads(self.process.stdout.readline() or "{}")
            assert "url" in self.ready, f"{self.ready} {self.process.communicate(timeout=PATIENCE_SECONDS)}"
        except BaseException:  # a test's time-out among them: nothing may go on when its test is gone
            self.process.kill()
            self.process.communicate()
            raise
        self.client = httpx.Client(base_url=self.ready["url"], timeout=PATIENCE_SECONDS)

    def __enter__(self) -> VectorServer:
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def stop(self) -> str:
        """Exit status into `status`; what it said on stderr."""
        self.client.close()
        if self.status is None:
            self.process.terminate()
            _, self.said = self.process.communicate(timeout=PATIENCE_SECONDS)
            self.status = self.process.returncode
        return self.said

    def post(self, texts: Any = None, kind: Any = "query", content: bytes | None = None, **headers: str) -> Answer:
        body = json.dumps({"texts": texts, "kind": kind}).encode() if content is None else content
        return _answer(self.client.post("/embed", content=body, headers=headers))

    def get(self, path: str) -> Answer:
        return _answer(self.client.get(path))

    def metrics(self) -> dict[str, float]:
        """Sample, with its labels as Prometheus writes them, to value."""
        return parse_metrics(self.client.get("/metrics").text)

    def wait_until(self, holds: Any) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.05)


def parse_metrics(text: str) -> dict[str, float]:
    """Every sample of a scrape."""
    rows = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def _answer(response: httpx.Response) -> Answer:
    is_json = response.headers.get("content-type") == "application/json"
    return Answer(response.status_code, json.loads(response.text) if is_json else response.text, response.headers)
