"""S3 as it is found: other regions, locks, encryption and versions; and stores that do less than they say."""

import hashlib
import os
import threading
import uuid

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from object_stores import open_at, s3_settings
from s3_double import S3Double

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreUnavailableError
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.releases import describe_file, publish_release, pull_release, release_numbers, verify_release
from tasks.releases.pruning import prune_releases
from tasks.store import s3_store
from tasks.store.opening import open_store
from tasks.store.s3_store import MULTIPART_BYTES

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


@pytest.fixture(autouse=True)
def quick_locks(monkeypatch):
    monkeypatch.setattr(s3_store, "_SETTLE_SECONDS", 0.01)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model" / "onnx").mkdir(parents=True)
    for name in ("a.txt", "onnx/model.onnx"):
        (tmp_path / "model" / name).write_bytes(name.encode() * 1000)
    return tmp_path / "model"


def live_a_life(store, folder, target):
    """A release published twice over, a channel moved, an older release pruned, one pulled."""
    publish_release(store, folder, None, {"n": 1})
    (folder / "a.txt").write_bytes(b"changed")
    second = publish_release(store, folder, 1, {"n": 2}).release
    set_pending(store, "production", second, None)
    move_current(store, "production", second)
    with pytest.raises(ConflictError):
        set_pending(store, "production", 1, 77)
    assert prune_releases(store, keep_last=1)["pruned"] == [1]
    assert release_numbers(store) == [2] and verify_release(store, 2) == []
    pull_release(store, 2, target)
    assert (target / "a.txt").read_bytes() == b"changed"
    assert read_channel(store, "production").current == 2


def test_a_store_that_passes_over_if_match_is_found_out_and_locks_stand_in(folder, tmp_path):
    with S3Double(ignores=("if-match",)) as double:
        store = open_at(double.address)
        assert not store.is_conditional
        tag = store.write("notes/c.json", b"one", if_absent=True)
        other = open_at(double.address)
        other.write("notes/c.json", b"two", if_tag=tag)
        with pytest.raises(ConflictError):
            store.write("notes/c.json", b"three", if_tag=tag)
        assert double.objects["x/notes/c.json"] == b"two"
        live_a_life(store, folder, tmp_path / "pulled")
        assert not [key for key in double.objects if key.endswith(".lock")]


def test_two_writers_of_one_channel_lose_nothing_where_only_locks_keep_them_apart(monkeypatch):
    # a busy machine stops a thread for longer than two writers apart would wait for each other's answers
    monkeypatch.setattr("tasks.store.s3_store._SETTLE_SECONDS", 1.0)
    with S3Double(ignores=("if-match",)) as double:
        stores = [open_at(double.address) for _ in range(2)]
        stores[0].write("n", b"0")

        def add(store):
            for _ in range(3):
                while True:
                    data, tag = store.read_tagged("n")
                    try:
                        store.write("n", str(int(data) + 1).encode(), if_tag=tag)
                        break
                    except ConflictError:
                        continue

        threads = [threading.Thread(target=add, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert double.objects["x/n"] == b"6"


@pytest.mark.parametrize("header", ["x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm"])
def test_a_store_that_refuses_checksum_headers_gets_files_with_another_digest(folder, tmp_path, header):
    with S3Double(refuses=(header,)) as double:
        live_a_life(open_at(double.address), folder, tmp_path / "pulled")
        puts = [
            headers for method, key, headers in double.sent if method == "PUT" and key.endswith("1/onnx/model.onnx")
        ]
        assert puts and "content-md5" in puts[-1] and header not in puts[-1]


def test_every_object_carries_a_digest_which_a_bucket_with_object_lock_asks_for():
    with S3Double(wants=("content-md5",)) as double:
        store = open_at(double.address)
        store.write("a.json", b"{}")
        assert store.write("b.json", b"{}", if_absent=True) and double.objects.keys() >= {"x/a.json", "x/b.json"}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"s3_sse": "AES256"}, {"x-amz-server-side-encryption": "AES256"}),
        (
            {"s3_sse": "aws:kms", "s3_sse_kms_key_id": "arn:aws:kms:eu-west-1:1:key/k"},
            {
                "x-amz-server-side-encryption": "aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:1:key/k",
            },
        ),
    ],
)
def test_encryption_that_was_asked_for_goes_with_every_write(values, wanted, tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    with S3Double(wants=tuple(wanted)) as double:
        store = open_at(double.address, **values)
        store.write("a.json", b"{}", if_absent=True)
        store.upload("f", tmp_path / "f", hashlib.sha256(b"12345").hexdigest())
        writes = [headers for method, _, headers in double.sent if method == "PUT"]
        assert writes and all(headers[name] == value for headers in writes for name, value in wanted.items())


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '"x"', "{}", '{"until": "soon", "nonce": 1}', '{"until": null}', "<html></html>", "\x00"],
)
def test_a_lock_object_that_is_none_holds_nobody(text):
    with S3Double(ignores=("if-match",)) as double:
        double.objects["x/channels/c.json.lock"] = text.encode()
        store = open_at(double.address)
        store.write("channels/c.json", b"one", if_absent=True)
        assert double.objects["x/channels/c.json"] == b"one" and "x/channels/c.json.lock" not in double.objects


