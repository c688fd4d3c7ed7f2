"""A few questions answered over HTTP, beside what a process is there for; off unless asked for."""

from __future__ import annotations

import http.server
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minicoil.errors import UsageError
from minicoil.files import write_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a question is answered with.

    Attributes:
        kind: Its content type.
    """

    status: int
    body: bytes
    kind: str = "application/json"

    @staticmethod
    def of(status: int, document: Mapping[str, Any]) -> Answer:
        """As JSON."""
        return Answer(status, write_json(document).encode())


Answers = Mapping[str, Callable[[], Answer]]


@contextmanager
def answering(answers: Answers, host: str, port: int, option: str) -> Iterator[int]:
    """Answer GET of each path while the body runs; gives the port, which is a free one where 0 was asked for.

    Args:
        answers: By path; asked by a thread each, any number at a time.
        host: Where to listen.
        port: Where to listen.
        option: That the port came from, for whoever must choose another.

    Raises:
        UsageError: the port is taken.
    """

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10.0  # of a client that sends nothing

        def do_GET(self) -> None:  # the name is the library's
            """What is asked; 500 where that failed, so that whoever watches sees it."""
            path = self.path.partition("?")[0]
            if path not in answers:
                self._send(Answer.of(404, {"error": f"there are GET {' and GET '.join(answers)}"}))
                return
            try:
                answer = answers[path]()
            except Exception as error:  # whatever it is, the service itself goes on
                logger.warning("GET %s failed: %s", path, error)
                answer = Answer.of(500, {"error": f"{type(error).__name__}; the log says more"})
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """A probe every few seconds is no news."""

    try:
        server = Server((host, port), Handler)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port} ({error.strerror}); give another {option}") from error
    with server:
        thread = threading.Thread(target=server.serve_forever, name="answers", daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
