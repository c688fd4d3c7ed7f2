"""Object stores as they are: other regions, locks, encryption and versions; and stores that do less than they say."""

import hashlib
import threading
import uuid

import boto3
import pytest
from click.testing import CliRunner
from s3_double import S3Double

from flows.cli import main
from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError, UsageError
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.releases import publish_release, pull_release, release_numbers, verify_release
from tasks.releases.pruning import prune_releases
from tasks.settings import Settings
from tasks.store import s3_probe, s3_store
from tasks.store.opening import open_store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
OURS = {"s3_access_key_id": "key", "s3_secret_access_key": "secret"}


def open_at(address, bucket="bucket", **values):
    return open_store(f"s3://{bucket}/x", Settings(s3_endpoint_url=address, **OURS, **values))


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


@pytest.mark.parametrize("ignores", [("if-none-match",), ("if-none-match", "if-match")])
def test_a_store_that_passes_over_other_conditions_is_found_out_as_well(ignores):
    with S3Double(ignores=ignores) as double:
        assert not open_at(double.address).is_conditional


@pytest.mark.parametrize("refuses", [("if-match",), ("if-none-match",)])
def test_a_store_that_refuses_a_condition_it_does_not_know_is_used_with_locks(refuses):
    with S3Double(refuses=refuses) as double:
        store = open_at(double.address)
        assert not store.is_conditional and store.write("channels/c.json", b"one", if_absent=True)


def test_a_store_that_keeps_to_conditions_is_probed_without_a_second_version_of_anything():
    with S3Double() as double:
        assert open_at(double.address).is_conditional
        probes = [key for method, key, _ in double.sent if method == "PUT"]
        assert probes == ["x/capability"] * 3
        double.sent.clear()
        again = open_at(double.address)
        assert again.is_conditional  # neither of these two writes got through: a bucket with versions keeps one
        assert [headers.get("if-none-match") or headers.get("if-match") for _, _, headers in double.sent] == [
            "*",
            s3_probe.NO_TAG,
        ]


def test_reading_never_probes(folder):
    with S3Double() as double:
        store = open_at(double.address)
        assert read_channel(store, "production").current is None and list(store.list("")) == []
        assert {method for method, _, _ in double.sent} == {"GET"}


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


def test_a_key_of_kms_without_its_encryption_is_refused():
    with pytest.raises(UsageError, match="set MINICOIL_S3_SSE=aws:kms too"):
        open_at("http://127.0.0.1:9", s3_sse_kms_key_id="k")


def test_a_page_of_html_is_no_empty_store_and_no_object():
    with S3Double(page=True) as double:
        store = open_at(double.address)
        for ask in (
            lambda: list(store.list("releases/")),
            lambda: store.read("channels/production.json"),
            lambda: store.stat("channels/production.json"),
            lambda: store.write("a", b"1"),
            lambda: store.write("a", b"1", if_absent=True),
        ):
            with pytest.raises(StoreError, match="what answers there is no S3.*MINICOIL_S3_ENDPOINT_URL") as said:
                ask()
            assert not isinstance(said.value, StoreUnavailableError)  # no patience makes S3 of it


def test_a_command_says_it_in_one_line(tmp_path, monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"MINICOIL_S3_{name}", value)
    with S3Double(page=True) as double:
        monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", double.address)
        answer = CliRunner().invoke(main, ["release", "list", "--store", "s3://bucket/x", "--home", str(tmp_path)])
    assert answer.exit_code == 1 and "no S3" in answer.stderr and len(answer.stderr.strip().splitlines()) == 1


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


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("objects:9000", "http://objects:9000"),
        ("localhost", "http://localhost"),
        ("//objects:9000", "http://"),
        ("ftp://objects", "http://objects"),
        ("http://", "http://objects:9000"),
        ("http://objects:x", "http://"),
    ],
)
def test_an_endpoint_that_is_no_address_is_refused_with_how_it_is_written(address, shown):
    with pytest.raises(UsageError, match="is no address of an S3 API") as said:
        open_at(address)
    assert shown in str(said.value)


def test_an_endpoint_with_a_secret_is_refused_and_not_repeated():
    with pytest.raises(UsageError, match="carries a user name, password or key") as said:
        open_at("http://me:T0KEN@objects:9000")
    assert "T0KEN" not in str(said.value)


@pytest.mark.parametrize(
    ("environment", "values", "region"),
    [
        ({}, {}, "us-east-1"),
        ({"AWS_REGION": "eu-west-1"}, {}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, {}, "eu-north-1"),
        ({"AWS_REGION": "eu-west-1"}, {"s3_region": "ap-south-1"}, "ap-south-1"),
    ],
)
def test_requests_are_signed_for_the_users_own_region(monkeypatch, environment, values, region):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with S3Double() as double:
        open_at(double.address, **values).write("a", b"1")
        assert f"/{region}/s3/aws4_request" in double.sent[0][2]["authorization"]


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


def test_an_answer_that_names_another_region_says_which_setting_to_give():
    class Elsewhere(S3Double):
        def _get(self, key, headers, body):
            said = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"
            return 400, {"Content-Type": "application/xml"}, said

    with Elsewhere() as double, pytest.raises(StoreError, match="set MINICOIL_S3_REGION=eu-west-3"):
        open_at(double.address).read("a")
