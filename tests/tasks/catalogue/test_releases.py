"""Releases, channels and records over a local folder and S3 spoken over real HTTP."""

import json
import threading

import numpy as np
import pytest
from object_stores import s3_settings

from minicoil.errors import (
    CollectionError,
    ConflictError,
    ReleaseError,
    StoreError,
    StoreUnavailableError,
)
from minicoil.files.stack import append_rows, create_stack, read_shape
from tasks.catalogue.channels import finish_contraction, move_current, point_back, read_channel, set_pending
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.registry import (
    CollectionRecord,
    list_collections,
    read_collection_record,
    register_collection,
)
from tasks.catalogue.releases import (
    open_release,
    publish_release,
    pull_release,
    release_numbers,
    role_model_of,
    verify_release,
)
from tasks.settings import Settings
from tasks.store.opening import open_store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


def test_a_release_that_says_nothing_has_the_role_model_of_those_it_grew_from(store, folder):
    imported = publish_release(store, folder, None, {}).release
    trained = publish_release(store, folder, imported, {"role_model": "owner/role"}).release
    shrunk = publish_release(store, folder, publish_release(store, folder, trained, {}).release, {}).release
    assert role_model_of(store, imported) is None
    assert role_model_of(store, trained) == role_model_of(store, shrunk) == "owner/role"


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
    monkeypatch.setattr(store, "upload", lambda key, *rest: (sent.append(key), upload(key, *rest))[1])
    published = publish_release(store, folder, 1, {})
    assert sent == ["releases/2/words.json"]
    assert (published.uploaded_bytes, published.copied_bytes) == (6, 7000)
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
    # a lock of objects, where there are no conditional writes, takes a second a turn
    n_publishers = 20 if getattr(store, "is_conditional", True) else 5

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
    threads = [threading.Thread(target=publish, args=(n,)) for n in range(n_publishers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(release_numbers(store)) == n_publishers and len(told) == n_publishers - 1
    assert read_channel(store, "production").pending not in told
    assert all(verify_release(store, number) == [] for number in release_numbers(store))


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


def test_a_store_that_is_busy_for_a_moment_is_waited_for(fault_proxy, folder, make_bucket):
    store = open_store(f"s3://{make_bucket(fault_proxy.address)}/m", s3_settings(fault_proxy.address))
    left = [4]

    def busy_for_a_while(method, path):
        left[0] -= method == "PUT"
        return "busy" if method == "PUT" and left[0] > 0 and left[0] % 2 else None

    fault_proxy.fault = busy_for_a_while
    assert publish_release(store, folder, None, {}).release == 1
    assert verify_release(store, 1) == []


def test_a_store_that_stays_busy_is_one_clear_error_and_no_release(fault_proxy, folder, make_bucket):
    store = open_store(f"s3://{make_bucket(fault_proxy.address)}/m", s3_settings(fault_proxy.address))
    fault_proxy.fault = lambda method, path: "busy" if method == "PUT" and "words.json" in path else None
    with pytest.raises(StoreUnavailableError, match="SlowDown"):
        publish_release(store, folder, None, {})
    fault_proxy.fault = lambda method, path: None
    assert release_numbers(store) == []
    assert publish_release(store, folder, None, {}).release == 2


@pytest.mark.parametrize("fault", ["cut", "drop"])
def test_a_line_cut_while_pulling_leaves_nothing_that_could_be_loaded(
    fault_proxy, folder, tmp_path, make_bucket, fault
):
    store = open_store(f"s3://{make_bucket(fault_proxy.address)}/m", s3_settings(fault_proxy.address))
    publish_release(store, folder, None, {})
    fault_proxy.fault = lambda method, path: fault if method == "GET" and "model.onnx" in path else None
    with pytest.raises(StoreUnavailableError):
        pull_release(store, 1, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    fault_proxy.fault = lambda method, path: None
    assert (pull_release(store, 1, tmp_path / "out") / "words.json").exists()


def grown_stack(folder, rows):
    """A stack of 30 MB, then 1.6 MB of rows appended."""
    path = folder / "minicoil.triplet.model.npy"
    if not path.exists():
        create_stack(path, 512, 4)
    n_old = read_shape(path)[0]
    rng = np.random.default_rng(rows)
    append_rows(path, n_old, rng.normal(size=(rows, 512, 4)).astype(np.float32))
    return path


def test_of_a_file_that_grew_only_head_and_tail_travel_where_the_store_copies_parts(store, folder):
    grown_stack(folder, 3700)
    publish_release(store, folder, None, {})
    path = grown_stack(folder, 200)
    published = publish_release(store, folder, 1, {})
    assert verify_release(store, 2) == [] and verify_release(store, 1) == []
    composes = getattr(store, "_composes", False)
    assert published.uploaded_bytes == (5 * 2**20 + 200 * 512 * 4 * 4 if composes else path.stat().st_size)


def test_an_object_that_was_damaged_is_not_grown_from_in_silence(store, folder):
    path = grown_stack(folder, 3700)
    publish_release(store, folder, None, {})
    data = bytearray(path.read_bytes())
    data[-5_000_000] ^= 1
    store.write(release_key(1, path.name), bytes(data))
    assert verify_release(store, 1) == ["minicoil.triplet.model.npy is damaged"]


def test_a_file_cut_short_on_this_machine_is_refused_on_opening(folder, tmp_path):
    store = open_store((tmp_path / "store").as_uri(), Settings())
    publish_release(store, folder, None, {})
    place = open_release(store, 1, tmp_path / "cache")
    (place / "onnx" / "model.onnx").write_bytes(b"weig")
    with pytest.raises(ReleaseError, match="7,000 bytes that were published"):
        open_release(store, 1, tmp_path / "cache")


def test_what_a_newer_version_of_this_program_wrote_is_refused_and_left_alone(store, folder):
    publish_release(store, folder, None, {})
    set_pending(store, "c", 1, None)
    register_collection(store, record("docs"))
    for key, read in (
        ("releases/1/manifest.json", lambda: read_manifest(store, 1)),
        ("channels/c.json", lambda: read_channel(store, "c")),
        ("collections/docs.json", lambda: list_collections(store)),
    ):
        document = json.loads(store.read(key))
        newer = json.dumps({**document, "version": 99, "more": True}).encode()
        store.write(key, newer)
        with pytest.raises((ReleaseError, CollectionError), match="has format 99, .* newer version .* upgrade"):
            read()
        assert store.read(key) == newer
        store.write(key, json.dumps({**document, "version": "two"}).encode())
        with pytest.raises((ReleaseError, CollectionError), match="damaged at version.*backup"):
            read_collection_record(store, "docs") if key.startswith("collections/") else read()
