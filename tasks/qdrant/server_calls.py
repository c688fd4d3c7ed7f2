"""Calls to a Qdrant server: its errors as ours, and patience with what passes by itself."""

from __future__ import annotations

import json
import logging
import os
import re
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from minicoil.errors import CollectionError, EngineUnavailableError, UsageError

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
TRIES = 6  # about half a minute of waiting in all
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_TRANSIENT = {408, 429, 500, 502, 503, 504}
_HOST = re.compile(r"[\w.:%-]+")  # a name, or an address of either kind
_KEY = "MINICOIL_QDRANT_API_KEY"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_address(url: str) -> None:
    """Refuse what the client could not even ask.

    Raises:
        UsageError: it is no address of a server.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        is_one = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:  # a port that is none
        is_one = False
    if not is_one:
        raise UsageError(f"--qdrant-url '{url}' is no address of a server; give one such as http://host:6333")


def make_client(url: str, api_key: str | None, timeout_seconds: int) -> QdrantClient:
    """A client of the server at `url`, which may have a path; the connection is made by the first call.

    Raises:
        UsageError: it is no address of a server.
    """
    check_address(url)
    parts = urlsplit(url)
    # behind a path stands somebody else's web server, on the usual port of its scheme
    port = {"http": 80, "https": 443}.get(parts.scheme, 6333) if parts.path.strip("/") else 6333
    options: dict[str, Any] = {"timeout": timeout_seconds, "check_compatibility": False}
    options["verify"] = _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with warnings.catch_warnings():
        if parts.hostname in _LOOPBACK:  # a key in the clear harms nobody there
            warnings.filterwarnings("ignore", "Api key is used with an insecure connection")
        return QdrantClient(url=url.rstrip("/"), port=port, api_key=api_key, **options)


@lru_cache(maxsize=1)
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whose certificates are believed: httpx's own choice, read once, for it takes longer than many a request."""
    return httpx.create_ssl_context()


def call_patiently(call: Callable[[], Answer]) -> Answer:
    """The call's answer, asked for again while the server is busy or away; every call may be repeated without harm.

    Raises:
        EngineUnavailableError: still so after half a minute.
        CollectionError: the server refused for good.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(EngineUnavailableError),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=_wait,
        before_sleep=_tell_wait,
        reraise=True,
    )
    return retrying(translated()(call))


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else twice as long as the time before; so that workers do not come back as one."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.facts.get("retry_after_seconds") if isinstance(error, EngineUnavailableError) else None
    wait = float(asked) if isinstance(asked, int) else FIRST_WAIT_SECONDS * 2.0 ** (state.attempt_number - 1)
    wait = min(wait, LONGEST_WAIT_SECONDS)
    return wait + tenacity.wait_random(0, wait / 2)(state)


def _tell_wait(state: tenacity.RetryCallState) -> None:
    from tasks.metrics import count_engine_retry  # not by a server that answers at once

    count_engine_retry()
    error = state.outcome.exception() if state.outcome else None
    logger.warning("%s; asking again in %.1f s", error, state.next_action.sleep if state.next_action else 0.0)


@contextmanager
def translated() -> Iterator[None]:
    """Qdrant's errors as ours: what may be tried again, and what may not.

    A refusal keeps the server's status code as the fact `status`.
    """
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise EngineUnavailableError(
            f"Qdrant limits the rate of requests ({error})", retry_after_seconds=error.retry_after_s
        ) from error
    except ResponseHandlingException as error:
        if isinstance(error.source, httpx.TimeoutException):
            raise EngineUnavailableError(
                f"Qdrant did not answer in time ({type(error.source).__name__}); the server or its disk is slow or "
                "busy: run the same command again, which goes on where it stopped, or give it more time "
                "(MINICOIL_QDRANT_TIMEOUT_SECONDS, 60 by default)"
            ) from error
        raise EngineUnavailableError(f"Qdrant does not answer ({error}); check --qdrant-url and the server") from error
    except UnexpectedResponse as error:
        raise _refusal(error) from error
    except (AssertionError, ValueError) as error:  # the client's own, where an answer is none of Qdrant's
        raise CollectionError(
            f"what answers is no Qdrant server ({type(error).__name__}: {' '.join(str(error).split())[:200]}); check "
            "--qdrant-url"
        ) from error


def _refusal(error: UnexpectedResponse) -> CollectionError:
    said, status = _said(error), error.status_code
    if status == 429:  # with no time to wait: the request as such costs more than the budget
        return CollectionError(f"Qdrant refused: {said}; raise the rate limit of the collection's strict mode")
    if "larger than allowed" in said:
        return CollectionError(
            f"Qdrant refused: {said}; one point alone is so large: cut its text, or raise service.max_request_size_mb",
            status=status,
        )
    if status in _TRANSIENT and not _is_full(said):
        return EngineUnavailableError(
            f"Qdrant is busy ({status}: {said}); try again, or check --qdrant-url and the log there"
        )
    if status == 401:
        return CollectionError(f"Qdrant refused the API key ({said}); set {_KEY} to one that it knows", status=status)
    if status == 403 and _is_of_rights(said):
        return CollectionError(
            f"the API key lacks a right ({said.removeprefix('Forbidden: ')}); set {_KEY} to a key that has it. "
            "Searching needs to read, indexing and re-encoding to write, making a collection or an index to manage it",
            status=status,
        )
    if status == 403:
        return CollectionError(
            f"Qdrant takes no such request now, whatever the key ({said}): its operator has locked it; have the lock "
            "lifted, then run the same command again",
            status=status,
        )
    return CollectionError(f"Qdrant refused: {said}", status=status)


def _said(error: UnexpectedResponse) -> str:
    """What the server wrote, on one line."""
    text = error.content.decode("utf-8", "replace")
    try:
        document = json.loads(text)
        text = document["status"]["error"]
    except (ValueError, KeyError, TypeError):  # the text of something between us and the server
        pass
    return " ".join(str(text).split())[:500] or f"{error.status_code} {error.reason_phrase}"


def _is_of_rights(said: str) -> bool:
    return any(word in said for word in ("access", "Access", "JWT", "API key", "required"))


def _is_full(said: str) -> bool:
    """A full disk is answered with 500 too, and waiting does not empty it."""
    return "space" in said.lower() and "disk" in said.lower()
