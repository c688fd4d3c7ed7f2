"""Object storage on S3 and what speaks like it, by boto3."""

from __future__ import annotations

import base64
import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError
from minicoil.files import parse_json, write_json
from tasks.settings import Settings
from tasks.store.object_store import Like, ObjectInfo, aside_key
from tasks.store.s3_answers import check_listing, md5_of, tag_of
from tasks.store.s3_client import encryption, make_client
from tasks.store.s3_errors import read_again, refuses_checksums, translated
from tasks.store.s3_parts import PART_BYTES, Part, compose_parts, copy_through
from tasks.store.s3_probe import keeps_conditions

_TRANSFER = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=4)
MULTIPART_BYTES = 64 * 2**20  # files from here on travel in parts
logger = logging.getLogger(__name__)
LOCK_SECONDS = 30.0  # after which another writer may take a lock whose holder died
_SETTLE_SECONDS = 0.3


class S3Store:
    """An `ObjectStore` in a bucket, below a prefix."""

    def __init__(self, url: str, bucket: str, prefix: str, settings: Settings) -> None:
        self.url = url.rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._composes = self._takes_checksums = True
        self._conditional: bool | None = None
        self._probing = threading.Lock()
        self._client: Any = make_client(settings)
        self._sealed = encryption(settings)

    def _key(self, key: str) -> str:
        if not key or "\0" in key or key.startswith("/") or ".." in key.split("/"):
            raise StoreError(f"'{key}' is no key of an object; keys are relative and stay inside the store")
        return self._prefix + key

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated(f"{self.url}/{key}", self._bucket)

    def read(self, key: str) -> bytes:
        return self.read_tagged(key)[0]

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        def read() -> tuple[bytes, str]:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            return answer["Body"].read(), tag_of(answer, self.url)

        with self._translated(key):
            return read_again(read)

    def write(self, key: str, data: bytes, *, if_tag: str | None = None, if_absent: bool = False) -> str:
        if if_tag is None and not if_absent:
            return self._put(key, data)
        if self.is_conditional:
            try:
                return self._put(key, data, **({"IfMatch": if_tag} if if_tag else {"IfNoneMatch": "*"}))
            except (ConflictError, ObjectNotFoundError):  # the latter of an object with a tag that is gone by now
                return self._own_write(key, data)
        with self._lock(key):
            found = self.stat(key)
            if (if_absent and found) or (if_tag and (found is None or found.tag != if_tag)):
                raise ConflictError(f"{self.url}/{key} was changed by somebody else meanwhile")
            return self._put(key, data)

    def _put(self, key: str, data: bytes, **conditions: Any) -> str:
        with self._translated(key):
            # Object Lock wants a digest with every object; this one is of S3's first days, and every store takes it
            given = {"Body": data, "ContentMD5": md5_of(data), **self._sealed, **conditions}
            answer = self._client.put_object(Bucket=self._bucket, Key=self._key(key), **given)
            return tag_of(answer, self.url)

    def _own_write(self, key: str, data: bytes) -> str:
        """The tag of what is there, if that is what we just wrote.

        A write whose answer was lost is repeated, by the client or by the network, and then conflicts with itself.

        Raises:
            ConflictError: somebody else wrote.
        """
        try:
            found, tag = self.read_tagged(key)
        except ObjectNotFoundError:
            found, tag = None, ""
        if found != data:
            raise ConflictError(f"{self.url}/{key} was changed by somebody else meanwhile")
        return tag

    @property
    def is_conditional(self) -> bool:
        """Whether the store enforces conditional writes, of both kinds; tried out once, on an object of its own."""
        with self._probing:
            if self._conditional is None:
                self._conditional = keeps_conditions(partial(self._put, "capability", b"conditional writes?"))
            return self._conditional

    @contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        """A lock object with expiry, for stores without conditional writes: last writer of the nonce holds it."""
        name, nonce = f"{key}.lock", uuid.uuid4().hex
        deadline = time.monotonic() + 2 * LOCK_SECONDS
        while True:
            holder = self._holder(name)
            if holder is None:
                self._put(name, write_json({"nonce": nonce, "until": time.time() + LOCK_SECONDS}).encode())
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
            document = parse_json(self.read(name))
            return None if float(document["until"]) < time.time() else str(document["nonce"])
        except ObjectNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, OverflowError):  # damaged, or no lock: it holds nobody
            return None

    def upload(self, key: str, path: Path, sha256: str, like: Like | None = None) -> int:
        size = path.stat().st_size
        if like is not None and self._composes:
            parts = compose_parts(size, like)
            if len(parts) > 1 and self._try_composing(key, path, parts, sha256):
                return sum(part.end - part.start for part in parts if part.source is None)
        if size < MULTIPART_BYTES:
            self._upload_whole(key, path.read_bytes(), sha256)
        else:
            starts = range(0, size, PART_BYTES)
            self._send_parts(key, path, [Part(start, min(start + PART_BYTES, size)) for start in starts], sha256)
        self._check_arrival(key, path)
        return size

    def _upload_whole(self, key: str, data: bytes, sha256: str) -> None:
        given: dict[str, Any] = {"Bucket": self._bucket, "Key": self._key(key), "Metadata": {"sha256": sha256}}
        given |= {"Body": data, "ContentMD5": md5_of(data), **self._sealed}
        with self._translated(key):
            if self._takes_checksums:
                try:
                    checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
                    self._client.put_object(**given, ChecksumSHA256=checksum)
                    return
                except ClientError as error:
                    if not refuses_checksums(error):
                        raise
                    logger.warning("%s refuses checksum headers; files travel with an MD5 digest alone", self.url)
                    self._takes_checksums = False
            self._client.put_object(**given)

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
            upload = self._client.create_multipart_upload(**address, Metadata={"sha256": sha256}, **self._sealed)[
                "UploadId"
            ]
        try:
            with self._translated(key), ThreadPoolExecutor(4) as pool:
                send = partial(self._send_part, {**address, "UploadId": upload}, path)
                tags = list(pool.map(send, range(1, len(parts) + 1), parts))
            done = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
            self._complete(key, {**address, "UploadId": upload}, done, sha256)
        except BaseException:
            with suppress(Exception):  # the first failure is the one to report
                self._client.abort_multipart_upload(**address, UploadId=upload)
            raise

    def _complete(self, key: str, address: Mapping[str, str], parts: Sequence[Mapping[str, Any]], sha256: str) -> None:
        try:
            with self._translated(key):
                self._client.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})
        except ObjectNotFoundError:  # no such upload: an earlier try completed it, and its answer was lost
            with self._translated(key):
                found = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
            if found["Metadata"].get("sha256") != sha256:
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
        answer = self._client.upload_part(**address, PartNumber=number, Body=data, ContentMD5=md5_of(data))
        return tag_of(answer, self.url)

    def download(self, key: str, path: Path) -> None:
        with self._translated(key):
            self._client.download_file(self._bucket, self._key(key), str(path), Config=_TRANSFER)

    def copy(self, source: str, target: str) -> None:
        origin = {"Bucket": self._bucket, "Key": self._key(source)}
        try:
            with self._translated(source):
                try:
                    self._client.copy(origin, self._bucket, self._key(target), ExtraArgs=self._sealed, Config=_TRANSFER)
                except KeyError as error:  # of a copy in parts: some stores take each for an upload of nothing
                    raise StoreError(f"{self.url} answered a copy without saying what it copied: {error}") from error
        except (ObjectNotFoundError, ConflictError, StoreUnavailableError):
            raise
        except StoreError as error:  # a lock, a key or a policy that copies inside the store do not meet
            logger.warning("%s does not copy objects (%s); they travel through here", self.url, error)
            copy_through(self, source, target)

    def digest(self, key: str) -> str:
        def read() -> str:
            hashed = hashlib.sha256()
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"]
            for piece in body.iter_chunks(2**20):
                hashed.update(piece)
            return hashed.hexdigest()

        with self._translated(key):
            return read_again(read)

    def stat(self, key: str) -> ObjectInfo | None:
        try:
            with self._translated(key):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
        except ObjectNotFoundError:
            return None
        return ObjectInfo(key, answer["ContentLength"], tag_of(answer, self.url))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                check_listing(page, self.url)
                for entry in page.get("Contents", ()):
                    yield ObjectInfo(entry["Key"].removeprefix(self._prefix), entry["Size"], entry.get("ETag", ""))

    def set_aside(self, key: str) -> str:
        aside = aside_key(key)
        self.copy(key, aside)
        self.delete(key)
        return aside

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def drop_unfinished(self, older_than_seconds: float, dry_run: bool = False) -> int:
        before = time.time() - older_than_seconds
        try:
            with self._translated(""):
                pages = self._client.get_paginator("list_multipart_uploads").paginate(
                    Bucket=self._bucket, Prefix=self._prefix
                )
                uploads = [upload for page in pages for upload in page.get("Uploads", ())]
        except ObjectNotFoundError:  # what rclone says where there are none
            return 0
        dead = [upload for upload in uploads if upload["Initiated"].timestamp() < before]
        for upload in () if dry_run else dead:
            with self._translated(upload["Key"]), suppress(self._client.exceptions.NoSuchUpload):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(dead)

    def local_path(self, key: str) -> Path | None:
        return None
