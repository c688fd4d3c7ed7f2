"""Old releases go when nobody needs them, and with them what died while it was written."""

import json
import time

import pytest

from tasks.catalogue.best import BestServed, keep_best
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.catalogue.releases import claim_release, publish_release, release_numbers, verify_release
from tasks.readers.readers import announce_reader, new_reader_name
from tasks.releases.pruning import prune_releases
from tasks.store import local_store
from tasks.store.audit import list_deeds
from tasks.store.local_store import LocalStore
from tasks.store.s3_store import S3Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


def record(name):
    return CollectionRecord(
        name=name,
        channel="production",
        k=1.2,
        b=0.75,
        avg_len=9.5,
        dims=4,
        shift=224000,
        encoder="x",
        encoder_digest="y",
    )


def test_prune_keeps_what_a_channel_a_collection_or_a_reader_needs(store, folder):
    for number in range(1, 9):
        (folder / "words.json").write_text(str(number))
        publish_release(store, folder, number - 1 or None, {})
    set_pending(store, "production", 2, None)
    move_current(store, "production", 2)
    set_pending(store, "production", 4, 2)
    move_current(store, "production", 4)
    register_collection(store, record("docs").model_copy(update={"release": 3}))
    announce_reader(store, new_reader_name(), "production", 5)
    keep_best(store, BestServed(name="production", release=6, at="2026-01-01"))
    gone = prune_releases(store, keep_last=1, dry_run=True)
    assert gone["pruned"] == [1, 7] and release_numbers(store) == list(range(1, 9))
    assert prune_releases(store, keep_last=1)["pruned"] == [1, 7]
    assert release_numbers(store) == [2, 3, 4, 5, 6, 8]
    assert all(verify_release(store, number) == [] for number in release_numbers(store))
    assert read_manifest(store, 8).ancestors == (1, 2, 3, 4, 5, 6, 7)
    assert claim_release(store) == 9
    (deed,) = list_deeds(store)
    assert deed.action == "prune" and deed.facts["pruned"] == [1, 7]


def test_prune_removes_what_dead_uploads_left_but_not_what_may_still_be_running(store, folder):
    publish_release(store, folder, None, {})
    for number, age in ((2, 2 * 86_400), (3, 60)):
        store.write(release_key(number, ".claim"), json.dumps({"at": time.time() - age}).encode())
        store.write(release_key(number, "words.json"), b"[]")
    assert prune_releases(store)["abandoned"] == [2]
    assert store.stat(release_key(2, "words.json")) is None and store.stat(release_key(3, "words.json")) is not None


def test_prune_removes_writes_that_died_in_the_middle_but_not_what_may_still_be_running(store, tmp_path, monkeypatch):
    store.write("words/a.npz", b"whole")
    if isinstance(store, S3Store):
        store._client.create_multipart_upload(Bucket=store._bucket, Key="team/models/releases/1/model.onnx")
    else:
        (tmp_path / "store" / "words" / f"b.npz{local_store._PART}1").write_bytes(b"half")
    if isinstance(store, LocalStore):  # moto says of every upload that it began in 2010
        assert prune_releases(store)["n_unfinished"] == 0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86_400)
    assert prune_releases(store, dry_run=True)["n_unfinished"] == 1
    assert prune_releases(store)["n_unfinished"] == 1
    assert prune_releases(store)["n_unfinished"] == 0
    assert store.read("words/a.npz") == b"whole"
