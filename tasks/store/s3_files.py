"""Objects of S3 as files of pyarrow, found and read where the object store's own settings lead."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tasks.settings import Settings
from tasks.store.opening import outside_settings


def open_s3_files() -> Any:
    """Pyarrow's file system of S3, with the endpoint, region and keys of the environment.

    Raises:
        UsageError: the endpoint is no address, or carries a secret.
    """
    settings = Settings()
    key, secret = settings.s3_access_key_id, settings.s3_secret_access_key
    given = (
        settings.s3_endpoint_url,
        settings.s3_region,
        key.get_secret_value() if key else None,
        secret.get_secret_value() if secret else None,
        settings.s3_timeout_seconds,
    )
    return _open(*given, outside_settings("s3:"))


@lru_cache(maxsize=2)
def _open(
    endpoint: str | None, region: str | None, key: str | None, secret: str | None, timeout: int, _outside: object
) -> Any:
    from pyarrow import fs  # type: ignore[import-untyped]

    from tasks.store.s3_client import check_endpoint, find_region

    address = check_endpoint(endpoint)
    scheme, _, host = (address or "https://").partition("://")
    return fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        region=find_region(region),
        scheme=scheme,
        endpoint_override=host.rstrip("/") or None,
        connect_timeout=10,
        request_timeout=timeout,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=4),
    )
