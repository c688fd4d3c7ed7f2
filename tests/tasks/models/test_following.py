"""A model that follows a channel: what it serves at every step of a move, and what it says when it cannot."""

import gc
import os
import shutil
import threading
import time

import numpy as np
import pytest

import minicoil
from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, ReleaseError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.sparse.model import MiniCoil
from tasks.catalogue.channels import (
    ChannelState,
    finish_contraction,
    move_current,
    point_back,
    read_channel,
    set_pending,
)
from tasks.catalogue.manifest import release_key
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.catalogue.releases import publish_release
from tasks.models import following
from tasks.models.following import ChannelFollower, Target, choose_target
from tasks.place import Place
from tasks.readers.readers import list_readers

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's and moto's making
DOCUMENT = "a pod and the nodes of a quantum kernel"
BM25 = Bm25Config(avg_len=9.0)


@pytest.fixture(scope="module")
def folders(bundle, tmp_path_factory):
    """Two releases' folders; the second retrains "pod" and adds "quantum"."""
    _, old = check_bundle(bundle)
    new, fresh = old.apply({"quantum": []}, retrain=["pod"])
    rng = np.random.default_rng(7)
    child = tmp_path_factory.mktemp("releases") / "second"
    derive_bundle(bundle, child, new, {i: rng.normal(size=(384, 4)).astype(np.float32) for i in fresh.values()})
    return bundle, child


def publish_both(place, folders):
    store = place.objects()
    assert publish_release(store, folders[0], None, {}).release == 1
    assert publish_release(store, folders[1], 1, {}).release == 2
    set_pending(store, "production", 1, None)
    move_current(store, "production", 1)
    return store


@pytest.fixture(scope="module")
def published(folders, tmp_path_factory):
    """A file store with both releases, published once."""
    place = Place.at(tmp_path_factory.mktemp("published"))
    publish_both(place, folders)
    return place


def link_or_copy(source, target):
    if os.path.getsize(source) > 1_000_000:
        return os.link(source, target)
    return shutil.copyfile(source, target)


@pytest.fixture
def place(published, tmp_path):
    """The same, with a channel of its own to move; large files are hard links."""
    shutil.copytree(published.home, tmp_path / "home", copy_function=link_or_copy)
    return Place.at(tmp_path / "home")


@pytest.fixture
def s3_place(s3_address, make_bucket, tmp_path, monkeypatch):
    bucket = make_bucket(s3_address)
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", s3_address)
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("MINICOIL_HOME", str(tmp_path / "home"))
    return Place.at(tmp_path / "home", f"s3://{bucket}/team")


def vectors_of(folder):
    model = MiniCoil.load(folder, avg_len=BM25.avg_len, threads=1)
    (document,), (query,) = model.embed(DOCUMENT), model.query_embed(DOCUMENT)
    return set(document.indices.tolist()), query.indices.tolist()


def seen(model):
    (document,), (query,) = model.embed(DOCUMENT), model.query_embed(DOCUMENT)
    return set(document.indices.tolist()), query.indices.tolist()


def live_through_a_move(model, store, folders):
    """The whole way from release 1 to release 2 and back to one."""
    (old_cells, old_query), (new_cells, new_query) = map(vectors_of, folders)
    assert old_query != new_query
    assert seen(model) == (old_cells, old_query)
    assert [(r.name, r.channel, r.release) for r in list_readers(store)] == [(model.name, "production", 1)]
    set_pending(store, "production", 2, 1)
    assert model.refresh()
    assert seen(model) == (old_cells | new_cells, old_query)  # writers serve both, readers the one that is current
    assert model.releases == (1, 2) and model.release == 1
    move_current(store, "production", 2)
    assert model.refresh()
    assert seen(model) == (old_cells | new_cells, new_query)
    assert [reader.release for reader in list_readers(store)] == [2]
    point_back(store, "production")
    assert model.refresh()
    assert seen(model) == (old_cells | new_cells, old_query)
    point_back(store, "production")
    finish_contraction(store, "production")
    assert model.refresh() and not model.refresh()
    assert seen(model) == (new_cells, new_query)
    assert model.releases == (2,) and model.problem is None
    model.close()
    assert list_readers(store) == []
    assert seen(model) == (new_cells, new_query)  # what it has goes on


def test_a_follower_lives_through_a_move_in_a_folder(place, folders):
    live_through_a_move(ChannelFollower(place, "production", BM25, threads=1), place.objects(), folders)


