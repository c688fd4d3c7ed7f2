"""Collections whose words are weighed: made so, kept so by whoever writes, and served by releases that carry it alone."""

import json
import os
import shutil
import uuid

import numpy as np
import pytest

from minicoil.errors import CollectionError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.importance.document_words import FEATURES
from minicoil.importance.weights import Importance
from minicoil.sparse.cells import SparseVector, bm25_vector
from minicoil.sparse.model import MiniCoil
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.manifest import importance_of
from tasks.catalogue.registry import CollectionRecord, open_record, read_collection_record
from tasks.catalogue.releases import publish_release
from tasks.collections.encoding import open_line_model
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.searching import search_collection
from tasks.collections.weighing import check_left_out, choose_importance
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.rewriting.promotion import contract_channel, promote
from tasks.rewriting.verification import verify_collection
from tasks.settings import Settings
from tasks.store.opening import open_store


def publish_chain(store, source, folder, carries):
    """The three releases of `source`, of which each number in `carries` has the file that weighs words."""
    parent = source / "model-0"
    width = read_shape(BundleLayout(parent).stack)[1]
    vector = np.random.default_rng(11).normal(scale=8, size=width + len(FEATURES)).astype(np.float32)
    for number in (1, 2, 3):
        out = folder / f"model-{number}"
        shutil.copytree(source / f"model-{number}", out)
        if number in carries:
            Importance(vector, 0.5).write(BundleLayout(out).importance)
        publish_release(store, out, number - 1 or None, {})
    return Importance(vector, 0.5).digest


@pytest.fixture(scope="module")
def weighed_store(releases, tmp_path_factory):
    """An object store whose releases 1 and 2 carry importance, and whose release 3 lost it."""
    folder = tmp_path_factory.mktemp("weighed")
    digest = publish_chain(open_store((folder / "store").as_uri(), Settings()), releases.parent, folder, (1, 2))
    return folder / "store", digest


@pytest.fixture
def home(weighed_store, tmp_path) -> Place:
    shutil.copytree(weighed_store[0], tmp_path / "weighed" / "store", copy_function=os.link)
    return Place.at(tmp_path / "weighed")


@pytest.fixture
def digest(weighed_store):
    return weighed_store[1]


def serve(place, release):
    set_pending(place.objects(), "production", release, read_channel(place.objects(), "production").current)
    move_current(place.objects(), "production", release)


def fill(place, points, texts, importance="auto", name="docs"):
    request = IndexRequest(name, "production", "minilm", 4, 1.2, 0.75, 8.0, importance)
    documents = (document(f"doc-{i}", "", text) for i, text in enumerate(texts))
    return index_documents(place, points, request, documents, CorpusReport())


def stored(points, name="docs"):
    return {
        point.payload["text"]: point.vectors
        for page in points.scroll(name, payload=["text"], vectors=True)
        for point in page
    }


def expected(place, release, texts, importance):
    model = MiniCoil.load(open_model(place, release, "minilm", 4), avg_len=8.0, importance=importance)
    return dict(zip(texts, model.embed(texts), strict=True)), model


def assert_written(points, vectors, name="docs"):
    found = stored(points, name)
    assert found.keys() == vectors.keys()
    for text, vector in vectors.items():
        held = found[text]["minicoil"]
        assert isinstance(held, SparseVector) and held.as_dict().keys() == vector.as_dict().keys(), text
        for cell, value in vector.as_dict().items():
            assert abs(held.as_dict()[cell] - value) < 1e-4, text


