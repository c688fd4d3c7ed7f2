"""What tests can make the double of a Qdrant server do, and names of one's own on a server of others."""

import time

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient
from qdrant_client.local.siphash import point_id_slice
from qdrant_double import HangUp, QdrantDouble, full_disk
from qdrant_double_bodies import Refused
from qdrant_places import KINDS, SERVER_KINDS, NamedApart, open_kind, open_server

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate
from tasks.qdrant import server_calls
from tasks.qdrant.server import ServerPoints

SCHEMA = CollectionSchema(sparse=("words",), keyword=("keys", "mc_hash"), integer=("n",))


def sparse(*indices):
    return SparseVector(np.array(indices, np.int32), np.ones(len(indices), np.float32))


def rows(n):
    return [Point(i, {"n": i, "mc_hash": f"h{i}"}, {"words": sparse(1, 10 + i)}) for i in range(n)]


def updates(n):
    return [VectorUpdate(i, {"words": sparse(5)}, {"mc_hash": f"h{i}"}) for i in range(n)]


@pytest.fixture
def double():
    with QdrantDouble() as double:
        yield double


@pytest.fixture
def points(double):
    with ServerPoints.connect(double.url, None) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", rows(60))
        yield points


@pytest.fixture
def short_waits(monkeypatch):
    """The seconds that were waited between tries, without waiting."""
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_qdrant_keeps_points(kind, tmp_path):
    with open_kind(kind, tmp_path) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", rows(60))
        assert points.names() == ["docs"] and points.count("docs", PointFilter(equal={"n": 4})) == 1
        assert points.write_vectors("docs", updates(60), {"stamp": 3}) == list(range(60))
        assert points.find("docs", "words", [5]) == set(range(60))


def test_requests_are_counted_in_order(double, points):
    double.requests.clear()
    points.set_payload("docs", [1], {"stamp": 1})
    assert double.requests == [("POST", "/collections/docs/points/payload")]
    assert len(double.sizes) > len(double.requests) and double.sizes[-1] > 20


def test_a_point_can_be_deleted_between_our_look_and_our_write(double, points):
    def delete_one(method, path, body):
        if path.endswith("/points/vectors"):
            double.ask("POST", "/collections/docs/points/delete", {"points": [7]})

    double.before(delete_one)
    with pytest.raises(CollectionError, match="No point with id 7 found"):
        points._ask(
            points._client.update_vectors, "docs", [{"id": 7, "vector": {"words": {"indices": [5], "values": [1]}}}]
        )
    assert double.collections["docs"].get(7) is None


def test_a_hook_may_change_a_request_and_answer_in_its_place(double, points, short_waits):
    def meddle(method, path, body):
        if path.endswith("/points/payload"):
            body["payload"]["meddled"] = True
        if path.endswith("/points/count"):
            raise Refused(503, "busy", {"Retry-After": "1"})

    double.before(meddle)
    points.set_payload("docs", [1], {"stamp": 1})
    assert points.get("docs", [1])[0].payload["meddled"] is True
    with pytest.raises(EngineUnavailableError, match="busy"):
        points.count("docs")
    assert len(short_waits) == server_calls.TRIES - 1


def test_a_full_disk_is_no_passing_trouble(double, points, short_waits):
    def fill_up(method, path, body):
        if method == "PUT":
            raise full_disk()

    double.before(fill_up)
    with pytest.raises(CollectionError, match="No space left on device"):
        points.upsert("docs", rows(1))
    assert short_waits == []


def test_a_line_that_ends_is_asked_again(double, points, short_waits):
    dropped = []

    def hang_up(method, path, body):
        if path.endswith("/points/count") and len(dropped) < 2:
            dropped.append(path)
            raise HangUp

    double.before(hang_up)
    assert points.count("docs") == 60 and len(short_waits) == 2


def test_an_answer_may_take_its_time(double):
    double.before(lambda method, path, body: time.sleep(0.3))
    with pytest.raises(httpx.ReadTimeout), httpx.Client(base_url=double.url, timeout=0.1) as client:
        client.get("/collections")


