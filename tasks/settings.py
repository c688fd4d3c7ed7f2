"""Addresses and secrets, from the environment (prefix `MINICOIL_`). Nothing here changes the model."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and how to get in.

    Attributes:
        home: Folder of the embedded engine's shards, the file object store, Prefect's database and caches.
        store: Object store URL, `file:///path` or `s3://bucket/prefix`; None means `HOME/store`.
        qdrant_url: Address of a Qdrant server; None means the embedded engine under `home`.
        s3_endpoint_url: Address of an S3-compatible store other than AWS.
        device: Where layers are trained: auto (a GPU if there is one), cpu, cuda or cuda:N.
        sentence_cache_bytes: Most that encoded sentences may take under `HOME/cache`; 0 keeps none.
    """

    model_config = SettingsConfigDict(env_prefix="MINICOIL_", extra="ignore")

    home: Path = Path(".minicoil")
    store: str | None = None
    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    sentence_cache_bytes: int = 2 * 2**30
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None
    device: str = "auto"

    @property
    def store_url(self) -> str:
        """The object store's URL with the default filled in."""
        return self.store or (self.home.expanduser().absolute() / "store").as_uri()
