"""Every answer over HTTP is vectors, or one line of JSON that says what to do; spoken to without a server."""

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace

import httpx
import numpy as np
import pytest

from minicoil.errors import BusyError
from minicoil.sparse import SparseVector
from tasks.vectors import app as app_module
from tasks.vectors.app import make_app
from tasks.vectors.embed_requests import Bounds


class Service:
    """What an application asks of a service; `answer` may be an error, or nothing that ever comes."""

    is_ready = True

    def __init__(self):
        self.answer, self.asked, self.noted = None, [], []
        self.metrics = SimpleNamespace(
            note_answer=lambda kind, n_texts, seconds: self.noted.append((kind, 200, n_texts)),
            note_refusal=lambda kind, status: self.noted.append((kind, status)),
            scrape=lambda: b"minicoil_embed_release 3.0\n",
        )

    def describe(self):
        return {"ready": self.is_ready, "release": 3}

    def submit(self, texts, is_query):
        self.asked.append((texts, is_query))
        if isinstance(self.answer, BusyError):
            raise self.answer
        found = Future()
        if self.answer is None:
            values = np.array([0.5, -1.25], np.float32)
            found.set_result([SparseVector(np.array([7, 2**31 - 1], np.int32), values) for _ in texts])
        elif isinstance(self.answer, Exception):
            found.set_exception(self.answer)
        return found


@pytest.fixture
def service():
    return Service()


def ask(service, method="POST", path="/embed", bounds=None, **request):
    async def send():
        transport = httpx.ASGITransport(make_app(service, bounds or Bounds()))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


TEXTS = {"texts": ["pods of a node", "caf\u00e9"], "kind": "query"}


def test_vectors_come_in_the_order_of_texts_with_their_own_numbers(service):
    answer = ask(service, json=TEXTS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"vectors": [{"indices": [7, 2**31 - 1], "values": [0.5, -1.25]}] * 2}
    assert service.asked == [(["pods of a node", "caf\u00e9"], True)] and service.noted == [("query", 200, 2)]
    ask(service, json={**TEXTS, "kind": "document"})
    assert service.asked[1][1] is False and service.noted[1] == ("document", 200, 2)


@pytest.mark.parametrize(
    ("request_", "status", "says", "noted"),
    [
        ({"content": b"{"}, 400, "the body is no JSON", "none"),
        ({"json": {"texts": ["a"]}}, 400, "kind: Field required", "none"),
        ({"json": {**TEXTS, "texts": ["a"] * 257}}, 413, "257 texts, at most 256 are taken in a request", "none"),
        ({"content": b"x" * (4 * 2**20 + 1)}, 413, "the body has more than 4,194,304 bytes", "none"),
        (
            {"json": TEXTS, "headers": {"content-encoding": "gzip"}},
            415,
            "the body is compressed or encoded; send it as it is",
            "none",
        ),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_counted(service, request_, status, says, noted):
    answer = ask(service, **request_)
    assert answer.status_code == status and answer.json().keys() == {"error"} and says in answer.json()["error"]
    assert "retry-after" not in answer.headers
    assert service.asked == [] and service.noted == [(noted, status)]


def test_the_same_encoding_as_none_is_taken(service):
    assert ask(service, json=TEXTS, headers={"content-encoding": "identity"}).status_code == 200


def test_who_comes_on_top_is_told_to_come_again(service):
    service.answer = BusyError("2,048 texts wait already; ask again in a moment")
    answer = ask(service, json=TEXTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"error": "2,048 texts wait already; ask again in a moment"}
    assert service.noted == [("query", 503)]


def test_an_answer_that_does_not_come_is_given_up(service, monkeypatch):
    monkeypatch.setattr(app_module, "ANSWER_SECONDS", 0.01)
    service.answer = "never"
    answer = ask(service, json=TEXTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"].startswith("no core was free within 0 s; send fewer texts")


def test_what_the_model_says_stays_in_the_log(service):
    service.answer = RuntimeError("/secret/path of the graph")
    answer = ask(service, json=TEXTS)
    assert answer.status_code == 500
    assert answer.json() == {"error": "a text could not be encoded; the log of the service says why"}


def test_a_body_that_does_not_end_is_not_waited_for(service, monkeypatch):
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.01)

    async def drip():
        yield b'{"texts"'
        await asyncio.sleep(30)

    answer = ask(service, content=drip())
    assert answer.status_code == 408 and answer.json()["error"] == "the body did not end within 0 s; send it at once"


def test_a_clients_own_words_come_back_short_and_harmless(service):
    answer = ask(service, json={**TEXTS, "\x1b[31m\n\u202e" * 500: 1})
    said = answer.json()["error"]
    assert answer.status_code == 400 and said.isprintable() and len(said) == 300


def test_it_is_alive_whatever_the_model_does_and_ready_when_that_is_there(service):
    assert ask(service, "GET", "/health").json() == {"alive": True}
    assert ask(service, "GET", "/ready").json() == {"ready": True, "release": 3}
    service.is_ready = False
    assert ask(service, "GET", "/health").status_code == 200
    assert ask(service, "GET", "/ready").status_code == 503


def test_a_scrape_is_prometheus_text(service):
    answer = ask(service, "GET", "/metrics")
    assert answer.text == "minicoil_embed_release 3.0\n" and answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/embed", 405), ("GET", "/x", 404), ("POST", "/ready", 405)]
)
def test_other_paths_say_which_there_are(service, method, path, status):
    answer = ask(service, method, path)
    assert answer.status_code == status
    assert answer.json()["error"].endswith("; there are POST /embed and GET /health, /ready, /metrics, /openapi.json")
    assert len(ask(service, "GET", "/" + "x" * 5000).json()["error"]) < 300


def test_the_description_is_for_generators_of_clients(service):
    described = ask(service, "GET", "/openapi.json").json()
    body = described["paths"]["/embed"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) == {"texts", "kind"} and set(described["paths"]) == {
        "/embed",
        "/health",
        "/ready",
        "/metrics",
    }
    assert ask(service, "GET", "/docs").status_code == 404  # no page that loads scripts from elsewhere