@pytest.mark.slow
def test_a_follower_lives_through_a_move_on_s3_from_the_front_door(s3_place, folders):
    store = publish_both(s3_place, folders)
    address = f"{s3_place.store_url}@production"
    with minicoil.load(address, avg_len=9.0, threads=1, follow=True) as model:
        live_through_a_move(model, store, folders)


def test_it_notices_a_move_by_itself(place, folders):
    store = place.objects()
    with ChannelFollower(place, "production", BM25, threads=1, poll_seconds=0.05) as model:
        set_pending(store, "production", 2, 1)
        move_current(store, "production", 2)
        for _ in range(200):
            if model.release == 2:
                break
            time.sleep(0.1)
        assert model.release == 2


def test_a_release_that_does_not_load_is_reported_and_the_old_one_stays(place, folders, caplog):
    store = place.objects()
    with ChannelFollower(place, "production", BM25, threads=1) as model:
        before = seen(model)
        graph = store.local_path(release_key(2)) / "onnx" / "model.onnx"
        whole = graph.read_bytes()
        graph.unlink()  # others link to it
        graph.write_bytes(whole[:1000])  # a file of the wrong size
        set_pending(store, "production", 2, 1)
        move_current(store, "production", 2)
        assert not model.refresh()
        assert "not the" in model.problem and "model.onnx" in model.problem
        assert "release 1 stays in use" in caplog.text
        assert seen(model) == before and model.release == 1
        assert [reader.release for reader in list_readers(store)] == [1]
        first = model.wait_seconds
        model.refresh()
        assert model.wait_seconds > first  # not a hundred megabytes every time
        graph.write_bytes(b"\x00" * len(whole))  # the right size, and no graph
        assert not model.refresh() and "cannot be loaded" in model.problem
        graph.write_bytes(whole)
        assert model.refresh() and model.problem is None and model.release == 2


def test_a_store_that_is_gone_for_a_while_is_reported(place, monkeypatch):
    with ChannelFollower(place, "production", BM25, threads=1) as model:
        before = seen(model)
        channel = place.objects().local_path("channels/production.json")
        content = channel.read_bytes()
        channel.write_bytes(b"{")
        assert not model.refresh() and "damaged" in model.problem
        assert seen(model) == before
        channel.write_bytes(content)
        assert not model.refresh() and model.problem is None


def test_a_call_in_flight_ends_with_the_model_it_began_with(place, folders):
    (_, old_query), (_, new_query) = map(vectors_of, folders)
    store = place.objects()
    with ChannelFollower(place, "production", BM25, threads=1) as model:
        begun = model.query_embed(iter([DOCUMENT] * 5), batch_size=2)
        waiting = model.query_embed(DOCUMENT)  # called, not asked yet
        assert next(begun).indices.tolist() == old_query
        set_pending(store, "production", 2, 1)
        move_current(store, "production", 2)
        assert model.refresh()
        assert [vector.indices.tolist() for vector in begun] == [old_query] * 4
        assert next(waiting).indices.tolist() == old_query
        assert seen(model)[1] == new_query


def test_many_threads_see_one_release_or_the_other_and_nothing_between(place, folders):
    allowed = [query for _, query in map(vectors_of, folders)]
    store = place.objects()
    wrong, stop = [], threading.Event()
    with ChannelFollower(place, "production", BM25, threads=1) as model:

        def ask():
            while not stop.is_set():
                (vector,) = model.query_embed(DOCUMENT)
                if vector.indices.tolist() not in allowed:
                    wrong.append(vector)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        set_pending(store, "production", 2, 1)
        move_current(store, "production", 2)
        for _ in range(2):
            assert model.refresh()
            point_back(store, "production")
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong


def test_the_lease_is_renewed_and_a_dropped_follower_leaves(place, monkeypatch):
    store = place.objects()
    monkeypatch.setattr(following, "LEASE_SECONDS", 0.0)
    model = ChannelFollower(place, "production", BM25, threads=1, poll_seconds=0.05)
    (before,) = list_readers(store)
    for _ in range(600):  # a loaded machine looks seldom
        (after,) = list_readers(store)
        if after.until > before.until:
            break
        time.sleep(0.05)
    assert after.until > before.until
    del model
    for _ in range(100):
        gc.collect()
        if not list_readers(store):
            break
        time.sleep(0.05)
    assert list_readers(store) == []


def register(store, **changes):
    values = {"name": "docs", "channel": "production", "k": 1.5, "b": 0.4, "avg_len": 33.0, "dims": 4}
    record = CollectionRecord(**{**values, "shift": 128000, "encoder": "minilm", "encoder_digest": "", **changes})
    return register_collection(store, record)


