"""Pyarrow reads S3 where the object store's settings lead, with one client for as long as those stay the same."""

import pytest
from s3_double import S3Double

from minicoil.errors import UsageError
from tasks.store.s3_files import open_s3_files


@pytest.fixture(autouse=True)
def keys(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "MINICOIL_S3_REGION", "MINICOIL_S3_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")


def test_objects_are_read_at_the_endpoint_that_was_set(monkeypatch):
    with S3Double() as double:
        double.objects["a/b.txt"] = b"words"
        monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", f"{double.address}/")  # a slash that people leave behind
        monkeypatch.setenv("MINICOIL_S3_REGION", "eu-west-3")
        with open_s3_files().open_input_file("bucket/a/b.txt") as file:
            assert file.size() == 5
        assert [(method, key) for method, key, _ in double.sent] == [("HEAD", "a/b.txt")]
        assert "Credential=key/" in double.sent[0][2]["authorization"]
        assert "/eu-west-3/s3/aws4_request" in double.sent[0][2]["authorization"]


def test_a_client_is_made_anew_where_what_it_depends_on_has_changed(monkeypatch):
    first = open_s3_files()
    assert open_s3_files() is first and first.region == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")  # as AWS's own tools would have it
    second = open_s3_files()
    assert second is not first and second.region == "eu-north-1"
    monkeypatch.setenv("MINICOIL_S3_REGION", "ap-south-1")
    assert open_s3_files().region == "ap-south-1"


@pytest.mark.parametrize("address", ["objects:9000", "http://key:SECRET@objects:9000"])
def test_an_endpoint_is_refused_as_the_object_store_refuses_it(monkeypatch, address):
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", address)
    with pytest.raises(UsageError, match="^MINICOIL_S3_ENDPOINT_URL ") as said:
        open_s3_files()
    assert "key:SECRET" not in str(said.value)
