"""What a server refuses is one line that says what is missing and what to do; what passes by itself is waited for."""

import numpy as np
import pytest
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import UnexpectedResponse
from qdrant_double import QdrantDouble

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, VectorUpdate
from tasks.qdrant import server_calls
from tasks.qdrant.server import ServerPoints

SCHEMA = CollectionSchema(sparse=("words",), integer=("n",))
WORD = SparseVector(np.array([5], np.int32), np.ones(1, np.float32))


@pytest.fixture
def double():
    with QdrantDouble(api_key="all", read_only_api_key="read") as double:
        with ServerPoints.connect(double.url, "all") as points:
            points.ensure("docs", SCHEMA)
            points.upsert("docs", [Point(i, {"n": i}, {"words": WORD}) for i in range(20)])
        yield double


def test_reading_needs_a_key_that_reads_and_no_more(double):
    with ServerPoints.connect(double.url, "read") as points:
        assert len(points.search("docs", "words", WORD, 5)) == 5
        assert points.get("docs", [1], vectors=True)[0].payload == {"n": 1}
        assert points.count("docs") == 20 and len(points.find("docs", "words", [5])) == 20


@pytest.mark.parametrize(
    "write",
    [
        lambda points: points.upsert("docs", [Point(1, {}, {"words": WORD})]),
        lambda points: points.write_vectors("docs", [VectorUpdate(1, {"words": WORD})], {"n": 2}),
        lambda points: points.set_payload("docs", [1], {"n": 2}),
        lambda points: points.delete("docs", [1]),
        lambda points: points.ensure("new", SCHEMA),
        lambda points: points.index_fields("docs", CollectionSchema(keyword=("tag",))),
    ],
)
def test_a_right_that_is_missing_is_named(double, write):
    lacks = r"the API key lacks a right \(.*access.*required.*MINICOIL_QDRANT_API_KEY"
    with ServerPoints.connect(double.url, "read") as points, pytest.raises(CollectionError, match=lacks) as error:
        write(points)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_wrong_key_is_told_from_a_missing_right(double, key):
    with (
        ServerPoints.connect(double.url, key) as points,
        pytest.raises(CollectionError, match=r"refused the API key \(.*\); set MINICOIL_QDRANT_API_KEY"),
    ):
        points.count("docs")


def test_a_write_lock_is_told_from_a_wrong_key(double):
    double.lock_writes("maintenance until six")
    with ServerPoints.connect(double.url, "all") as points:
        assert points.count("docs") == 20
        with pytest.raises(CollectionError, match="whatever the key .*maintenance until six.*lock lifted"):
            points.upsert("docs", [Point(1, {}, {"words": WORD})])


def test_an_url_with_a_path_works():
    with QdrantDouble(prefix="/search/qdrant") as double:
        for url in (double.url, f"{double.url}/"):
            with ServerPoints.connect(url, None) as points:
                points.ensure("docs", SCHEMA)
                points.upsert("docs", [Point(1, {"n": 1}, {"words": WORD})])
                assert points.write_vectors("docs", [VectorUpdate(1, {"words": WORD})], {"n": 2}) == [1]


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://host", 6333), ("http://host:7000/a", 7000), ("https://host/qdrant", 443), ("http://host/qdrant/", 80)],
)
def test_behind_a_path_stands_a_web_server_on_its_usual_port(url, port):
    with ServerPoints.connect(url, None) as points:
        assert points._client._client._port == port


def test_one_point_that_is_too_large_is_named_as_such(double):
    with (
        ServerPoints.connect(double.url, "all") as points,
        pytest.raises(CollectionError, match="one point alone is so"),
    ):
        points.upsert("docs", [Point(1, {"text": "x" * (33 << 20)}, {"words": WORD})])


def test_what_another_server_answers_is_cut_to_one_line():
    page = b"<html>\n<body>\n" + b"Bad Gateway " * 500 + b"</body></html>"
    with pytest.raises(CollectionError) as error, server_calls.translated():
        raise UnexpectedResponse(418, "teapot", page, None)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600


def test_a_request_over_any_budget_is_not_asked_again():
    with pytest.raises(CollectionError, match="raise the rate limit") as error, server_calls.translated():
        raise UnexpectedResponse(429, "", b'{"status": {"error": "request larger than rate limiter capacity"}}', None)
    assert not isinstance(error.value, EngineUnavailableError)


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(monkeypatch):

    waits, answers = [], [ResourceExhaustedResponse("slow down", 3), UnexpectedResponse(503, "busy", b"", None), "done"]
    monkeypatch.setattr("time.sleep", waits.append)

    def call():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert server_calls.call_patiently(call) == "done"
    assert 3 <= waits[0] <= 4.5 and waits[1] <= 2
    answers[:] = [UnexpectedResponse(503, "busy", b"", None)] * 50
    with pytest.raises(EngineUnavailableError, match="busy"):
        server_calls.call_patiently(call)
    answers[:] = [UnexpectedResponse(500, "error", b"No space left on device: disk full", None)]
    with pytest.raises(CollectionError, match="No space left"):
        server_calls.call_patiently(call)
