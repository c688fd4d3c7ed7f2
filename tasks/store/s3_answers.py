"""Whether what answers is S3: a login page, a console or a proxy say 200 to everything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from minicoil.errors import StoreError


def not_s3(address: str) -> StoreError:
    """The error for an endpoint that answers as no S3 does."""
    return StoreError(
        f"{address}: what answers there is no S3: it sent a page or something else instead of S3's answer; give the "
        "address of the S3 API in MINICOIL_S3_ENDPOINT_URL (not that of its console), and look for a proxy or login "
        "page in between"
    )


def tag_of(answer: Mapping[str, Any], address: str) -> str:
    """The tag of an object that was read, written or looked at; S3 always gives one.

    Raises:
        StoreError: there is none.
    """
    tag = answer.get("ETag")
    if not tag:
        raise not_s3(address)
    return str(tag)


def check_listing(page: Mapping[str, Any], address: str) -> None:
    """Nothing, where a page of a listing is one: an empty one says so, and is not merely without entries.

    Raises:
        StoreError: it is none. To take it for an empty store would be to begin everything anew.
    """
    if "Name" not in page and "IsTruncated" not in page and "KeyCount" not in page:
        raise not_s3(address)


def md5_of(data: bytes) -> str:
    """The digest that S3 has taken with an object since its first days, as its header has it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
