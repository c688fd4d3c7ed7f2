"""A collection's shape changes on a server while it rests, what is there already is left, and copies are alike."""

import pytest
from qdrant_client import models
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_KINDS, open_server

from minicoil.errors import CollectionError
from tasks.points import CollectionSchema, Point
from tasks.qdrant import server_in_place, server_optimising
from tasks.qdrant.server import ServerPoints

SCHEMA = CollectionSchema(dense={"role": 3}, sparse=("words",), keyword=("tag",), integer=("n",))


@pytest.fixture(autouse=True)
def _without_waiting_for_a_doubles_optimiser(monkeypatch):
    """It rests always."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.0)


def fill(store):
    store.ensure("docs", SCHEMA)
    store.upsert("docs", [Point(i, {"tag": "a", "n": i}) for i in range(1, 4)])


@pytest.fixture
def double():
    with QdrantDouble() as double:
        yield double


@pytest.fixture
def points(double):
    with ServerPoints.connect(double.url, None) as points:
        fill(points)
        yield points


def writes(double):
    return [(method, path) for method, path in double.requests if method != "GET"]


def test_an_older_server_is_known_to_take_no_new_vectors():
    with QdrantDouble(version="1.17.1") as double, ServerPoints.connect(double.url, None) as points:
        assert not points.takes_new_vectors


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_an_alias_is_resolved_and_any_other_name_is_its_own(kind):
    with open_server(kind) as points:
        fill(points)
        points.point_alias("live", "docs")
        assert (points.resolve("live"), points.resolve("docs"), points.resolve("nope")) == ("docs", "docs", "nope")
        assert points.count("live") == 3


def test_vectors_are_changed_only_while_the_optimiser_rests(monkeypatch):
    """A change in mid work restarts it, and servers then forget what others deleted meanwhile."""
    from tasks.qdrant import server_in_place

    rests = [True, True, True, False]
    with QdrantDouble() as double, ServerPoints.connect(double.url, None) as points:
        fill(points)
        before = len(double.requests)
        monkeypatch.setattr(
            server_in_place, "await_rest", lambda client, name: double.requests.append("rest") or rests.pop(0)
        )
        points.add_vectors("docs", ["minicoil", "bm25"])
        made = [r for r in double.requests[before:] if r == "rest" or r[0] == "PUT"]
        assert made == [
            "rest",
            ("PUT", "/collections/docs/vectors/minicoil"),
            "rest",
            ("PUT", "/collections/docs/vectors/bm25"),
            "rest",
        ]
        with pytest.raises(CollectionError, match="does not come to rest.*quieter time"):
            points.remove_vectors("docs", ["minicoil"])
        assert set(points.describe("docs").sparse) == {"words", "minicoil", "bm25"}


def test_an_alias_is_moved_in_one_step(double, points):
    points.ensure("docs-2", SCHEMA)
    points.point_alias("live", "docs")
    double.requests.clear()
    points.point_alias("live", "docs-2")
    assert writes(double) == [("POST", "/collections/aliases")] and points.resolve("live") == "docs-2"
    with pytest.raises(CollectionError):
        points.point_alias("live", "nope")
    assert points.resolve("other") == "other"


def test_what_is_there_or_gone_already_is_not_asked_for_again(double, points):
    points.add_vectors("docs", ["late"])
    points.remove_vectors("docs", ["words"])
    points.remove_indexes("docs", ["tag"])
    double.requests.clear()
    points.add_vectors("docs", ["late"])
    points.remove_vectors("docs", ["words", "never"])
    points.remove_indexes("docs", ["tag", "never"])
    assert writes(double) == []
    shape = points.describe("docs")
    assert dict(shape.sparse) == {"late": True} and shape.indexed == ("n",)


def test_a_vector_that_never_comes_to_a_node_is_told(points, monkeypatch):
    monkeypatch.setattr(server_in_place, "_NODES_SECONDS", 0.0)
    monkeypatch.setattr(server_in_place, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(points._client, "create_vector_name", lambda *a, **o: None)
    with pytest.raises(CollectionError) as said:
        points.add_vectors("docs", ["late", "later"])
    assert str(said.value) == (
        "collection 'docs' has no vector 'late' 0 s after the server took it; look at its log, then run the same "
        "command again"
    )


def test_a_copy_is_like_its_source_and_has_no_points(points):
    points.create_like("copy", "docs", ["role"], ["late"])
    shape = points.describe("copy")
    assert (dict(shape.dense), dict(shape.sparse)) == ({}, {"words": True, "late": True})
    assert set(shape.indexed) == {"tag", "n"} and points.count("copy") == 0
    assert points.unlike("copy", "docs", ["role"]) == [] and points.unlike("copy", "docs", []) == ["vector 'role'"]
    points.remove_indexes("copy", ["n"])
    assert points.unlike("copy", "docs", ["role"]) == ["index of 'n'"]
    points.create_like("copy", "docs", ["role"], ["late"])  # what it lacks is added
    assert points.unlike("copy", "docs", ["role"]) == []
    with pytest.raises(CollectionError, match="'nope' was not found; collections here: "):
        points.create_like("copy-2", "nope", [], [])


def test_a_copy_that_somebody_else_made_first_is_taken(points, monkeypatch):
    answers = iter([False, True, True, True])
    points.create_like("copy", "docs", [], [])
    monkeypatch.setattr(ServerPoints, "exists", lambda self, name: next(answers))
    points.create_like("copy", "docs", [], [])
    assert points.unlike("copy", "docs", []) == []


def test_payload_is_taken_off_in_parts_and_points_that_are_gone_refuse_nothing(double, points, monkeypatch):
    bounds = points._bounds("docs")
    monkeypatch.setattr(ServerPoints, "_bounds", lambda self, name: type(bounds)(**{**vars(bounds), "n_values": 2}))
    double.requests.clear()
    points.remove_payload("docs", [1, 99, 2, 3], ["tag", "never"])
    assert len(writes(double)) == 2
    assert [point.payload for point in points.get("docs", [1, 2, 3])] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_what_a_copy_could_not_keep_is_told(double, points):
    assert points.uncopyable("docs") == []
    several = models.VectorParams(
        size=3,
        distance=models.Distance.COSINE,
        multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
    )
    info = points._look("docs")
    info.config.params.vectors = {"late": several}
    points._look = lambda name: info
    assert points.uncopyable("docs") == ["vector 'late' holds several vectors a point"]
