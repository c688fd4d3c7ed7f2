"""What becomes of a piece, as objects: its sentences in order, its documents, who owns what, and counts.

All of a reading lies under one prefix, `reading/<scope>/`, and goes when the reading is done. Objects are named by what
was asked for, so that the same command finds what there is.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from minicoil.errors import ObjectNotFoundError, StoreError
from minicoil.files import parse_json, write_json
from minicoil.folder import file_digest
from minicoil.problems import Problem
from tasks.disk import is_full, way_out
from tasks.documents import CorpusReport, Document, RowPlace
from tasks.store import ObjectStore

PREFIX = "reading/"
LOOKING = "looking"  # folder of work with the pieces of those who only look
_NAMES = pa.dictionary(pa.int32(), pa.string())
# a row a sentence, in order; the sentences of a document never lie in two row groups
SENTENCES = pa.schema([("key", pa.uint64()), ("document", pa.int32()), ("text", pa.string())])
# a row a document, in order, with what it is told apart by
DOCUMENTS = pa.schema(
    [
        *(("text_key", pa.uint64()), ("identity", pa.uint64()), ("id", pa.string()), ("doc", pa.string())),
        *(("own_id", pa.string()), ("is_grouped", pa.bool_()), ("title", pa.string()), ("line", pa.string())),
        *(("source", _NAMES), ("file", _NAMES), ("shown", _NAMES)),
    ]
)
_FACTS = b"facts"


class PieceFiles:
    """The objects of one piece.

    Args:
        store: Where they lie.
        scope: Prefix of the reading.
        digest: Of the piece.
    """

    def __init__(self, store: ObjectStore, scope: str, digest: str) -> None:
        self.store = store
        self.digest = digest
        self._base = f"{scope}pieces/{digest}"

    @property
    def sentences(self) -> str:
        """Key of the sentences."""
        return f"{self._base}.sentences.parquet"

    @property
    def documents(self) -> str:
        """Key of the documents, which are written last: a piece that has them is split."""
        return f"{self._base}.documents.parquet"

    @property
    def changed(self) -> str:
        """Key of what stands in their place where a file that is cut has changed: its name, and the like."""
        return f"{self._base}.changed.json"

    def owned(self, run: str) -> str:
        """Key of what the piece owns in one reading."""
        return f"{self._base}.{run}.owned"

    def counts(self, run: str) -> str:
        """Key of the counts of what it owns; written last: a piece that has them is counted."""
        return f"{self._base}.{run}.counts.parquet"

    @contextmanager
    def open(self, key: str) -> Iterator[Any]:
        """One of the objects as a parquet file.

        Raises:
            StoreError: it is damaged or gone; what is left of it was removed.
        """
        path = self.store.local_path(key)
        with scratch_folder() as folder:
            try:
                if path is None:
                    path = folder / "piece.parquet"
                    self.store.download(key, path)
                with parquet.ParquetFile(path) as file:
                    yield file
            except (pa.ArrowException, OSError, ObjectNotFoundError) as error:
                if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT):  # not of what the file says
                    raise
                self.store.delete(self.documents)  # a piece is what it has all of
                raise damaged(self.store, key, error) from error


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that goes with the body.

    Raises:
        StoreError: its disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="minicoil-") as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if not is_full(error):
                raise
            raise StoreError(f"{folder} has no room for a piece of the corpus; {way_out(error)}") from error


def put(store: ObjectStore, key: str, path: Path) -> None:
    """Store a file."""
    store.upload(key, path, file_digest(path))


def damaged(store: ObjectStore, key: str, error: Exception) -> StoreError:
    """The error for an object of a reading that cannot be read. It is removed: the same command makes it anew."""
    store.delete(key)
    said = " ".join(str(error).split())
    return StoreError(f"{store.url}/{key} is damaged ({said}); it was removed, run the same command again")


def document_row(entry: Document) -> tuple[Any, ...]:
    """A document as a row of `DOCUMENTS`."""
    place = entry.place
    number = place.line if place else 0
    line = str(number) if type(number) is int else write_json(number)
    places = (place.source, place.file, place.shown) if place else ("", "", "")
    kept = entry.id if entry.own_id else ""
    return (entry.text_key, entry.identity, kept, entry.doc, entry.own_id, entry.is_grouped, entry.title, line, *places)


def row_document(row: dict[str, Any]) -> Document:
    """The document of a row, without its text."""
    place = RowPlace(row["source"], row["file"], row["shown"], parse_json(row["line"]))
    return Document(row["id"], row["doc"], "", "", row["own_id"], row["is_grouped"], place)


def write_facts(report: CorpusReport) -> dict[bytes, bytes]:
    """What could not be used, for beside the columns."""
    rows = [[problem.reason, problem.n, list(problem.examples)] for problem in report.problems]
    return {_FACTS: write_json(rows, ascii_only=True).encode()}


def add_facts(report: CorpusReport, metadata: dict[bytes, bytes]) -> None:
    """Add what `write_facts` wrote to another report."""
    for reason, n, examples in parse_json(metadata[_FACTS]):
        report.problems.add(Problem(reason, n, tuple(examples)))