@pytest.fixture
def bucket_of(s3_address):
    """A function that makes a bucket of some kind at moto, and returns its name and a client."""

    def make(region="us-east-1", versioned=False, **values):
        client = boto3.client("s3", endpoint_url=s3_address, region_name=region, **KEYS)
        name = f"b{uuid.uuid4().hex[:12]}"
        if region != "us-east-1":
            values["CreateBucketConfiguration"] = {"LocationConstraint": region}
        client.create_bucket(Bucket=name, **values)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name, client

    return make


def test_a_bucket_with_versions_serves_as_any_other_and_keeps_what_was_deleted(s3_address, bucket_of, folder, tmp_path):
    name, client = bucket_of(versioned=True)
    store = open_at(s3_address, name)
    assert store.is_conditional
    live_a_life(store, folder, tmp_path / "pulled")
    with pytest.raises(ObjectNotFoundError):
        store.read("releases/1/a.txt")
    versions = client.list_object_versions(Bucket=name, Prefix="x/releases/1/a.txt")["Versions"]
    assert len(versions) == 1  # a lifecycle rule of the bucket removes it, and nothing else does


def test_a_bucket_with_object_lock_serves_as_any_other(s3_address, bucket_of, folder, tmp_path):
    name, client = bucket_of(ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    client.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    live_a_life(open_at(s3_address, name), folder, tmp_path / "pulled")


def test_a_bucket_elsewhere_is_used_with_its_region(s3_address, bucket_of, folder, tmp_path):
    name, _ = bucket_of(region="eu-central-1")
    live_a_life(open_at(s3_address, name, s3_region="eu-central-1"), folder, tmp_path / "pulled")


def test_a_large_object_is_copied_whole_where_the_store_copies_no_parts(store, tmp_path, monkeypatch):
    """rclone takes each part of such a copy for an upload of nothing, and says nothing of it."""
    config = TransferConfig(multipart_threshold=6 * 2**20, multipart_chunksize=5 * 2**20)
    monkeypatch.setattr(s3_store, "_TRANSFER", config)
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (11 * 2**20 // 256))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    store.upload("p/one", path, sha256)
    store.copy("p/one", "p/two")
    assert store.digest("p/two") == sha256 and store.stat("p/two").size_bytes == 11 * 2**20
    assert {entry.key for entry in store.list("p/")} == {"p/one", "p/two"}


def test_a_line_cut_in_the_middle_of_a_part_is_taken_up_again_or_leaves_no_object(fault_proxy, tmp_path, make_bucket):
    store = open_store(f"s3://{make_bucket(fault_proxy.address)}/m", s3_settings(fault_proxy.address))
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1000) * (MULTIPART_BYTES // 1000 + 1))
    entry = describe_file(large)
    fault_proxy.fault = lambda method, path: "drop" if "partNumber=3" in path else None
    with pytest.raises(StoreUnavailableError):
        store.upload("large", large, entry.sha256)
    assert store.stat("large") is None
    dropped = []

    def drop_once(method, path):
        if "partNumber=3" in path and not dropped:
            dropped.append(path)
            return "drop"
        return None

    fault_proxy.fault = drop_once
    assert store.upload("large", large, entry.sha256) == entry.size_bytes
    assert dropped and store.digest("large") == entry.sha256
