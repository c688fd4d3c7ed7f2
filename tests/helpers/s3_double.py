"""A small object store that answers as S3 does, and as stores in the field do instead: one peculiarity at a time."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Welcome to the console</p></body></html>"


class S3Double:
    """Listens on loopback while it is entered.

    Args:
        ignores: Headers that it passes over in silence, such as "if-match".
        refuses: Headers that it answers with 501, such as "x-amz-checksum-sha256".
        wants: Headers without which no object is written (400).
        page: Answers everything with a page of HTML and status 200.
    """

    def __init__(
        self,
        ignores: tuple[str, ...] = (),
        refuses: tuple[str, ...] = (),
        wants: tuple[str, ...] = (),
        page: bool = False,
    ) -> None:
        self.ignores, self.refuses, self.wants, self.page = ignores, refuses, wants, page
        self.objects: dict[str, bytes] = {}
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, said = double._handle(self.command, self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(said)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _answer

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> S3Double:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, method: str, path: str, given: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name.lower(): value for name, value in given.items()}
        parts = urlsplit(path)
        key = unquote(parts.path).strip("/").partition("/")[2]
        with self._lock:
            self.sent.append((method, key, headers))
            if self.page:
                return 200, {"Content-Type": "text/html"}, PAGE
            if any(name in headers for name in self.refuses):
                return self._error(501, "NotImplemented")
            if not key:
                return self._listing(parse_qs(parts.query).get("prefix", [""])[0])
            act: Callable[..., tuple[int, dict[str, str], bytes]] = getattr(self, f"_{method.lower()}")
            return act(key, headers, body)

    def _put(self, key: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if any(name not in headers for name in self.wants):
            return self._error(400, "InvalidRequest")
        if source := headers.get("x-amz-copy-source"):
            body = self.objects[unquote(source).strip("/").partition("/")[2]]
            self.objects[key] = body
            said = f"<CopyObjectResult><ETag>{escape(_tag(body))}</ETag></CopyObjectResult>"
            return 200, {"Content-Type": "application/xml"}, said.encode()
        md5 = headers.get("content-md5")
        if md5 and md5 != b64encode(hashlib.md5(body).digest()).decode():
            return self._error(400, "BadDigest")
        there = self.objects.get(key)
        conditions = {name: value for name, value in headers.items() if name not in self.ignores}
        if conditions.get("if-none-match") == "*" and there is not None:
            return self._error(412, "PreconditionFailed")
        if "if-match" in conditions and (there is None or conditions["if-match"] != _tag(there)):
            return self._error(412, "PreconditionFailed")
        self.objects[key] = body
        return 200, {"ETag": _tag(body)}, b""

    def _get(self, key: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if key not in self.objects:
            return self._error(404, "NoSuchKey")
        data = self.objects[key]
        return 200, {"ETag": _tag(data), "Content-Length": str(len(data))}, data

    _head = _get

    def _delete(self, key: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.objects.pop(key, None)
        return 204, {}, b""

    def _listing(self, prefix: str) -> tuple[int, dict[str, str], bytes]:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size><ETag>{escape(_tag(data))}</ETag></Contents>"
            for key, data in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        text = f"<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        return 200, {"Content-Type": "application/xml"}, text.encode()

    @staticmethod
    def _error(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
        return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode()


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'
