"""boto3's client as this service wants it: the user's own region, endpoint, credentials and encryption."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from minicoil.errors import UsageError
from tasks.metrics import count_store_retry, is_counting
from tasks.settings import Settings, has_secret

_REGION = "us-east-1"  # where nobody says one; stores that are not AWS take any


def make_client(settings: Settings) -> Any:
    """A client of S3, or of what speaks like it.

    Raises:
        UsageError: the endpoint is no address, or carries a secret.
    """
    secret, key = settings.s3_secret_access_key, settings.s3_access_key_id
    client = boto3.client(
        "s3",
        endpoint_url=check_endpoint(settings.s3_endpoint_url),
        region_name=find_region(settings.s3_region),
        aws_access_key_id=key.get_secret_value() if key else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=10,
            read_timeout=settings.s3_timeout_seconds,
            s3={"addressing_style": "path"} if settings.s3_endpoint_url else {},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    if is_counting():
        client.meta.events.register("request-created.s3", _count_retry)
    return client


def _count_retry(request: Any, **_: Any) -> None:
    """For botocore, which tries requests again by itself and tells nobody until one of them is answered."""
    if request.context.get("retries", {}).get("attempt", 1) > 1:
        count_store_retry()


def encryption(settings: Settings) -> dict[str, str]:
    """What is said with every object that is written, where its encryption was asked for.

    Raises:
        UsageError: a key of KMS is named, and its encryption was not asked for.
    """
    sse, key = settings.s3_sse, settings.s3_sse_kms_key_id
    if key is not None and sse != "aws:kms":
        raise UsageError("MINICOIL_S3_SSE_KMS_KEY_ID names a key of KMS; set MINICOIL_S3_SSE=aws:kms too, or unset it")
    if sse is None:
        return {}
    return {"ServerSideEncryption": sse, **({"SSEKMSKeyId": key} if key is not None else {})}


def find_region(named: str | None) -> str:
    """The region that was named, else the environment's or the profile's, else one that any other store takes."""
    return named or os.environ.get("AWS_REGION") or boto3.Session().region_name or _REGION


def check_endpoint(address: str | None) -> str | None:
    """The endpoint as it was given; None: AWS.

    Raises:
        UsageError: it is no address, or carries a secret.
    """
    if address is None:
        return None
    if has_secret(address):  # not repeated: this message is logged too
        raise UsageError(
            "MINICOIL_S3_ENDPOINT_URL carries a user name, password or key; set MINICOIL_S3_ACCESS_KEY_ID and "
            "MINICOIL_S3_SECRET_ACCESS_KEY instead"
        )
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        is_one = False
    if not is_one:
        bare = address.rpartition("://")[2]
        raise UsageError(
            f"MINICOIL_S3_ENDPOINT_URL '{address}' is no address of an S3 API; give it with http:// or https://, as "
            f"http://{bare or 'objects:9000'}"
        )
    return address
