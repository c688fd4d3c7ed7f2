"""What a client may ask of `/embed`: its body, bounded and checked before anything is computed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from minicoil.errors import UsageError
from minicoil.files import Count, check_numbers
from tasks.store import describe_problems

Kind = Literal["query", "document"]
_EXAMPLE = 'send {"texts": ["..."], "kind": "query"}, or "document"'
BAD, TOO_LARGE, TOO_SLOW, ENCODED, FAILED, BUSY = 400, 413, 408, 415, 500, 503


class RefusedError(Exception):
    """A request that gets no vectors.

    Attributes:
        status: Of the HTTP answer.
        message: One line: what was found, what was expected, what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Bounds:
    """How much one client, and all of them together, may ask.

    Attributes:
        texts: In one request.
        characters: Of one text. The encoder reads its own few hundred tokens of a longer one anyway.
        body_bytes: Of one request.
        waiting_texts: Of all requests together; whoever comes on top is told to come again.
    """

    texts: Count = 256
    characters: Count = 20_000
    body_bytes: Count = 4 * 2**20
    waiting_texts: Count = 2048

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.waiting_texts < self.texts:
            raise UsageError(
                f"{self.waiting_texts:,} texts may wait, and a request may have {self.texts:,}, which would never be "
                "taken; let as many wait at least"
            )


class EmbedRequest(BaseModel):
    """Texts to encode, and what they are: a query has no term frequencies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    texts: Annotated[list[str], Field(min_length=1)]
    kind: Kind  # without default: vectors of the wrong kind look right and rank badly


async def read_body(chunks: AsyncIterator[bytes], declared: str | None, most: int) -> bytes:
    """The body of a request, never more of it in memory than is allowed.

    Args:
        chunks: As they come.
        declared: The header `Content-Length`, where there is one.
        most: Bytes.

    Raises:
        RefusedError: it is larger.
    """
    refused = RefusedError(TOO_LARGE, f"the body has more than {most:,} bytes; send fewer texts in a request")
    if declared is not None and declared.isdecimal() and int(declared) > most:
        raise refused
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise refused
    return bytes(body)


def read_request(body: bytes, bounds: Bounds) -> EmbedRequest:
    """What a body asks.

    >>> read_request(b'{"texts": ["pods of a node"], "kind": "query"}', Bounds()).texts
    ['pods of a node']

    Raises:
        RefusedError: it is no strict JSON, has another shape, or more or longer texts than allowed.
    """
    try:
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise RefusedError(BAD, f"the body is no JSON object; {_EXAMPLE}")
        asked = EmbedRequest.model_validate(document)
    except orjson.JSONDecodeError as error:
        raise RefusedError(BAD, f"the body is no JSON ({error}); {_EXAMPLE}") from error
    except ValidationError as error:
        raise RefusedError(BAD, f"{describe_problems(error, most=1)}; {_EXAMPLE}") from error
    if len(asked.texts) > bounds.texts:
        raise RefusedError(TOO_LARGE, f"{len(asked.texts):,} texts, at most {bounds.texts:,} are taken in a request")
    for place, text in enumerate(asked.texts):
        if len(text) > bounds.characters:
            raise RefusedError(
                TOO_LARGE, f"text {place} has {len(text):,} characters, at most {bounds.characters:,} are taken"
            )
    return asked