def test_writes_can_be_locked(double, points):
    double.lock_writes("a snapshot is being made")
    with pytest.raises(CollectionError) as refused:
        points.upsert("docs", rows(1))
    assert "403" in str(refused.value.__cause__)
    assert points.count("docs") == 60
    double.lock_writes(None)
    points.upsert("docs", rows(61))
    assert points.count("docs") == 61


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_keys_are_asked_for_and_a_key_for_reading_does_not_write():
    with QdrantDouble(api_key="whole", read_only_api_key="reading") as double:
        ask = httpx.Client(base_url=double.url)
        assert ask.get("/").status_code == ask.get("/healthz").status_code == 200
        answer = ask.get("/collections")
        assert (answer.status_code, answer.text) == (401, "Must provide an API key or an Authorization bearer token")
        answer = ask.get("/collections", headers={"api-key": "wrong"})
        assert (answer.status_code, answer.text) == (401, "Invalid API key or JWT")
        answer = ask.put("/collections/docs", json={"vectors": {}}, headers={"api-key": "reading"})
        assert answer.status_code == 403
        assert answer.json()["status"]["error"] == "Forbidden: Global manage access is required"
        ask.close()
        with ServerPoints.connect(double.url, "whole") as points:
            points.ensure("docs", SCHEMA)
        with ServerPoints.connect(double.url, "reading") as points:
            assert points.names() == ["docs"] and points.count("docs") == 0


def test_a_server_may_live_under_a_path():
    with QdrantDouble(prefix="/qdrant") as double:
        assert double.url.endswith("/qdrant")
        with ServerPoints.connect(double.url, None) as points:
            points.ensure("docs", SCHEMA)
            assert points.names() == ["docs"]
        assert httpx.get(double.url.removesuffix("/qdrant") + "/collections").status_code == 404


def test_what_version_1_19_can_do_older_ones_cannot():
    with QdrantDouble(version="1.19.0") as double, ServerPoints.connect(double.url, None) as points:
        assert points.features.slices and points.features.idf_corpus
        points.ensure("docs", SCHEMA)
        points.upsert("docs", rows(60))
        part = {p.id for page in points.scroll("docs", PointFilter(slice=(1, 3))) for p in page}
        assert part == {i for i in range(60) if point_id_slice(i, 3) == 1} and part
        everywhere = points.search("docs", "words", sparse(14), 1)[0].score
        among = points.search("docs", "words", sparse(14), 1, corpus=PointFilter(equal={"n": 4}))[0].score
        assert everywhere > 3 and among < 0.5
    with QdrantDouble() as double, ServerPoints.connect(double.url, None) as points:
        assert not points.features.slices


def test_what_is_dead_is_counted_until_the_optimiser_comes_by(double, points):
    true = points.search("docs", "words", sparse(14), 1)[0].score
    double.index()
    points.upsert("docs", [Point(4, {"n": 4}, {"words": sparse(14)})])
    assert points.search("docs", "words", sparse(14), 1)[0].score < true - 0.3
    double.vacuum()
    assert points.search("docs", "words", sparse(14), 1)[0].score == pytest.approx(true)


def test_what_is_not_doubled_is_refused_and_never_answered_wrongly(double):
    client = httpx.Client(base_url=double.url)
    client.put("/collections/docs", json={"vectors": {"size": 2, "distance": "Dot"}})
    prefetched = {"prefetch": [{"query": [1, 2]}], "query": {"fusion": "rrf"}}
    assert client.post("/collections/docs/points/query", json=prefetched).status_code == 501
    assert client.post("/collections/docs/facet", json={"key": "a"}).status_code == 404
    client.close()


def test_the_body_of_a_request_has_a_bound(double, points):
    with pytest.raises(CollectionError, match="is larger than allowed \\(limit: 33554432 bytes\\)"):
        points.upsert("docs", [Point(1, {"text": "x" * 34_000_000}, {})])


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_names_of_ones_own_touch_no_others(kind, double):
    with open_server(kind, double) as others, open_server(kind, double) as mine:
        for points in (others, mine):
            points.ensure("docs", SCHEMA)
            points.point_alias("live", "docs")
            points.point_alias("live", "docs")
        assert mine.names() == ["docs"] and mine.exists("live")
        mine.upsert("live", rows(3))
        assert mine.count("docs") == 3 and others.count("docs") == 0
        with pytest.raises(CollectionError, match="'nope' was not found; collections here: docs"):
            mine.count("nope")
        mine.drop_all()
        assert mine.names() == [] and not mine.exists("live") and others.names() == ["docs"] and others.exists("live")


def test_nothing_is_left_under_names_of_ones_own(double):
    with NamedApart(double.url) as mine:
        mine.ensure("docs", SCHEMA)
        assert list(double.collections) == [f"{mine.prefix}docs"]
    client = QdrantClient(url=double.url, check_compatibility=False)
    assert client.get_collections().collections == []
    client.close()
