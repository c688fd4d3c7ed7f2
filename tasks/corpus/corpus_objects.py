"""Text from objects of S3: found below a prefix or by a pattern, tables read where they lie, all else downloaded.

An object that cannot be read is one row of the report, as a file is; a store that does not answer stops the reading,
which goes on where it was: what it would have sent is nobody's to leave out.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from minicoil.errors import CorpusError, StoreUnavailableError, UsageError
from tasks.corpus.corpus_files import CHANGED, accepted_kinds, file_kind, is_known, read_placed
from tasks.corpus.corpus_tables import group_sizes, read_table
from tasks.documents import CorpusReport, Document, RowPlace, Stretch
from tasks.store import open_s3_files

SCHEME = "s3://"
_BLOCK = 2**22  # bytes of one request
_WILD = re.compile(r"[*?]")
Stamp = tuple[int, int]


def find_objects(spec: str, report: CorpusReport) -> Iterator[tuple[str, str, str, Stamp]]:
    """The objects that `s3://bucket/...#column` stands for: address, name below the prefix, column, stamp.

    One object, all below a prefix, or those that a pattern fits, in which * and ? stand for anything but a slash and **
    for anything.

    Raises:
        UsageError: there is no bucket.
        CorpusError: there is no such object, or none that is read.
        StoreUnavailableError: the store does not answer.
    """
    address, column = _with_column(spec)
    bucket, _, key = address.partition("/")
    if not bucket or _WILD.search(bucket):
        raise UsageError(f"{spec}: expected s3://bucket/prefix, s3://bucket/key or s3://bucket/prefix/*.parquet")
    wild = _WILD.search(key)
    base = key[: key.rfind("/", 0, wild.start()) + 1] if wild else key
    found = _list(spec, bucket, base.rstrip("/"))
    pattern = _pattern(f"{bucket}/{key}") if wild else None
    n_read = 0
    for path, stamp in found:
        name = path.removeprefix(f"{bucket}/{base}").lstrip("/") or path.rpartition("/")[2]
        if pattern is not None and not pattern.fullmatch(path):
            continue
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if not is_known(Path(path)):
            report.refuse(f"files of a kind that is not read ({file_kind(Path(path)) or 'no ending'})", SCHEME + path)
            continue
        n_read += 1
        yield SCHEME + path, name, column, stamp
    if not n_read:
        raise CorpusError(f"{spec} holds no object that is read; {accepted_kinds()}")


def _with_column(spec: str) -> tuple[str, str]:
    """The address that a SPEC stands for, without scheme, and the column of its rows; what exists is that address."""
    from pyarrow import fs  # type: ignore[import-untyped]

    address = spec.removeprefix(SCHEME)
    places = [place for place, character in enumerate(address) if character == "#"]
    if places and address[0] not in "/#" and not _WILD.search(address):
        for end in (len(address), *reversed(places)):
            with _asking(spec):
                found = open_s3_files().get_file_info(address[:end].rstrip("/"))
            if found.type != fs.FileType.NotFound:
                return address[:end], address[end + 1 :] or "text"
    address, _, column = address.partition("#")
    return address, column or "text"


def _list(spec: str, bucket: str, base: str) -> list[tuple[str, Stamp]]:
    """Path and stamp of every object at or below a key, by key."""
    from pyarrow import fs

    files, path = open_s3_files(), f"{bucket}/{base}" if base else bucket
    with _asking(spec):
        info = files.get_file_info(path)
        if info.type == fs.FileType.NotFound:
            raise CorpusError(f"{spec} was not found; give s3://bucket/key, s3://bucket/prefix or a pattern of keys")
        below = [info]
        if info.type == fs.FileType.Directory:
            below = files.get_file_info(fs.FileSelector(path, recursive=True))
    return sorted((entry.path, _stamp(entry)) for entry in below if entry.type == fs.FileType.File)


def _pattern(path: str) -> re.Pattern[str]:
    """The pattern of an address: * and ? stop at a slash, ** does not."""
    parts = re.split(r"(\*\*/?|\*|\?)", path)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)


def object_stamp(address: str) -> Stamp | None:
    """Size and time of the last change of an object; None where there is none any more."""
    with _asking(address):
        info = open_s3_files().get_file_info(address.removeprefix(SCHEME))
    return _stamp(info) if info.is_file else None


def _stamp(info: Any) -> Stamp:
    return int(info.size), int(info.mtime_ns or 0)


def object_groups(address: str, column: str) -> Iterator[tuple[int, int]]:
    """Rows of each row group of a parquet object, and bytes of its text."""
    with _opened(address) as file:
        yield from group_sizes(file, column)


def read_object(
    address: str, name: str, report: CorpusReport, column: str = "text", stretch: Stretch | None = None
) -> Iterator[Document]:
    """Documents of one object.

    Args:
        address: `s3://bucket/key`.
        name: Its key below the prefix that was named.
        report: Told of what could not be used.
        column: Where the text of its rows stands.
        stretch: Only these row groups, or these bytes of lines.

    Raises:
        StoreUnavailableError: the store does not answer.
    """
    place, path = RowPlace(address, name, address), Path(address)
    if path.name.lower().endswith(".parquet"):
        before = object_stamp(address)
        if before is not None and not before[0]:
            report.refuse("files with nothing in them", address)
            return
        with _opened(address) as file:
            yield from read_table(path, place, report, column, stretch, file)
        if stretch is None and object_stamp(address) != before:
            report.refuse(CHANGED, address)
        return
    with tempfile.TemporaryDirectory(prefix="minicoil-") as folder:
        copy = Path(folder) / f"object{''.join(path.suffixes[-2:])[-40:]}"
        with _opened(address) as source, copy.open("wb") as target:
            _copy(source, target, stretch)
        yield from read_placed(copy, place, report, column, stretch)


@contextmanager
def open_object_lines(address: str) -> Iterator[IO[bytes]]:
    """An object of lines, to be read from its beginning.

    Raises:
        StoreUnavailableError: the store did not answer to the end.
    """
    with _opened(address) as file:
        yield io.BufferedReader(cast("io.RawIOBase", file), _BLOCK)


def _copy(source: IO[bytes], target: IO[bytes], stretch: Stretch | None) -> None:
    """All of a file, or a stretch to the same place of a copy that has nothing else."""
    start, end = (0, None) if stretch is None else (stretch.start, stretch.end)
    source.seek(start)
    target.seek(start)
    left = end - start if end is not None else None
    while block := source.read(_BLOCK if left is None else min(left, _BLOCK)):
        target.write(block)
        left = None if left is None else left - len(block)


class _Watched(io.RawIOBase):
    """A file of pyarrow that remembers what reading it failed of: readers of tables count every error as damage."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.failure: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def read(self, size: int | None = -1) -> bytes:
        try:
            data: bytes = self._file.read(None if size is None or size < 0 else size)
        except OSError as error:
            self.failure = error
            raise
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _opened(address: str) -> Iterator[IO[bytes]]:
    """An object to read from.

    Raises:
        StoreUnavailableError: the store did not answer to the end.
    """
    with _asking(address), open_s3_files().open_input_file(address.removeprefix(SCHEME)) as file:
        watched = _Watched(file)
        yield cast("IO[bytes]", watched)
        if watched.failure is not None:
            raise watched.failure


@contextmanager
def _asking(address: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = " ".join(str(error).split())
        if isinstance(error, PermissionError) or "ACCESS_DENIED" in said or "HTTP status 403" in said:
            raise CorpusError(
                f"{address} may not be read ({said}); check the address, and MINICOIL_S3_ACCESS_KEY_ID and "
                "MINICOIL_S3_SECRET_ACCESS_KEY"
            ) from error
        if isinstance(error, FileNotFoundError):
            raise CorpusError(f"{address} is gone, or there is no such bucket ({said}); check the address") from error
        if error.errno is not None and "AWS" not in said:  # of this machine's own disk
            raise
        raise StoreUnavailableError(
            f"{address} cannot be read now ({said}); run the same command again: pieces that are done are kept"
        ) from error
