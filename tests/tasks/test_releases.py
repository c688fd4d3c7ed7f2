"""Releases, channels and records over a local folder and S3 spoken over real HTTP."""

import json
import threading
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from minicoil.errors import ConflictError, ObjectNotFoundError, ReleaseError, StoreError
from tasks.channels import finish_contraction, move_current, point_back, read_channel, set_pending
from tasks.object_store import ObjectStore, open_store
from tasks.registry import CollectionRecord, list_collections, register_collection, update_collection
from tasks.releases import (
    open_release,
    publish_release,
    pull_release,
    read_manifest,
    release_key,
    release_numbers,
    verify_release,
)
from tasks.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3_settings(address, **changes):
    values = {"s3_endpoint_url": address, "s3_access_key_id": "key", "s3_secret_access_key": "secret"}
    return Settings(**{**values, **changes})


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path) -> ObjectStore:
    if request.param == "local":
        return open_store((tmp_path / "store").as_uri(), Settings())
    address = request.getfixturevalue("s3_address")
    bucket = f"b{abs(hash(tmp_path)) % 10**9}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/team/models", s3_settings(address))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    (made / "onnx").mkdir(parents=True)
    (made / "onnx" / "model.onnx").write_bytes(b"weights" * 1000)
    (made / "words.json").write_text("[1]")
    return made


def test_conditional_writes_let_one_writer_through(store):
    tag = store.write("a/x.json", b"1", if_absent=True)
    with pytest.raises(ConflictError):
        store.write("a/x.json", b"2", if_absent=True)
    store.write("a/x.json", b"2", if_tag=tag)
    with pytest.raises(ConflictError):
        store.write("a/x.json", b"3", if_tag=tag)
    assert store.read("a/x.json") == b"2"


def test_a_missing_object_and_a_key_that_leaves_the_store_are_refused(store):
    with pytest.raises(ObjectNotFoundError):
        store.read("nothing")
    with pytest.raises(StoreError, match="stay inside"):
        store.read("../secrets")


def test_listing_deleting_and_copying(store):
    store.write("p/one", b"1")
    store.copy("p/one", "p/two")
    assert [entry.key for entry in store.list("p/")] == ["p/one", "p/two"]
    store.delete("p/one")
    assert store.stat("p/one") is None
    assert store.read("p/two") == b"1"


def test_a_release_comes_back_as_it_was_published(store, folder, tmp_path):
    manifest = publish_release(store, folder, None, {"dims": 4})
    assert manifest.release == 1
    pulled = pull_release(store, 1, tmp_path / "out")
    assert (pulled / "onnx" / "model.onnx").read_bytes() == b"weights" * 1000
    assert verify_release(store, 1) == []
    assert open_release(store, 1, tmp_path / "cache").joinpath("words.json").read_text() == "[1]"


def test_publishing_the_same_content_again_publishes_nothing(store, folder):
    assert publish_release(store, folder, None, {}).release == publish_release(store, folder, None, {}).release
    assert release_numbers(store) == [1]


def test_files_that_the_parent_has_are_not_uploaded(store, folder, monkeypatch):
    publish_release(store, folder, None, {})
    (folder / "words.json").write_text("[1, 2]")
    sent = []
    upload = store.upload
    monkeypatch.setattr(store, "upload", lambda key, path, sha256: (sent.append(key), upload(key, path, sha256)))
    publish_release(store, folder, 1, {})
    assert sent == ["releases/2/words.json"]
    assert verify_release(store, 2) == []


def test_an_interrupted_publish_is_no_release_and_the_next_one_succeeds(store, folder, monkeypatch):
    upload = store.upload
    with monkeypatch.context() as patch:
        patch.setattr(store, "upload", lambda *a: (_ for _ in ()).throw(StoreError("cut")))
        with pytest.raises(StoreError):
            publish_release(store, folder, None, {})
    assert release_numbers(store) == []
    assert upload and publish_release(store, folder, None, {}).release == 2


def test_damage_is_found_by_verify_and_refused_by_pull_without_leftovers(store, folder, tmp_path):
    publish_release(store, folder, None, {})
    store.write(release_key(1, "words.json"), b"[9]")
    assert verify_release(store, 1) == ["words.json is damaged"]
    with pytest.raises(ReleaseError, match="words.json"):
        pull_release(store, 1, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["facts"].update(dims=8), "changed after publishing"),
        (lambda d: d["files"].update({"../x": d["files"]["words.json"]}), "leads outside"),
        (lambda d: d.pop("files"), "files"),
    ],
)
def test_a_manifest_edited_by_hand_is_refused(store, folder, change, message):
    publish_release(store, folder, None, {"dims": 4})
    document = json.loads(store.read(release_key(1, "manifest.json")))
    change(document)
    store.write(release_key(1, "manifest.json"), json.dumps(document).encode())
    with pytest.raises(ReleaseError, match=message):
        read_manifest(store, 1)


def test_a_channel_goes_through_its_phases_and_back(store):
    set_pending(store, "production", 1, None)
    assert read_channel(store, "production").phase == "expanding"
    assert move_current(store, "production", 1).phase == "idle"
    set_pending(store, "production", 2, 1)
    state = move_current(store, "production", 2)
    assert (state.current, state.previous, state.phase) == (2, 1, "switched")
    assert point_back(store, "production").current == 1
    finish_contraction(store, "production")
    with pytest.raises(ReleaseError, match="cells are gone"):
        point_back(store, "production")
    assert [row.action for row in read_channel(store, "production").history][-2:] == ["rollback", "contract"]


def test_a_second_publisher_is_told_and_the_first_goes_on(store):
    set_pending(store, "production", 1, None)
    with pytest.raises(ConflictError, match="already being moved"):
        set_pending(store, "production", 2, None)
    assert set_pending(store, "production", 1, None).pending == 1


def test_many_publishers_at_once_lose_nothing(store, tmp_path):
    def publish(number):
        folder = tmp_path / f"model{number}"
        folder.mkdir()
        (folder / "words.json").write_text(str(number))
        release = publish_release(store, folder, None, {}).release
        try:
            set_pending(store, "production", release, None)
        except ConflictError:
            told.append(release)

    told: list[int] = []
    threads = [threading.Thread(target=publish, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(release_numbers(store)) == 6 and len(told) == 5
    assert read_channel(store, "production").pending not in told


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


def test_collections_are_registered_once_and_updated_in_place(store):
    register_collection(store, record("docs"))
    assert register_collection(store, record("docs").model_copy(update={"k": 2.0})).k == 1.2
    update_collection(store, "docs", lambda r: r.model_copy(update={"release": 3}))
    assert [r.release for r in list_collections(store, "production")] == [3]


def test_a_bucket_that_does_not_exist_is_named(s3_address):
    with pytest.raises(StoreError, match="bucket 'absent' does not exist"):
        open_store("s3://absent/x", s3_settings(s3_address)).write("a", b"")
