"""Object stores for tests: settings that reach the local S3 servers."""

from tasks.settings import Settings


def s3_settings(address, **changes):
    values = {"s3_endpoint_url": address, "s3_access_key_id": "key", "s3_secret_access_key": "secret"}
    return Settings(**{**values, **changes})
