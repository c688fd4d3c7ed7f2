"""Object storage on S3 and what speaks like it, by boto3."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError
from tasks.object_store import Like, ObjectInfo
from tasks.settings import Settings

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "ConditionalRequestConflict", "409"}
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "401"}
_BUSY = {"503", "500", "502", "504", "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429"}
_TRANSFER = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=4)
SMALLEST_PART_BYTES = 5 * 2**20  # S3's rule for every part but the last
LARGEST_PART_BYTES = 2**30  # of a copied one; S3 allows five times that
MULTIPART_BYTES = 64 * 2**20  # files from here on travel in parts
PART_BYTES = 16 * 2**20
logger = logging.getLogger(__name__)
LOCK_SECONDS = 30.0  # after which another writer may take a lock whose holder died
_SETTLE_SECONDS = 0.3


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` of an upload, from the file at hand or from the object `source`."""

    start: int
    end: int
    source: str | None = None


def compose_parts(size: int, like: Like) -> list[Part]:
    """Parts of an upload of `size` bytes that takes what it can from `like.source`; one part where that is nothing.

    >>> mib = 2**20
    >>> [(p.start // mib, p.end // mib, p.source) for p in compose_parts(30 * mib, Like("old", 1 * mib, 28 * mib))]
    [(0, 5, None), (5, 28, 'old'), (28, 30, None)]
    """
    start, end = max(like.start, SMALLEST_PART_BYTES if like.start else 0), min(like.end, size)
    if end - start < SMALLEST_PART_BYTES:
        return [Part(0, size)]
    parts = [Part(at, min(at + PART_BYTES, start)) for at in range(0, start, PART_BYTES)]
    if len(parts) > 1 and parts[-1].end - parts[-1].start < SMALLEST_PART_BYTES:
        parts[-2:] = [Part(parts[-2].start, parts[-1].end)]
    n_copies = -(-(end - start) // LARGEST_PART_BYTES)
    edges = [start + (end - start) * i // n_copies for i in range(n_copies + 1)]
    parts += [Part(one, other, like.source) for one, other in pairwise(edges)]
    tail = range(end, size, PART_BYTES)
    return [*parts, *(Part(at, min(at + PART_BYTES, size)) for at in tail)]


class S3Store:
    """An `ObjectStore` in a bucket, below a prefix."""

    def __init__(self, url: str, bucket: str, prefix: str, settings: Settings) -> None:
        self.url = url.rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._composes = True
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
        if not key or "\0" in key or key.startswith("/") or ".." in key.split("/"):
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
        except (BotoCoreError, Boto3Error) as error:
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

    def upload(self, key: str, path: Path, sha256: str, like: Like | None = None) -> int:
        size = path.stat().st_size
        if like is not None and self._composes:
            parts = compose_parts(size, like)
            if len(parts) > 1 and self._try_composing(key, path, parts, sha256):
                return sum(part.end - part.start for part in parts if part.source is None)
        if size < MULTIPART_BYTES:
            checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
            with self._translated(key), path.open("rb") as file:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(key),
                    Body=file,
                    ChecksumSHA256=checksum,
                    Metadata={"sha256": sha256},
                )
        else:
            starts = range(0, size, PART_BYTES)
            self._send_parts(key, path, [Part(start, min(start + PART_BYTES, size)) for start in starts], sha256)
        self._check_arrival(key, path)
        return size

    def _check_arrival(self, key: str, path: Path) -> None:
        arrived = self.stat(key)
        if arrived is None or arrived.size_bytes != path.stat().st_size:
            raise StoreUnavailableError(f"{path.name} did not arrive whole at {self.url}/{key}; run it again")

    def _try_composing(self, key: str, path: Path, parts: Sequence[Part], sha256: str) -> bool:
        """Upload with parts copied inside the store; False, and never tried again, where the store does not do it."""
        try:
            self._send_parts(key, path, parts, sha256)
            self._check_arrival(key, path)
            return True
        except StoreError as error:
            logger.warning("%s does not copy parts of objects (%s); files are uploaded whole", self.url, error)
            self._composes = False
            return False

    def _send_parts(self, key: str, path: Path, parts: Sequence[Part], sha256: str) -> None:
        """A multipart upload, each part checked on arrival; given up cleanly when one fails for good."""
        address = {"Bucket": self._bucket, "Key": self._key(key)}
        with self._translated(key):
            upload = self._client.create_multipart_upload(**address, Metadata={"sha256": sha256})["UploadId"]
        try:
            with self._translated(key), ThreadPoolExecutor(4) as pool:
                send = partial(self._send_part, {**address, "UploadId": upload}, path)
                tags = list(pool.map(send, range(1, len(parts) + 1), parts))
                done = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
                self._client.complete_multipart_upload(**address, UploadId=upload, MultipartUpload={"Parts": done})
        except BaseException:
            with suppress(Exception):  # the first failure is the one to report
                self._client.abort_multipart_upload(**address, UploadId=upload)
            raise

    def _send_part(self, address: Mapping[str, str], path: Path, number: int, part: Part) -> str:
        if part.source is not None:
            answer = self._client.upload_part_copy(
                **address,
                PartNumber=number,
                CopySource={"Bucket": self._bucket, "Key": self._key(part.source)},
                CopySourceRange=f"bytes={part.start}-{part.end - 1}",
            )
            copied = answer.get("CopyPartResult", {}).get("ETag")
            if copied is None:  # some stores take the request for an upload of nothing
                raise StoreError(f"{self.url} answered a copy of part {number} without saying what it copied")
            return str(copied)
        with path.open("rb") as file:
            file.seek(part.start)
            data = file.read(part.end - part.start)
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        answer = self._client.upload_part(**address, PartNumber=number, Body=data, ContentMD5=digest)
        return str(answer["ETag"])

    def download(self, key: str, path: Path) -> None:
        with self._translated(key):
            self._client.download_file(self._bucket, self._key(key), str(path), Config=_TRANSFER)

    def copy(self, source: str, target: str) -> None:
        with self._translated(source):
            origin = {"Bucket": self._bucket, "Key": self._key(source)}
            self._client.copy(origin, self._bucket, self._key(target), Config=_TRANSFER)

    def digest(self, key: str) -> str:
        hashed = hashlib.sha256()
        with self._translated(key):
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"]
            for piece in body.iter_chunks(2**20):
                hashed.update(piece)
        return hashed.hexdigest()

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
