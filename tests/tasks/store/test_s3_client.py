"""boto3's client is the user's own: their region, endpoint and encryption, and no secret is repeated."""

import pytest
from object_stores import open_at, s3_settings
from s3_double import S3Double

from minicoil.errors import UsageError
from tasks.settings import Settings
from tasks.store import s3_client
from tasks.store.s3_client import check_endpoint, encryption, find_region, make_client


def test_a_key_of_kms_without_its_encryption_is_refused():
    with pytest.raises(UsageError, match="set MINICOIL_S3_SSE=aws:kms too"):
        open_at("http://127.0.0.1:9", s3_sse_kms_key_id="k")


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


@pytest.mark.parametrize("address", [None, "http://objects:9000", "https://objects", "http://[::1]:9000"])
def test_an_endpoint_that_is_an_address_is_taken_as_it_was_given(address):
    assert check_endpoint(address) == address


@pytest.mark.parametrize("address", ["http://objects:0", "http://objects:65536", "https://:9000"])
def test_a_port_that_is_none_and_a_host_that_is_missing_are_no_address(address):
    with pytest.raises(UsageError) as said:
        check_endpoint(address)
    assert str(said.value) == (
        f"MINICOIL_S3_ENDPOINT_URL '{address}' is no address of an S3 API; give it with http:// or https://, as "
        f"http://{address.partition('://')[2]}"
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, {}),
        ({"s3_sse": "AES256"}, {"ServerSideEncryption": "AES256"}),
        (
            {"s3_sse": "aws:kms", "s3_sse_kms_key_id": "k"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"},
        ),
    ],
)
def test_encryption_says_what_was_asked_for_and_nothing_else(values, said):
    assert encryption(Settings(**values)) == said


def test_a_key_of_kms_with_another_encryption_is_refused():
    with pytest.raises(UsageError) as said:
        encryption(Settings(s3_sse="AES256", s3_sse_kms_key_id="k"))
    assert str(said.value) == (
        "MINICOIL_S3_SSE_KMS_KEY_ID names a key of KMS; set MINICOIL_S3_SSE=aws:kms too, or unset it"
    )


def test_the_region_of_a_profile_is_taken_where_none_is_named(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[default]\nregion = sa-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert find_region(None) == "sa-east-1" and find_region("eu-west-1") == "eu-west-1"


def test_a_store_of_ones_own_is_addressed_by_path_and_may_be_silent_for_as_long_as_was_set():
    """Names of buckets as hosts are AWS's own: nobody's wildcard DNS leads to a MinIO."""
    config = make_client(s3_settings("http://objects:9000", s3_timeout_seconds=7)).meta.config
    assert config.s3 == {"addressing_style": "path"} and config.read_timeout == 7
    assert make_client(s3_settings(None)).meta.config.s3 != {"addressing_style": "path"}


def test_requests_that_the_client_tries_again_are_counted_where_somebody_counts(monkeypatch):
    counted = []
    monkeypatch.setattr(s3_client, "is_counting", lambda: True)
    monkeypatch.setattr(s3_client, "count_store_retry", lambda: counted.append(1))

    class Busy(S3Double):
        n_left = 2

        def _get(self, key, headers, body):
            self.n_left -= 1
            return (503, {}, b"") if self.n_left >= 0 else (200, {"ETag": '"1"'}, b"there")

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with Busy() as double:
        assert open_at(double.address).read("a") == b"there"
    assert len(counted) == 2
