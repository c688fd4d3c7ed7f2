"""Calls to a Qdrant server: its errors as ours, and patience with what passes by itself."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from minicoil.errors import CollectionError, EngineUnavailableError

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
TRIES = 6  # about half a minute of waiting in all
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_TRANSIENT = {408, 429, 500, 502, 503, 504}


def call_patiently(call: Callable[[], Answer]) -> Answer:
    """The call's answer, asked for again while the server is busy or away; every call may be repeated without harm.

    Raises:
        EngineUnavailableError: still so after half a minute.
        CollectionError: the server refused for good.
    """
    for attempt in range(TRIES):
        try:
            with translated():
                return call()
        except EngineUnavailableError as error:
            if attempt == TRIES - 1:
                raise
            asked = error.facts.get("retry_after_seconds")
            wait = float(asked) if isinstance(asked, int) else FIRST_WAIT_SECONDS * 2**attempt
            wait = min(wait, LONGEST_WAIT_SECONDS) * random.uniform(1.0, 1.5)  # so that workers do not come back as one
            logger.warning("%s; asking again in %.1f s", error, wait)
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


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
        raise EngineUnavailableError(f"Qdrant does not answer ({error}); check --qdrant-url and the server") from error
    except UnexpectedResponse as error:
        if error.status_code in _TRANSIENT and not _is_full(error):
            raise EngineUnavailableError(f"Qdrant is busy ({error.status_code}); try again") from error
        if error.status_code in (401, 403):
            raise CollectionError("Qdrant refused the API key; set MINICOIL_QDRANT_API_KEY") from error
        raise CollectionError(f"Qdrant refused: {error}", status=error.status_code) from error
    except KeyError as error:  # a point that is gone, in the client's local mode
        raise CollectionError(f"Qdrant refused: {error}", status=404) from error
    except ValueError as error:  # the client's local mode
        status = 404 if "not found" in str(error).lower() else 400
        raise CollectionError(f"Qdrant refused: {error}", status=status) from error


def _is_full(error: UnexpectedResponse) -> bool:
    """A full disk is answered with 500 too, and waiting does not empty it."""
    return b"space" in error.content.lower() and b"disk" in error.content.lower()