def test_a_named_collection_gives_its_settings_and_says_what_can_be_read(place, folders):
    store = place.objects()
    register(store, release=2, previous=1)
    with ChannelFollower(place, "production", BM25, collection="docs", threads=1) as model:
        assert model.bm25 == Bm25Config(1.5, 0.4, 33.0)
        assert (model.release, model.releases) == (1, (1, 2))
        (vector,) = model.embed(DOCUMENT)
        own = MiniCoil.load(folders[1], 1.5, 0.4, 33.0, threads=1).beside(check_bundle(folders[0])[1])
        np.testing.assert_array_equal(vector.values, next(own.embed(DOCUMENT)).values)
    with pytest.raises(CollectionError, match=r"'nowhere' is not on channel 'production'; collections there: docs"):
        ChannelFollower(place, "production", BM25, collection="nowhere")


def test_a_channel_without_release_and_an_address_without_channel_are_refused(place):
    with pytest.raises(ReleaseError, match="'staging' serves no release yet"):
        ChannelFollower(place, "staging", BM25)
    with pytest.raises(UsageError, match="never moves"):
        following.follow(f"{place.store_url}@2")
    with pytest.raises(UsageError, match="is a folder"):
        minicoil.load(place.home, follow=True)
    with pytest.raises(UsageError, match="collection="):
        minicoil.load(place.home, collection="docs")


def record(release, previous=None, kept=()):
    values = {"k": 1.0, "b": 0.5, "avg_len": 3.0, "dims": 4, "shift": 128000, "encoder": "e", "encoder_digest": ""}
    return CollectionRecord(name="c", channel="p", release=release, previous=previous, kept=kept, **values)


@pytest.mark.parametrize(
    ("state", "of", "others", "expected"),
    [
        ({"current": 3}, None, [], (3, ())),
        ({"current": 3, "pending": 4, "phase": "expanding"}, None, [], (3, (4,))),
        ({"current": 4, "previous": 3, "phase": "switched"}, None, [], (4, (3,))),
        ({"current": 3, "previous": 4, "phase": "switched"}, None, [], (3, (4,))),
        ({"current": 4}, None, [record(4, 3)], (4, (3,))),
        ({"current": 4}, None, [record(4)], (4, ())),
        ({}, record(0), [], (0, ())),
        ({"pending": 1, "phase": "expanding"}, record(0), [], (0, (1,))),
        ({"current": 3, "pending": 4, "phase": "expanding"}, record(3), [], (3, (4,))),
        ({"current": 3, "pending": 4, "phase": "expanding"}, record(4, 3), [], (3, (4,))),
        ({"current": 4, "previous": 3, "phase": "switched"}, record(4, 3), [], (4, (3,))),
        ({"current": 5}, record(4), [], (4, ())),  # the channel moved on without this collection
        # cells that stay for readers which say nothing
        ({"current": 4, "previous": 3, "phase": "switched"}, record(4, 3, (1, 2)), [], (4, (3, 2, 1))),
        ({"current": 4, "pending": 5, "phase": "expanding"}, record(4, 3, (1,)), [], (4, (5, 3, 1))),
        ({"current": 4, "pending": 2, "phase": "expanding"}, record(4, 3, (1, 2)), [], (4, (2, 3, 1))),
        ({"current": 4}, None, [record(4), record(4, 2, (1,))], (4, (2, 1))),
    ],
)
def test_what_to_serve_follows_from_the_channel_and_the_collection(state, of, others, expected):
    bm25 = Bm25Config(1.0, 0.5, 3.0) if of else BM25
    target = choose_target(ChannelState(name="p", **state), of, others, BM25)
    assert (target.release, target.beside, target.bm25) == (*expected, bm25)


def test_before_the_first_release_documents_get_plain_and_coming_cells(place, folders):
    model = ChannelFollower(place, "production", BM25, threads=1)
    served = model._load(Target(0, (1,), BM25))
    (plain,) = served.queries.query_embed("pods")
    (both,) = served.documents.embed("pods")
    (trained,) = MiniCoil.load(folders[0], threads=1).query_embed("pods")
    assert len(plain.indices) == 1 and len(trained.indices) == 4
    assert set(both.indices.tolist()) == {*plain.indices.tolist(), *trained.indices.tolist()}
    assert read_channel(place.objects(), "production").current == 1
    assert BundleLayout(folders[0]).encoder.exists()
    model.close()
