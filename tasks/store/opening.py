"""The object store at an address."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from minicoil.errors import UsageError
from tasks.disk import shown_name
from tasks.settings import Settings
from tasks.store.local_store import LocalStore
from tasks.store.object_store import ObjectStore

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


def open_store(url: str, settings: Settings) -> ObjectStore:
    """The store at `file:///path`, a plain path, or `s3://bucket/prefix`.

    Raises:
        UsageError: another kind of address, or one under which no objects can lie.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        if not _BUCKET.fullmatch(parts.netloc):
            raise UsageError(f"object store '{url}' names no bucket; give s3://bucket/prefix")
        from tasks.store.s3_store import S3Store  # boto3 is slow to import, and a folder needs none

        return S3Store(url, parts.netloc, parts.path.strip("/"), settings)
    if parts.scheme in ("", "file"):
        return LocalStore(_folder(url, Path(unquote(parts.path) if parts.scheme else url).expanduser().absolute()))
    raise UsageError(f"object store '{url}' is of no kind that is known; give file:///path or s3://bucket/prefix")


def outside_settings(url: str) -> tuple[object, ...]:
    """What a client of that store depends on beside the settings: what AWS's own tools say in this process.

    Keys and profiles in the environment, and files of credentials, which others may write anew at any time.
    """
    if not url.startswith("s3:"):
        return ()
    names = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}
    files = (os.path.expanduser(os.environ.get(name) or usual) for name, usual in names.items())
    written = (os.stat(file).st_mtime_ns if os.path.exists(file) else None for file in files)
    return (*sorted(item for item in os.environ.items() if item[0].startswith("AWS_")), *written)


def _folder(url: str, path: Path) -> Path:
    """The path, where a folder is or can be made: below a file nothing would ever be found, and nothing said."""
    there = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise UsageError(f"object store '{url}': {shown_name(there)} is no folder; give another --store or --home")
    return path
