"""Object stores for tests: settings that reach the local S3 servers, and a store at one of them."""

from tasks.settings import Settings
from tasks.store import ObjectStore, open_store


def s3_settings(address, **changes):
    values = {"s3_endpoint_url": address, "s3_access_key_id": "key", "s3_secret_access_key": "secret"}
    return Settings(**{**values, **changes})


def open_at(address, bucket="bucket", **values) -> ObjectStore:
    return open_store(f"s3://{bucket}/x", s3_settings(address, **values))
