"""A server through its own client: asked once for what does not change, anew for what may, and named where it is not."""

import uuid

import numpy as np
import pytest
from qdrant_client.local.siphash import point_id_slice
from qdrant_double import QdrantDouble
from qdrant_double_bodies import Refused
from qdrant_places import open_server

from minicoil.errors import CollectionError, UsageError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate
from tasks.qdrant.server import ServerPoints

SCHEMA = CollectionSchema(dense={"role": 3}, sparse=("minicoil",), keyword=("keys",), integer=("n",), text=("text",))
LOOK = ("GET", "/collections/docs")


def sparse(*pairs):
    return SparseVector(np.array([i for i, _ in pairs], np.int32), np.array([v for _, v in pairs], np.float32))


def make(number, text, *pairs):
    return Point(str(uuid.UUID(int=number)), {"text": text, "n": number}, {"minicoil": sparse(*pairs)})


@pytest.fixture
def double():
    with QdrantDouble() as double:
        yield double


@pytest.fixture
def points(double):
    with ServerPoints.connect(double.url, None) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", [make(i, "pod", (7, 1.0)) for i in range(1, 8)])
        yield points


@pytest.mark.parametrize("version", ["1.15.4", "1.18.3", "1.19.0"])
def test_a_server_that_cuts_no_slices_gives_the_same_ones(version):
    with QdrantDouble(version=version) as double, open_server("double", double) as store:
        store.ensure("docs", SCHEMA)
        store.upsert("docs", [make(i, "pod", (7, 1.0)) for i in range(1, 60)])
        for k in range(3):
            where = PointFilter(slice=(k, 3))
            expected = {str(uuid.UUID(int=i)) for i in range(1, 60) if point_id_slice(str(uuid.UUID(int=i)), 3) == k}
            assert {p.id for page in store.scroll("docs", where, page=7) for p in page} == expected
            assert store.count("docs", where) == len(expected)
            assert store.find("docs", "minicoil", [7], where) == expected


def test_an_address_that_is_none_is_refused_before_anything_is_asked():
    with pytest.raises(UsageError):
        ServerPoints.connect("not an address", None)


def test_the_version_is_asked_once_by_all_who_share_the_client(double, points):
    double.requests.clear()
    lease = points.lease(lambda: None)
    assert points.version == lease.version == points.version and lease.features == points.features
    assert double.requests.count(("GET", "/")) == 1


def test_a_lease_says_that_it_left_and_leaves_the_connection_open(points):
    left = []
    with points.lease(lambda: left.append(1)) as lease:
        assert lease.count("docs") == 7 and lease._infos is not points._infos
    assert left == [1] and points.count("docs") == 7


def test_a_collection_is_looked_at_once_until_its_settings_may_have_changed(double, points):
    points.count("docs")
    double.requests.clear()
    points.get("docs", [1])
    points.set_payload("docs", [1], {"a": 1})
    assert LOOK not in double.requests
    points.describe("docs")  # whoever asks for the shape wants that of now
    assert double.requests.count(LOOK) == 1
    with pytest.raises(CollectionError):
        points.search("docs", "never", sparse((1, 1.0)), 3)  # 400
    points.get("docs", [1])
    assert double.requests.count(LOOK) == 2


def test_every_operation_names_a_collection_that_is_not_there(points):
    for ask in (
        points.drop,
        points.describe,
        points.count,
        lambda name: points.get(name, [1]),
        lambda name: list(points.scroll(name)),
        lambda name: points.delete(name, [1]),
        lambda name: points.upsert(name, [Point(1, {})]),
        lambda name: points.set_payload(name, [1], {}),
        lambda name: points.find(name, "minicoil", [1]),
        lambda name: points.write_vectors(name, [VectorUpdate(1, {})]),
        lambda name: points.sample(name, PointFilter(), 3),
    ):
        with pytest.raises(CollectionError) as said:
            ask("nope")
        assert str(said.value).startswith("collection 'nope' was not found; collections here: docs; ")


def test_a_collection_that_is_dropped_is_forgotten(double, points):
    points.drop("docs")
    assert points.names() == [] and not points.exists("docs")
    points.ensure("docs", CollectionSchema(sparse=("other",)))
    assert dict(points.describe("docs").sparse) == {"other": True} and points.count("docs") == 0


def test_a_collection_that_another_command_made_first_is_taken(points, monkeypatch):
    found = iter([False, True])
    monkeypatch.setattr(ServerPoints, "exists", lambda self, name: next(found))
    points.ensure("docs", SCHEMA)
    found = iter([False, True])
    with pytest.raises(CollectionError, match="another shape"):
        points.ensure("docs", CollectionSchema(sparse=("other",)))


def test_a_collection_that_cannot_be_made_is_no_collection_of_somebody_else(double, points):
    def refuse(method, path, body):
        if method == "PUT" and path == "/collections/new":
            raise Refused(400, "Wrong input: no room")

    double.before(refuse)
    with pytest.raises(CollectionError, match="no room"):
        points.ensure("new", SCHEMA)


def test_indexes_that_are_there_are_not_made_again(double, points):
    double.requests.clear()
    points.ensure("docs", SCHEMA)
    assert [path for method, path in double.requests if method == "PUT"] == []
    points.index_fields("docs", CollectionSchema(keyword=("keys", "more")))
    assert [path for method, path in double.requests if method == "PUT"] == ["/collections/docs/index"]
    assert "more" in points.describe("docs").indexed


def test_nothing_to_write_asks_nothing(double, points):
    double.requests.clear()
    assert points.write_vectors("docs", []) == [] and points.get("docs", []) == []
    points.upsert("docs", [])
    points.set_payload("docs", [], {"a": 1})
    points.delete("docs", [])
    assert [request for request in double.requests if request[0] != "GET"] == []


@pytest.mark.parametrize("version", ["1.15.4", "1.19.0"])
def test_a_part_of_the_ids_comes_with_the_fields_that_were_asked_for(version):
    with QdrantDouble(version=version) as double, ServerPoints.connect(double.url, None) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", [make(i, "pod", (7, 1.0)) for i in range(1, 40)])
        where = PointFilter(slice=(0, 2), not_equal={"n": 3})
        for payload, keys in ((False, set()), (["n"], {"n"}), (True, {"n", "text"})):
            found = [point for page in points.scroll("docs", where, payload, page=5) for point in page]
            assert 5 < len(found) < 39 and {*found[0].payload} == keys, (version, payload)
            assert str(uuid.UUID(int=3)) not in {point.id for point in found}


def test_a_server_clears_its_disk_itself(points):
    assert points.purge("docs") is False
