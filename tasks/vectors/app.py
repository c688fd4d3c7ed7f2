"""The service's HTTP: `/embed`, `/health`, `/ready`, `/metrics`. Every answer that is no vector is one line of JSON."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from minicoil import __version__
from minicoil.errors import BusyError
from minicoil.harmless import harmless_line
from tasks.vectors.embed_requests import (
    BAD,
    BUSY,
    ENCODED,
    FAILED,
    TOO_SLOW,
    Bounds,
    EmbedRequest,
    RefusedError,
    read_body,
    read_request,
)
from tasks.vectors.service import VectorService

logger = logging.getLogger(__name__)
_PATHS = "there are POST /embed and GET /health, /ready, /metrics, /openapi.json"
_LONGEST = 300  # characters of a message
BODY_SECONDS = 30.0  # for a client to send its body; one that never ends it would hold a connection for ever
ANSWER_SECONDS = 30.0  # a client that waited for so long has asked another service by now


def make_app(service: VectorService, bounds: Bounds) -> FastAPI:
    """The application of a service. `/openapi.json` describes it for generators of clients."""
    app = FastAPI(title="miniCOIL vectors", version=__version__, docs_url=None, redoc_url=None)
    body = {"required": True, "content": {"application/json": {"schema": EmbedRequest.model_json_schema()}}}

    @app.post("/embed", openapi_extra={"requestBody": body}, response_class=Response)
    async def embed(request: Request) -> Response:
        """Sparse vectors of texts, in their order: `{"vectors": [{"indices": [...], "values": [...]}]}`."""
        kind = "none"
        try:
            asked = await _read(request, bounds)
            kind = asked.kind
            started = time.perf_counter()
            answer = await _encode(service, asked)
            service.metrics.note_answer(kind, len(asked.texts), time.perf_counter() - started)
            return answer
        except RefusedError as refusal:
            service.metrics.note_refusal(kind, refusal.status)
            return _refuse(refusal)

    @app.get("/health", response_class=Response)
    async def health() -> Response:
        """Whether the process is alive: it answers."""
        return _json({"alive": True})

    @app.get("/ready", response_class=Response)
    async def ready() -> Response:
        """Whether texts are taken, and which release encodes them."""
        return _json(service.describe(), 200 if service.is_ready else BUSY)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.scrape(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        told = f"{request.method} {request.url.path[:100]}: {error.detail}; {_PATHS}"
        return _json({"error": harmless_line(told)}, error.status_code, error.headers)

    return app


async def _read(request: Request, bounds: Bounds) -> EmbedRequest:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise RefusedError(ENCODED, "the body is compressed or encoded; send it as it is")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await read_body(request.stream(), request.headers.get("content-length"), bounds.body_bytes)
    except TimeoutError as error:
        raise RefusedError(TOO_SLOW, f"the body did not end within {BODY_SECONDS:.0f} s; send it at once") from error
    except ClientDisconnect as error:
        raise RefusedError(BAD, "the client left before its body ended; send it whole") from error
    return read_request(body, bounds)


async def _encode(service: VectorService, asked: EmbedRequest) -> Response:
    try:
        answer = asyncio.wrap_future(service.submit(asked.texts, asked.kind == "query"))
        vectors = await asyncio.wait_for(answer, ANSWER_SECONDS)
    except BusyError as error:
        raise RefusedError(BUSY, str(error)) from error
    except TimeoutError as error:
        raise RefusedError(
            BUSY, f"no core was free within {ANSWER_SECONDS:.0f} s; send fewer texts, or start more services"
        ) from error
    except Exception as error:  # of the model; the log has it
        raise RefusedError(FAILED, "a text could not be encoded; the log of the service says why") from error
    document = {"vectors": [{"indices": vector.indices, "values": vector.values} for vector in vectors]}
    return Response(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def _refuse(refusal: RefusedError) -> Response:
    again = {"Retry-After": "1"} if refusal.status == BUSY else None
    # a client's own words may be in it, such as the name of a field that nobody knows
    return _json({"error": harmless_line(refusal.message)[:_LONGEST]}, refusal.status, again)


def _json(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers, "application/json")
