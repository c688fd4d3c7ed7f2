"""A copy of a collection has all that is its owner's, to the bit, or is refused by name before anything is written."""

import contextlib
import uuid

import numpy as np
import pytest
from local_server import share_server
from qdrant_client import models
from qdrant_places import KINDS, SERVER_KINDS, SERVER_URL

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.adoption.copying import same_vectors
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.registry import read_collection_record
from tasks.collections.searching import search_collection
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.qdrant import server_optimising

REQUEST = RebuildRequest("theirs", "copy", "production", "{body}")
COSINE, DOT, EUCLID, MANHATTAN = (models.Distance(name) for name in ("Cosine", "Dot", "Euclid", "Manhattan"))


@pytest.fixture(autouse=True)
def _without_waiting_for_a_doubles_optimiser(monkeypatch):
    """It rests always; a real server's is looked at a few times more."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.05 if SERVER_URL else 0.0)


@pytest.fixture
def server(place, monkeypatch, request):
    with share_server(request.param) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        serve(place, 1)
        yield points


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        serve(place, 1)
        yield stack.enter_context(place.points())


def serve(place, release):
    set_pending(place.objects(), "production", release, read_channel(place.objects(), "production").current)
    move_current(place.objects(), "production", release)


def stored(points, name):
    return {point.id: point for page in points.scroll(name, vectors=True) for point in page}


def bits(vector):
    if isinstance(vector, SparseVector):
        order = np.argsort(vector.indices)
        return vector.indices[order].tolist(), vector.values[order].astype(np.float32).tobytes()
    return vector.astype(np.float32).tobytes()


def info(points, name):
    return points._client.get_collection(name)


def make_rich(points, texts, **options):
    """Every distance, sparse vectors with and without IDF, one of them named as ours are, indexes, settings."""
    dense = {
        "cosine": models.VectorParams(size=3, distance=COSINE),
        "dot": models.VectorParams(size=2, distance=DOT, on_disk=True),
        "euclid": models.VectorParams(size=3, distance=EUCLID, hnsw_config=models.HnswConfigDiff(m=24)),
        "manhattan": models.VectorParams(size=3, distance=MANHATTAN),
    }
    sparse = {
        "bm25": models.SparseVectorParams(modifier=models.Modifier.IDF),
        "splade": models.SparseVectorParams(),
        "minicoil": models.SparseVectorParams(),
    }
    settings = {
        "shard_number": 3,
        "write_consistency_factor": 1,
        "on_disk_payload": False,
        "hnsw_config": models.HnswConfigDiff(m=8, ef_construct=64),
        "optimizers_config": models.OptimizersConfigDiff(indexing_threshold=20_000),
        "quantization_config": models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type="int8")),
    }
    points._client.create_collection(
        "theirs", vectors_config=dense, sparse_vectors_config=sparse, **(settings | options)
    )
    client = points._client
    client.create_payload_index("theirs", "shop", models.PayloadSchemaType.KEYWORD, wait=True)
    words = models.TextIndexParams(type="text", tokenizer="prefix", min_token_len=2, lowercase=True)
    client.create_payload_index("theirs", "body", words, wait=True)
    rng = np.random.default_rng(1)
    rows = []
    for i, text in enumerate(texts):
        vectors = {name: rng.normal(size=3).astype(np.float32).tolist() for name in ("cosine", "euclid", "manhattan")}
        vectors |= {"dot": [3.0, 4.0], "bm25": models.SparseVector(indices=[4294967295, 2], values=[0.1 + i, 7.0])}
        vectors["splade"] = models.SparseVector(indices=[5, 1], values=[float(np.float32(0.3)), -2.0])
        vectors["minicoil"] = models.SparseVector(indices=[9], values=[1.0])
        payload = {"body": text, "shop": f"s{i % 3}", "price": 0.1 + i, "deep": {"list": [1, {"a": None}]}}
        rows.append(models.PointStruct(id=i, payload=payload, vector=vectors))
    rows.append(models.PointStruct(id=9999, payload={"shop": "bare"}, vector={"dot": [0.5, -0.25]}))
    client.upsert("theirs", rows, wait=True)


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_distances_values_settings_and_indexes_of_a_server_are_kept(place, server, texts):
    make_rich(server, texts[:60], metadata=None if SERVER_URL else {"owner": "shop"})
    answer = rebuild_collection(place, server, REQUEST)
    assert (answer["n_points"], answer["n_without_text"]) == (61, 1) and "9999" in answer["without_text"][0]
    assert (answer["vector"], answer["bm25_vector"]) == ("mc_minicoil", "mc_bm25")
    source, copy = stored(server, "theirs"), stored(server, "copy")
    assert source.keys() == copy.keys()
    for i, point in source.items():
        made = {"mc_minicoil", "mc_bm25"} if i != 9999 else set()
        assert copy[i].vectors.keys() == {*point.vectors, *made}
        for name, vector in point.vectors.items():
            assert bits(copy[i].vectors[name]) == bits(vector), (i, name)
        assert {k: v for k, v in copy[i].payload.items() if not k.startswith("mc_")} == point.payload
    assert copy[0].vectors["dot"].tolist() == [3.0, 4.0]
    one, other = info(server, "theirs").config, info(server, "copy").config
    assert other.params.vectors == one.params.vectors
    assert {
        k: v for k, v in other.params.sparse_vectors.items() if not k.startswith("mc_")
    } == one.params.sparse_vectors
    assert (other.params.shard_number, other.params.on_disk_payload) == (3, False)
    assert (other.hnsw_config, other.quantization_config) == (one.hnsw_config, one.quantization_config)
    assert (other.optimizer_config, other.metadata) == (one.optimizer_config, one.metadata)
    indexes = info(server, "copy").payload_schema
    assert all(indexes[field].params == entry.params for field, entry in info(server, "theirs").payload_schema.items())
    assert search_collection(place, "copy", "pods", 3, compare=True)["results"]


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_an_unnamed_vector_stays_unnamed(place, server, texts):
    server._client.create_collection("theirs", vectors_config=models.VectorParams(size=2, distance=DOT))
    rows = [models.PointStruct(id=i, payload={"body": text}, vector=[3.0, 4.0]) for i, text in enumerate(texts[:20])]
    server._client.upsert("theirs", rows, wait=True)
    rebuild_collection(place, server, REQUEST)
    assert all(point.vectors[""].tolist() == [3.0, 4.0] for point in stored(server, "copy").values())
    assert info(server, "copy").config.params.vectors == info(server, "theirs").config.params.vectors
    assert search_collection(place, "copy", "pods", 3)["results"]


MULTI = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"vectors_config": {"colbert": models.VectorParams(size=2, distance=DOT, multivector_config=MULTI)}},
            "vector 'colbert' holds several vectors a point",
        ),
        ({"vectors_config": {}, "sharding_method": models.ShardingMethod.CUSTOM}, "custom shard keys"),
    ],
)
def test_what_cannot_be_copied_is_refused_by_name_before_anything_is_written(place, monkeypatch, options, message):
    with share_server("double") as server:
        monkeypatch.setattr(Place, "points", lambda self: server)
        serve(place, 1)
        server._client.create_collection("theirs", **options)
        with pytest.raises(CollectionError, match=f"cannot be copied whole: .*{message}; nothing was written.*adopt"):
            rebuild_collection(place, server, REQUEST)
        assert server.names() == ["theirs"] and read_collection_record(place.objects(), "copy") is None


def fill(points, texts):
    points.ensure("theirs", CollectionSchema(dense={"dense": 3}, sparse=("splade",), keyword=("shop",), integer=("n",)))
    rng = np.random.default_rng(2)
    rows = [
        Point(
            str(uuid.UUID(int=i + 1)),
            {"body": text, "shop": f"s{i % 2}", "n": i, "share": 0.1 * i},
            {
                "dense": rng.normal(size=3).astype(np.float32),
                "splade": SparseVector(np.array([3, i + 5]), np.array([0.1, 2], np.float32)),
            },
        )
        for i, text in enumerate(texts)
    ]
    bare = Point(str(uuid.UUID(int=9999)), {"shop": "bare"}, {"dense": np.ones(3, np.float32)})
    points.upsert("theirs", [*rows, bare])


def check_copy(points):
    source, copy = stored(points, "theirs"), stored(points, "copy")
    assert source.keys() == copy.keys()
    for i, point in source.items():
        assert {k: v for k, v in copy[i].payload.items() if not k.startswith("mc_")} == point.payload
        kept = {name: vector for name, vector in copy[i].vectors.items() if name in point.vectors}
        assert same_vectors(point.vectors, kept, ("dense",))


def test_what_changes_in_any_field_or_vector_is_copied_by_the_next_run(place, points, texts):
    fill(points, texts[:40])
    assert rebuild_collection(place, points, REQUEST)["n_written"] == 41
    check_copy(points)
    assert set(points.describe("copy").indexed) > {"shop", "n", "mc_keys", "mc_release"}
    one, two, three = (str(uuid.UUID(int=i)) for i in (1, 2, 9999))
    points.set_payload("theirs", [one], {"n": 77})
    points.upsert("theirs", [Point(two, {"body": texts[1]}, {"dense": np.array([1, 2, 3], np.float32)})])
    points.set_payload("theirs", [three], {"body": "pods at last"})
    again = rebuild_collection(place, points, REQUEST)
    assert (again["n_written"], again["n_without_text"]) == (3, 0)
    check_copy(points)
    assert "minicoil" in stored(points, "copy")[three].vectors
    points.remove_payload("theirs", [three], ["body"])
    assert rebuild_collection(place, points, REQUEST)["n_written"] == 1
    assert "mc_release" not in stored(points, "copy")[three].payload
    check_copy(points)


def test_a_value_that_was_written_wrong_is_found_and_mended(place, points, texts, monkeypatch):
    fill(points, texts[:40])
    upsert, spoiled = points.upsert, []

    def spoil(name, rows):
        if name == "copy" and not spoiled:
            spoiled.append(rows[0].id)
            rows = [Point(rows[0].id, rows[0].payload, {**rows[0].vectors, "dense": np.ones(3, np.float32)}), *rows[1:]]
        upsert(name, rows)

    monkeypatch.setattr(points, "upsert", spoil)
    assert rebuild_collection(place, points, REQUEST)["n_written"] == 42 and spoiled
    check_copy(points)


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_a_copy_whose_settings_are_not_the_sources_is_named(place, server, texts):
    make_rich(server, texts[:10])
    rebuild_collection(place, server, REQUEST)
    server._client.update_collection("copy", hnsw_config=models.HnswConfigDiff(m=32))
    server._client.delete_payload_index("copy", "shop", wait=True)
    assert server.unlike("copy", "theirs", ()) == ["hnsw_config", "index of 'shop'"]
    with pytest.raises(CollectionError, match="has not the settings of 'theirs': hnsw_config; set them"):
        rebuild_collection(place, server, REQUEST)  # the index was added again


def test_vectors_that_this_service_made_are_made_anew_under_their_names(place, points, texts):
    from tasks.adoption.adopting import adopt_collection
    from tasks.adoption.adoption_plan import AdoptRequest

    fill(points, texts[:40])
    adopt_collection(place, points, AdoptRequest("theirs", "production", "{body}"))
    serve(place, 2)
    answer = rebuild_collection(place, points, RebuildRequest("theirs", "copy", "production"))
    assert (answer["vector"], answer["bm25_vector"], answer["release"]) == ("minicoil", "bm25", 2)
    assert answer["verification"]["is_sound"]
    record = read_collection_record(place.objects(), "copy")
    assert record.adopted is None and record.text == "{body}"
