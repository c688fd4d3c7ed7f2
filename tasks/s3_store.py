"""Object storage on S3 and what speaks like it, by boto3."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError
from tasks.object_store import ObjectInfo
from tasks.settings import Settings

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "ConditionalRequestConflict", "409"}
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "401"}
_BUSY = {"503", "500", "502", "504", "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429"}
_TRANSFER = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=4)
LOCK_SECONDS = 30.0  # after which another writer may take a lock whose holder died
_SETTLE_SECONDS = 0.3


class S3Store:
    """An `ObjectStore` in a bucket, below a prefix."""

    def __init__(self, url: str, bucket: str, prefix: str, settings: Settings) -> None:
        self.url = url.rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        secret = settings.s3_secret_access_key
        key = settings.s3_access_key_id
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.s3_region or "us-east-1",
            aws_access_key_id=key.get_secret_value() if key else None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=Config(
                retries={"mode": "standard", "max_attempts": 4},
                connect_timeout=10,
                read_timeout=60,
                s3={"addressing_style": "path"} if settings.s3_endpoint_url else {},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def _key(self, key: str) -> str:
        if not key or key.startswith("/") or ".." in key.split("/"):
            raise StoreError(f"'{key}' is no key of an object; keys are relative and stay inside the store")
        return self._prefix + key

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        address = f"{self.url}/{key}"
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
            codes = {code, status}
            if code == "NoSuchBucket":
                raise StoreError(f"bucket '{self._bucket}' does not exist; create it, or correct --store") from error
            if codes & _CONFLICT:
                raise ConflictError(f"{address} was changed by somebody else meanwhile") from error
            if codes & _ABSENT:
                raise ObjectNotFoundError(f"{address} was not found") from error
            if codes & _REFUSED:
                raise StoreError(
                    f"{address}: access was refused ({code}); check MINICOIL_S3_ACCESS_KEY_ID, "
                    "MINICOIL_S3_SECRET_ACCESS_KEY, the bucket's policy and this machine's clock"
                ) from error
            kind = StoreUnavailableError if codes & _BUSY else StoreError
            raise kind(f"{address}: the store answered {code or status}: {error}") from error
        except NoCredentialsError as error:
            raise StoreError(
                "no S3 credentials were found; set MINICOIL_S3_ACCESS_KEY_ID and MINICOIL_S3_SECRET_ACCESS_KEY, "
                "or use AWS's own ways"
            ) from error
        except EndpointConnectionError as error:
            raise StoreUnavailableError(f"{self.url} cannot be reached: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailableError(f"{address}: {error}") from error

    def read(self, key: str) -> bytes:
        return self.read_tagged(key)[0]

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        with self._translated(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, data: bytes, *, if_tag: str | None = None, if_absent: bool = False) -> str:
        if if_tag is None and not if_absent:
            return self._put(key, data)
        if self.is_conditional:
            return self._put(key, data, **({"IfMatch": if_tag} if if_tag else {"IfNoneMatch": "*"}))
        with self._lock(key):
            found = self.stat(key)
            if (if_absent and found) or (if_tag and (found is None or found.tag != if_tag)):
                raise ConflictError(f"{self.url}/{key} was changed by somebody else meanwhile")
            return self._put(key, data)

    def _put(self, key: str, data: bytes, **conditions: Any) -> str:
        with self._translated(key):
            answer = self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, **conditions)
            return str(answer["ETag"])

    @cached_property
    def is_conditional(self) -> bool:
        """Whether the store enforces conditional writes; tried out once, on an object of its own."""
        key = "capability"
        self._put(key, b"conditional writes?")
        try:
            self._put(key, b"conditional writes?", IfNoneMatch="*")
        except ConflictError:
            return True
        except StoreUnavailableError:
            raise
        except StoreError:
            return False
        return False

    @contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        """A lock object with expiry, for stores without conditional writes: last writer of the nonce holds it."""
        name, nonce = f"{key}.lock", uuid.uuid4().hex
        deadline = time.monotonic() + 2 * LOCK_SECONDS
        while True:
            holder = self._holder(name)
            if holder is None:
                self._put(name, json.dumps({"nonce": nonce, "until": time.time() + LOCK_SECONDS}).encode())
                time.sleep(_SETTLE_SECONDS)  # a rival that saw no lock either has written by now
                if self._holder(name) == nonce:
                    break
            if time.monotonic() > deadline:
                raise ConflictError(f"{self.url}/{key} is being changed by somebody else; try again")
            time.sleep(_SETTLE_SECONDS)
        try:
            yield
        finally:
            self.delete(name)

    def _holder(self, name: str) -> str | None:
        try:
            document = json.loads(self.read(name))
        except ObjectNotFoundError:
            return None
        return None if document["until"] < time.time() else str(document["nonce"])

    def upload(self, key: str, path: Path, sha256: str) -> None:
        extra = {"Metadata": {"sha256": sha256}}
        if path.stat().st_size < _TRANSFER.multipart_threshold:
            extra["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(sha256)).decode()  # type: ignore[assignment]
        with self._translated(key):
            if "ChecksumSHA256" in extra:
                with path.open("rb") as file:
                    self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=file, **extra)
            else:
                self._client.upload_file(str(path), self._bucket, self._key(key), ExtraArgs=extra, Config=_TRANSFER)
        arrived = self.stat(key)
        if arrived is None or arrived.size_bytes != path.stat().st_size:
            raise StoreUnavailableError(f"{path.name} did not arrive whole at {self.url}/{key}; run it again")

    def download(self, key: str, path: Path) -> None:
        with self._translated(key):
            self._client.download_file(self._bucket, self._key(key), str(path), Config=_TRANSFER)

    def copy(self, source: str, target: str) -> None:
        with self._translated(source):
            origin = {"Bucket": self._bucket, "Key": self._key(source)}
            self._client.copy(origin, self._bucket, self._key(target), Config=_TRANSFER)

    def stat(self, key: str) -> ObjectInfo | None:
        try:
            with self._translated(key):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
        except ObjectNotFoundError:
            return None
        return ObjectInfo(key, answer["ContentLength"], answer["ETag"])

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield ObjectInfo(entry["Key"].removeprefix(self._prefix), entry["Size"], entry["ETag"])

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def local_path(self, key: str) -> Path | None:
        return None
