"""Requests to a Qdrant server as they are on the wire, whether it is a double or a real one."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_URL


class Wire:
    """A client whose collections and aliases have names of their own, removed at the end.

    Attributes:
        double: The server, where it is a double; None: a real one.
    """

    def __init__(self, url: str, double: QdrantDouble | None = None) -> None:
        self.double = double
        self._client = httpx.Client(base_url=url, timeout=60)
        self._prefix = f"t_{secrets.token_hex(3)}_"
        self._made: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer; names in the path, the body and the answer as the test knows them."""
        return self.send(method, path, None if body is None else json.dumps(self._named(body), separators=(",", ":")))

    def send(self, method: str, path: str, data: str | None) -> tuple[int, Any]:
        """The same with a body as it is."""
        answer = self.respond(method, path, data)
        return answer.status_code, json.loads(answer.text.replace(self._prefix, ""))

    def respond(self, method: str, path: str, data: str | None) -> httpx.Response:
        """The same with everything that came back."""
        parts = path.split("/")
        if len(parts) > 2 and parts[1] == "collections" and parts[2] != "aliases":
            if method == "PUT" and len(parts) == 3:
                self._made.add(parts[2])
            parts[2] = self._prefix + parts[2]
        headers = {"Content-Type": "application/json"}
        return self._client.request(method, "/".join(parts), content=data, headers=headers)

    def result(self, method: str, path: str, body: Any = None) -> Any:
        """The result of a request that must be answered well."""
        status, answer = self.ask(method, path, body)
        assert status == 200, answer
        return answer["result"]

    def error(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and text of a request that must be refused."""
        status, answer = self.ask(method, path, body)
        assert status >= 400, answer
        return status, answer["status"]["error"]

    def wait_for(self, holds: Any, seconds: float = 240) -> None:
        """Until something is so, as when an optimiser has to come by."""
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "it never became so"
            time.sleep(0.2)

    def _named(self, body: Any) -> Any:
        if isinstance(body, list):
            return [self._named(one) for one in body]
        if not isinstance(body, dict):
            return body
        names = ("collection_name", "alias_name", "old_alias_name", "new_alias_name")
        return {k: self._prefix + v if k in names else self._named(v) for k, v in body.items()}

    def close(self) -> None:
        for name in self._made:
            self._client.delete(f"/collections/{self._prefix}{name}")
        self._client.close()


@contextmanager
def open_wire(kind: str) -> Iterator[Wire]:
    """To a new double, or to the real server."""
    if kind == "server":
        wire = Wire(SERVER_URL)
        try:
            yield wire
        finally:
            wire.close()
        return
    with QdrantDouble() as double:
        wire = Wire(double.url, double)
        yield wire
        wire.close()
