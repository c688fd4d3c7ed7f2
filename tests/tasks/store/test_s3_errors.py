"""Every error of boto3 becomes one of ours: what may be tried again and what may not, each with the next move."""

import datetime

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError
from object_stores import open_at, s3_settings
from s3_double import S3Double

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError
from tasks.store.opening import open_store
from tasks.store.s3_answers import not_s3
from tasks.store.s3_errors import read_again, refuses_checksums, translated

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


def test_an_answer_that_names_another_region_says_which_setting_to_give():
    class Elsewhere(S3Double):
        def _get(self, key, headers, body):
            said = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"
            return 400, {"Content-Type": "application/xml"}, said

    with Elsewhere() as double, pytest.raises(StoreError, match="set MINICOIL_S3_REGION=eu-west-3"):
        open_at(double.address).read("a")


def test_a_bucket_that_does_not_exist_is_named(s3_address):
    with pytest.raises(StoreError, match="bucket 'absent' does not exist"):
        open_store("s3://absent/x", s3_settings(s3_address)).write("a", b"")


def test_wrong_credentials_are_named_with_the_way_out(signed_address):
    settings = s3_settings(signed_address, s3_secret_access_key="wrong")
    with pytest.raises(StoreError, match="access was refused.*MINICOIL_S3_SECRET_ACCESS_KEY.*clock") as caught:
        open_store("s3://anything/x", settings).write("a", b"")
    assert "wrong" not in str(caught.value)


def test_a_clock_that_is_wrong_is_named_as_a_cause(signed_address, monkeypatch):
    import botocore.auth
    from botocore.compat import get_current_datetime

    later = get_current_datetime() + datetime.timedelta(hours=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: later)
    with pytest.raises(StoreError, match="RequestTimeTooSkewed.*this machine's clock"):
        open_store("s3://anything/x", s3_settings(signed_address)).write("a", b"")


def refusal(code="", status=400, headers=None, **error):
    answer = {
        "Error": {"Code": code, **error},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(answer, "GetObject")


REGION = {"x-amz-bucket-region": "eu-south-1"}


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (refusal("NoSuchBucket", 404), StoreError, "bucket 'b' does not exist; create it, or correct --store"),
        (
            refusal("301", 301, REGION),
            StoreError,
            "bucket 'b' is in another region, eu-south-1 (301); set MINICOIL_S3_REGION=eu-south-1",
        ),
        (
            refusal("PermanentRedirect", 301),
            StoreError,
            "bucket 'b' is in another region, which the store does not name (PermanentRedirect); set "
            "MINICOIL_S3_REGION",
        ),
        (refusal("PreconditionFailed", 412), ConflictError, "s3://b/a was changed by somebody else meanwhile"),
        (refusal("Odd", 409), ConflictError, "s3://b/a was changed by somebody else meanwhile"),
        (refusal("NoSuchKey", 404), ObjectNotFoundError, "s3://b/a was not found"),
        (refusal("404", 404), ObjectNotFoundError, "s3://b/a was not found"),
        (
            refusal("AccessDenied", 403),
            StoreError,
            "s3://b/a: access was refused (AccessDenied); check MINICOIL_S3_ACCESS_KEY_ID, "
            "MINICOIL_S3_SECRET_ACCESS_KEY, the bucket's policy and this machine's clock",
        ),
        (
            refusal("", 503),
            StoreUnavailableError,
            "s3://b/a: the store answered 503: An error occurred () when calling the GetObject operation: Unknown",
        ),
        (
            refusal("MalformedXML", 400, Message="as it says"),
            StoreError,
            "s3://b/a: the store answered MalformedXML: An error occurred (MalformedXML) when calling the GetObject "
            "operation: as it says",
        ),
        (ResponseParserError("<html>"), StoreError, str(not_s3("s3://b/a"))),
        (
            NoCredentialsError(),
            StoreError,
            "no S3 credentials were found; set MINICOIL_S3_ACCESS_KEY_ID and MINICOIL_S3_SECRET_ACCESS_KEY, or use "
            "AWS's own ways",
        ),
        (
            EndpointConnectionError(endpoint_url="http://o:9"),
            StoreUnavailableError,
            'cannot be reached: Could not connect to the endpoint URL: "http://o:9"',
        ),
        (
            ConnectTimeoutError(endpoint_url="http://o:9"),
            StoreUnavailableError,
            "run the same command again, which goes on where it stopped, or give it more time "
            "(MINICOIL_S3_TIMEOUT_SECONDS, 60 by default)",
        ),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), StoreUnavailableError, "s3://b/a: 1 read, but"),
        (S3UploadFailedError("a part was lost"), StoreUnavailableError, "s3://b/a: a part was lost"),
    ],
)
def test_what_boto3_raises_is_told_as_one_of_our_errors_with_the_way_out(error, kind, message):
    with pytest.raises(StoreError) as said, translated("s3://b/a", "b"):
        raise error
    assert type(said.value) is kind and said.value.__cause__ is error
    assert message in str(said.value)
    assert not isinstance(error, ClientError) or str(said.value) == message


def test_what_is_no_error_of_boto3_passes():
    with pytest.raises(ZeroDivisionError), translated("s3://b/a", "b"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "is_worth_it"),
    [
        (refusal("NotImplemented", 501), True),
        (refusal("", 501), True),
        (refusal("InvalidArgument", 400), True),
        (refusal("AccessDenied", 403), False),
        (refusal("SlowDown", 503), False),
    ],
)
def test_only_what_may_be_about_a_checksum_is_tried_without_one(error, is_worth_it):
    assert refuses_checksums(error) is is_worth_it


def test_a_body_is_read_four_times_at_most_and_each_time_after_a_longer_wait(monkeypatch):
    waits, asked = [], []
    monkeypatch.setattr("time.sleep", waits.append)

    def cut():
        asked.append(1)
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    with pytest.raises(IncompleteReadError):
        read_again(cut)
    assert len(asked) == 4
    assert [0.1 * 2**n <= wait <= 0.2 * 2**n for n, wait in enumerate(waits)] == [True] * 3


def test_what_is_not_a_line_that_broke_is_not_read_again():
    asked = []

    def refuse():
        asked.append(1)
        raise refusal("NoSuchKey", 404)

    with pytest.raises(ClientError):
        read_again(refuse)
    assert asked == [1]
