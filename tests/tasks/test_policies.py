"""The policies of SECURITY.md are enough for their roles, and no wider: every request is held against them."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import minicoil
from minicoil.errors import StoreError
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.registry import CollectionRecord, list_collections, register_collection
from tasks.catalogue.releases import publish_release
from tasks.catalogue.reports import write_report
from tasks.forgetting.forgetting import ForgetRequest, forget_documents
from tasks.place import Place
from tasks.readers.readers import list_readers
from tasks.releases.pruning import prune_releases
from tasks.report.inspecting import list_all_releases, list_words, pull, show_release, verify
from tasks.settings import Settings
from tasks.store.audit import record_deed
from tasks.store.opening import open_store
from tasks.training.word_memory import WordMemory

TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text()
POLICIES = {
    role: json.loads(policy)
    for role, policy in re.findall(r"\*\*(publisher|reader)\*\*.*?```json\n(.*?)```", TEXT, re.DOTALL)
}
WRITES = {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def is_allowed(policy, action, resource, prefix=None):
    """Whether one statement allows an action on a resource; conditions on the listed prefix included."""
    for statement in policy["Statement"]:
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"} and statement["Effect"] == "Allow"
        if action not in as_list(statement["Action"]):
            continue
        if not any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"])):
            continue
        condition = statement.get("Condition")
        if condition is None:
            return True
        assert list(condition) == ["StringLike"] and list(condition["StringLike"]) == ["s3:prefix"]
        return any(fnmatchcase(prefix or "", pattern) for pattern in as_list(condition["StringLike"]["s3:prefix"]))
    return False


def needs(operation, values):
    """What a request must be allowed: (action, resource, prefix)."""
    bucket = f"arn:aws:s3:::{values['Bucket']}"
    key = f"{bucket}/{values.get('Key', '')}"
    if operation in WRITES:
        return [("s3:PutObject", key, None)]
    if operation in ("CopyObject", "UploadPartCopy"):
        source = values["CopySource"]
        source = source["Key"] if isinstance(source, dict) else source.split("/", 1)[1]
        return [("s3:PutObject", key, None), ("s3:GetObject", f"{bucket}/{source}", None)]
    if operation in ("GetObject", "HeadObject"):
        return [("s3:GetObject", key, None)]
    if operation == "ListObjectsV2":
        return [("s3:ListBucket", bucket, values.get("Prefix"))]
    if operation == "ListMultipartUploads":
        return [("s3:ListBucketMultipartUploads", bucket, values.get("Prefix"))]
    return [(f"s3:{operation}", key, None)]


@pytest.fixture
def as_role(s3_address, make_bucket, monkeypatch, tmp_path):
    """A function that gives a place on one bucket whose every request is held against the policy of a role."""
    bucket = make_bucket(s3_address)
    for name, value in (("ENDPOINT_URL", s3_address), ("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(f"MINICOIL_S3_{name}", value)
    asked = []

    def give(role):
        policy = json.loads(json.dumps(POLICIES[role]).replace("BUCKET", bucket).replace("PREFIX", "some/prefix"))

        def check(params, model, **_):
            for action, resource, prefix in needs(model.name, params):
                asked.append((role, action))
                if not is_allowed(policy, action, resource, prefix):
                    raise StoreError(f"policy of {role}: {action} on {resource} ({prefix}) is not allowed")

        def opened(url, settings):
            store = open_store(url, settings)
            store._client.meta.events.register("provide-client-params.s3", check)
            return store

        monkeypatch.setattr("tasks.place.open_store", opened)
        return Place.at(tmp_path / role, f"s3://{bucket}/some/prefix")

    give.asked = asked
    return give


def record_of(place):
    return CollectionRecord(
        name="docs", channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x", encoder_digest="0"
    )  # fmt: skip


def test_a_publisher_and_a_reader_work_under_their_policies(as_role, releases):
    publisher = as_role("publisher")
    store = publisher.objects()
    for number in (1, 2, 3):
        publish_release(store, releases.parent / f"model-{number}", number - 1 or None, {})
    set_pending(store, "production", 3, None)
    move_current(store, "production", 3)
    register_collection(store, record_of(publisher))
    record_deed(store, "test", {})
    write_report(store, "reencode", "docs", {})
    assert WordMemory(store).read(["0" * 64]) == {} and list_readers(store) == []
    assert "nothing to do" in forget_documents(publisher, ForgetRequest(("absent",)))["message"]
    assert prune_releases(store, keep_last=1)["pruned"] == [1, 2]

    reader = as_role("reader")
    assert len(list_all_releases(reader)["releases"]) == 1 and show_release(reader, "production")["release"] == 3
    assert verify(reader, "3")["problems"] == [] and list_words(reader, "production", None)["words"] == []
    assert pull(reader, "production", str(reader.home / "pulled"))["release"] == 3
    with minicoil.load(f"{reader.store_url}@production", follow=True, avg_len=5.0) as model:
        assert len(list(model.embed(["pods on a node"]))) == 1
        assert list_readers(open_store(reader.store_url, Settings()))  # it announced itself
    assert list_readers(open_store(reader.store_url, Settings())) == []

    used = {role: {action for who, action in as_role.asked if who == role} for role in POLICIES}
    for role, policy in POLICIES.items():  # and nothing is granted that no request of the role needs
        granted = {action for statement in policy["Statement"] for action in as_list(statement["Action"])}
        assert granted - used[role] <= {"s3:AbortMultipartUpload"}, role  # asked for only when an upload fails


def test_a_reader_cannot_change_what_is_served(as_role, releases):
    publisher = as_role("publisher")
    publish_release(publisher.objects(), releases.parent / "model-1", None, {})
    set_pending(publisher.objects(), "production", 1, None)
    store = as_role("reader").objects()
    for act in (
        lambda: move_current(store, "production", 1),
        lambda: store.write("releases/1/manifest.json", b"{}"),
        lambda: store.delete("releases/1/manifest.json"),
        lambda: store.write("collections/docs.json", b"{}"),
        lambda: store.read("audit/x.json"),
        lambda: list(store.list("audit/")),
        lambda: store.read("words/x.npz"),
    ):
        with pytest.raises(StoreError, match="policy of reader"):
            act()
    assert read_channel(store, "production").pending == 1 and list_collections(store) == []


def test_a_policy_reaches_no_other_prefix(as_role):
    for role, policy in POLICIES.items():
        text = json.dumps(policy)
        assert "s3:*" not in text and '"*"' not in text, role
        for statement in policy["Statement"]:
            assert all(r.startswith("arn:aws:s3:::BUCKET") for r in as_list(statement["Resource"]))
