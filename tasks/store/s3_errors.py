"""What goes wrong with S3: boto3's errors as ours, and bodies that break off read again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import tenacity
from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError, StoreUnavailableError
from tasks.metrics import count_store_retry
from tasks.store.s3_answers import not_s3

logger = logging.getLogger(__name__)
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "ConditionalRequestConflict", "409"}
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "401"}
_BUSY = {"503", "500", "502", "504", "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429"}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"}
_NO_CHECKSUMS = {"NotImplemented", "InvalidArgument", "InvalidRequest", "XAmzContentSHA256Mismatch", "501"}
_READS = 4  # of one body, as many as botocore makes requests
_FIRST_WAIT_SECONDS = 0.2
_Answer = TypeVar("_Answer")


@contextmanager
def translated(address: str, bucket: str) -> Iterator[None]:
    """boto3's errors about the object at `address` as ours: what may be tried again, and what may not."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        codes = {code, status}
        if code == "NoSuchBucket":
            raise StoreError(f"bucket '{bucket}' does not exist; create it, or correct --store") from error
        if codes & _ELSEWHERE:
            region = error.response.get("Error", {}).get("Region") or _region_of(error)
            raise StoreError(
                f"bucket '{bucket}' is in another region, {region or 'which the store does not name'} ({code}); set "
                f"MINICOIL_S3_REGION{f'={region}' if region else ''}"
            ) from error
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
    except ResponseParserError as error:
        raise not_s3(address) from error
    except NoCredentialsError as error:
        raise StoreError(
            "no S3 credentials were found; set MINICOIL_S3_ACCESS_KEY_ID and MINICOIL_S3_SECRET_ACCESS_KEY, "
            "or use AWS's own ways"
        ) from error
    except EndpointConnectionError as error:
        raise StoreUnavailableError(f"{address} cannot be reached: {error}") from error
    except (ConnectTimeoutError, ReadTimeoutError) as error:
        raise StoreUnavailableError(
            f"{address}: the store did not answer in time ({error}); it or the line to it is slow or busy: run the "
            "same command again, which goes on where it stopped, or give it more time (MINICOIL_S3_TIMEOUT_SECONDS, 60 "
            "by default)"
        ) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreUnavailableError(f"{address}: {error}") from error


def refuses_checksums(error: ClientError) -> bool:
    """Whether a store may have refused a write for its checksum header: then it is worth a try without."""
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    return bool({str(error.response.get("Error", {}).get("Code", "")), status} & _NO_CHECKSUMS)


def _region_of(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region", ""))


def read_again(read: Callable[[], _Answer]) -> _Answer:
    """What `read` gives, asked for again where the line broke in the middle of a body: botocore repeats requests only.

    Raises:
        BotoCoreError: it broke every time.
    """

    def tell(state: tenacity.RetryCallState) -> None:
        count_store_retry()
        logger.info("%s; reading it again", state.outcome.exception() if state.outcome else None)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((HTTPClientError, IncompleteReadError)),
        stop=tenacity.stop_after_attempt(_READS),
        wait=_wait,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(read)


def _wait(state: tenacity.RetryCallState) -> float:
    base = _FIRST_WAIT_SECONDS * 2.0 ** (state.attempt_number - 1)
    return base - tenacity.wait_random(0, base / 2)(state)
