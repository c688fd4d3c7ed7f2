"""Addresses and secrets, from the environment (prefix `MINICOIL_`). Nothing here changes the model."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from minicoil.errors import UsageError
from minicoil.files import Bytes, Number, parse_json
from tasks.store import describe_problems

_PREFIX = "MINICOIL_"
_SECRET_NAMES = ("key", "token", "password", "secret", "signature", "credential")


def has_secret(address: str) -> bool:
    """Whether an address carries a secret; those are printed, logged and kept in run histories, so none may.

    >>> [has_secret(a) for a in ("s3://bucket/x", "https://me:pw@host:6333", "http://host/?api-key=1", "file:///a@b")]
    [False, True, True, False]
    """
    try:
        parts = urlsplit(address)
        return "@" in parts.netloc or any(
            word in name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True) for word in _SECRET_NAMES
        )
    except ValueError:  # no address at all; whoever opens it says so
        return "@" in address


def _read_number(value: object) -> object:
    """A number out of an environment variable, where everything is text; the type refuses what is none."""
    try:
        return parse_json(value) if isinstance(value, str) else value
    except ValueError:
        return value


_FROM_TEXT = BeforeValidator(_read_number)
Seconds = Annotated[int, Number(1, 86_400, whole=True), _FROM_TEXT]
HoursOfText = Annotated[float, Number(0, 87_600, above=True), _FROM_TEXT]
Port = Annotated[int, Number(1, 65_535, whole=True), _FROM_TEXT]
Shards = Annotated[int, Number(1, 500, whole=True), _FROM_TEXT]


class Settings(BaseModel):
    """Where things are and how to get in.

    Raises:
        UsageError: a variable holds what it cannot; the message names it.

    Attributes:
        home: Folder of the embedded engine's shards, the file object store, Prefect's database and caches.
        store: Object store URL, `file:///path` or `s3://bucket/prefix`; None means `HOME/store`.
        store_http_url: Where browsers find the store's objects, as a proxy or a public bucket serves them; for links.
        qdrant_url: Address of a Qdrant server; None means the embedded engine under `home`.
        encode_shards: Parts that an extension's encoding is split into; 1 means in its own process.
        train_shards: Parts that the training of a run's words is split into; 1 means in its own process.
        read_shards: Parts that the reading of a corpus is split into for workers or a cluster; 1 means that this
            machine's processes read.
        read_processes: How many these are; None: one a core that this process may use, as far as memory goes.
        shard_runner: Who works on them: the pool's workers, one run each, or a Dask cluster.
        dask_scheduler: Its address, `tcp://host:8786`; None starts a cluster on this machine.
        qdrant_timeout_seconds: How long a Qdrant server may take for one answer, six times over.
        s3_timeout_seconds: How long the object store may be silent in the middle of an answer, four times over.
        s3_endpoint_url: Address of an S3-compatible store other than AWS.
        s3_region: Of the bucket; None: AWS_REGION, AWS_DEFAULT_REGION or the AWS profile's, else us-east-1.
        s3_sse, s3_sse_kms_key_id: Encryption that every object is written with; None: as the bucket has it.
        device: Where layers are trained: auto (a GPU if there is one), cpu, cuda or cuda:N.
        alert_webhook_url: Where alerts are posted as JSON; a secret, for whoever knows it can post there.
        alert_email_to, alert_email_from: Where alerts are mailed, addresses with commas between; and the sender.
        smtp_host, smtp_port, smtp_security: The mail server, and how it is spoken to.
        smtp_user, smtp_password: For it; None: it asks for none.
        alert_silence_hours: How long nothing may have succeeded.
        alert_due_hours: How long points may wait to be re-encoded.
        alert_repeat_hours: Until what is still so is told once more.
        sentence_cache_bytes: Most that encoded sentences may take under `HOME/cache`; 0 keeps none.
        embedding_cache_bytes: Most that embeddings of documents and queries may take there; 0 keeps none.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    home: Path = Path(".minicoil")
    store: str | None = None
    store_http_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+[^\s()<>]*$")] | None = None
    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    qdrant_timeout_seconds: Seconds = 60
    s3_timeout_seconds: Seconds = 60
    sentence_cache_bytes: Annotated[Bytes, _FROM_TEXT] = 2 * 2**30
    embedding_cache_bytes: Annotated[Bytes, _FROM_TEXT] = 2 * 2**30
    encode_shards: Shards = 1
    train_shards: Shards = 1
    read_shards: Shards = 1
    read_processes: Shards | None = None
    shard_runner: Literal["workers", "dask"] = "workers"
    dask_scheduler: str | None = None
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_sse: Literal["AES256", "aws:kms"] | None = None
    s3_sse_kms_key_id: str | None = None
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None
    device: str = "auto"
    alert_webhook_url: SecretStr | None = None
    alert_email_to: str | None = None
    alert_email_from: str | None = None
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    alert_silence_hours: HoursOfText = 36.0
    alert_due_hours: HoursOfText = 36.0
    alert_repeat_hours: HoursOfText = 24.0

    def __init__(self, **values: Any) -> None:
        # not by pydantic-settings: its files, secrets and command lines, unused here, cost an eighth of a search
        try:
            super().__init__(**{**_from_environment(), **values})
        except ValidationError as error:
            problems = describe_problems(error, lambda name: f"{_PREFIX}{name.upper()}")
            raise UsageError(f"the environment cannot be used: {problems}; set it right, or unset it") from None

    @property
    def store_url(self) -> str:
        """The object store's URL with the default filled in."""
        return self.store or (self.home.expanduser().absolute() / "store").as_uri()


def settings_at(home: Path) -> Settings:
    """The settings of a home as the environment has them now; made anew only where that has changed.

    Raises:
        UsageError: see `Settings`.
    """
    return _settings(home, frozenset(_from_environment().items()))


@lru_cache(maxsize=32)
def _settings(home: Path, environment: frozenset[tuple[str, str]]) -> Settings:
    return Settings(home=home)


def _from_environment() -> dict[str, str]:
    """Settings that variables name, in letters of any case, by field; names that are no field are left out later."""
    given = ((name.upper(), value) for name, value in os.environ.items())
    return {name.removeprefix(_PREFIX).lower(): value for name, value in given if name.startswith(_PREFIX)}