def test_a_collection_is_made_with_what_the_channels_release_carries_and_stays_so(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        answer = fill(home, points, texts)
        record = open_record(home.objects(), "docs")
        assert answer["importance"] == record.importance == digest == record.bm25.importance
        vectors, model = expected(home, 1, texts, digest)
        assert_written(points, vectors)
        plain = {text: bm25_vector(model.tokenizer.words(text), model.vocabulary, record.bm25) for text in texts}
        for text, held in stored(points).items():  # what is shown beside stays plain BM25
            assert held["bm25"].as_dict() == pytest.approx(plain[text].as_dict(), abs=1e-5)
        more = [f"pods and shards of locks {i}" for i in range(20)]
        fill(home, points, [*texts, *more], "none")  # a collection that is there keeps its own
        assert_written(points, expected(home, 1, [*texts, *more], digest)[0])


def test_a_promotion_keeps_it_and_every_point_is_what_encoding_anew_gives(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts)
    assert promote(home, "production", 2)["promoted"]
    with home.points() as points:
        record = open_record(home.objects(), "docs")
        assert record.importance == digest and record.release == 2
        assert verify_collection(home, points, record).is_sound
    contract_channel(home, "production")
    with home.points() as points:
        assert_written(points, expected(home, 2, texts, digest)[0])
        assert not verify_collection(home, points, replace_importance(record, "")).is_sound


def replace_importance(record: CollectionRecord, importance: str) -> CollectionRecord:
    return record.model_copy(update={"importance": importance, "previous": None, "kept": ()})


def test_a_release_without_the_file_does_not_serve_it_and_the_refusal_says_what_to_do(home, digest, texts):
    serve(home, 2)
    with home.points() as points:
        fill(home, points, texts[:20])
    with pytest.raises(CollectionError, match=f"weighed by importance {digest[:12]}, and release 3 carries none") as no:
        promote(home, "production", 3)
    assert "\n" not in str(no.value) and "rebuild docs NEW --importance none" in str(no.value)
    state = read_channel(home.objects(), "production")
    assert (state.current, state.pending) == (2, None)


def test_leaving_it_out_is_refused_before_anything_is_trained(home, digest, texts):
    serve(home, 2)
    with home.points() as points:
        fill(home, points, texts[:5], "none", "plain")
        check_left_out(home.objects(), "production")
        fill(home, points, texts[:5])
    with pytest.raises(UsageError, match="--importance none: the words of collection 'docs' are weighed"):
        check_left_out(home.objects(), "production")
    check_left_out(home.objects(), "another")


def test_none_makes_a_collection_as_ever_to_the_bit_and_any_release_serves_it(home, place, texts):
    for where in (home, place):
        serve(where, 1)
    with home.points() as points:
        assert fill(home, points, texts, "none")["importance"] is None
        ours = stored(points)
    with place.points() as points:
        assert fill(place, points, texts)["importance"] is None  # its releases carry nothing
        theirs = stored(points)
    for text, held in ours.items():
        for name, vector in held.items():
            assert vector.indices.tobytes() == theirs[text][name].indices.tobytes()
            assert vector.values.tobytes() == theirs[text][name].values.tobytes()
    assert promote(home, "production", 2)["promoted"] and promote(home, "production", 3)["promoted"]


def test_queries_are_the_same_and_search_finds_with_both(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts)
        fill(home, points, texts, "none", "plain")
    query = "pods on the node"
    with_it, without = (open_line_model(home, collection=name, query=True) for name in ("docs", "plain"))
    (one,), (other,) = with_it.query_embed(query), without.query_embed(query)
    assert one.as_dict() == other.as_dict()
    assert (
        search_collection(home, "docs", query, 5)["results"] and search_collection(home, "plain", query, 5)["results"]
    )


def test_an_explanation_multiplies_out_to_the_engines_score(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts)
        fill(home, points, texts, "none", "plain")
    query = "pods on the node with running music"
    weights = set()
    for name in ("docs", "plain"):
        best = search_collection(home, name, query, 3, compare=True)["results"]
        for hit in best:
            answer = search_collection(home, name, query, 1, explain=str(hit["id"]))["explanation"]
            assert answer["sum"] == pytest.approx(answer["score"], abs=1e-4)
            for row in (row for row in answer["words"] if row["meaning"] is not None):
                product = row["idf"] * row["tf"] * row["importance"] * row["meaning"]
                assert product == pytest.approx(row["score"], abs=1e-6)
                assert -1.0001 <= row["meaning"] <= 1.0001
                assert name == "docs" or row["importance"] == 1
                weights.add(round(row["importance"], 3))
    assert len(weights) > 3


def test_encoding_for_a_collection_weighs_as_it_does(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts[:10])
    model = open_line_model(home, collection="docs")
    found = dict(zip(texts, model.embed(texts), strict=True))
    for text, vector in expected(home, 1, texts, digest)[0].items():
        assert found[text].as_dict() == pytest.approx(vector.as_dict(), abs=1e-5)


def test_a_copy_inherits_it_or_is_made_without(home, digest, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts[:30])
        for target, asked, importance in (("same", "auto", digest), ("plain", "none", ""), ("again", "1", digest)):
            rebuild_collection(
                home, points, RebuildRequest("docs", target, "production", avg_len=8.0, importance=asked)
            )
            assert open_record(home.objects(), target).importance == importance
            assert_written(points, expected(home, 1, texts[:30], importance)[0], target)
        rebuild_collection(home, points, RebuildRequest("plain", "still-plain", "production"))
        assert open_record(home.objects(), "still-plain").importance == ""


def test_what_cannot_be_is_refused_in_one_line(home, digest):
    store = home.objects()
    assert choose_importance(store, "auto", 0) == "" == choose_importance(store, "none", 1)
    assert choose_importance(store, "1", 2) == digest == choose_importance(store, "auto", 2, digest)
    for asked, release, before, error, words in (
        ("3", 2, None, CollectionError, "release 3 carries no importance"),
        ("1", 3, None, CollectionError, "release 3, which the channel serves, carries none"),
        ("auto", 3, digest, CollectionError, "say --importance none"),
        ("always", 1, None, UsageError, "auto, none, or the number"),
        ("0", 1, None, UsageError, "auto, none, or the number"),
    ):
        with pytest.raises(error, match=words) as refused:
            choose_importance(store, asked, release, before)
        assert "\n" not in str(refused.value)


def test_records_of_older_versions_are_read_as_without_it(home, texts):
    serve(home, 1)
    with home.points() as points:
        fill(home, points, texts[:5], "none")
    key = "collections/docs.json"
    document = json.loads(home.objects().read(key))
    assert document["version"] == 6
    del document["importance"]
    home.objects().write(key, json.dumps({**document, "version": 4}).encode())
    record = read_collection_record(home.objects(), "docs")
    assert record is not None and record.importance == "" and record.bm25.importance == ""


def test_a_manifest_names_it_by_the_digest_that_the_file_has(home, digest):
    assert [importance_of(home.objects(), number) for number in (0, 1, 2, 3)] == ["", digest, digest, ""]
    folder = open_model(home, 2, "minilm", 4)
    assert Importance.read(BundleLayout(folder).importance).digest == digest


def test_fastembed_does_not_see_the_file(home, digest, texts, tmp_path):
    from minicoil.sparse.parity import check_parity

    folder = open_model(home, 1, "minilm", 4)
    assert check_parity(folder, texts[:5]).fastembed is not None
    child = tmp_path / f"child-{uuid.uuid4().hex[:6]}"
    derive_bundle(folder, child, check_bundle(folder)[1], {})
    assert BundleLayout(child).importance.read_bytes() == BundleLayout(folder).importance.read_bytes()
