"""Text from parquet and arrow files: the columns that matter, and nothing of the others."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tasks.corpus.corpus_rows import FIELDS, refuse_column, row_document
from tasks.documents import CorpusReport, Document, RowPlace

if TYPE_CHECKING:
    from tasks.documents import Stretch

_ROWS = 1000  # decoded together
_ARROW_FILE = b"ARROW1"  # what a file of the arrow format begins with; a stream of it begins otherwise


def read_table(
    path: Path,
    place: RowPlace,
    report: CorpusReport,
    column: str = "text",
    stretch: Stretch | None = None,
    opened: IO[bytes] | None = None,
) -> Iterator[Document]:
    """Rows of a parquet or arrow file, packed or not.

    Only the text, title and ids are looked at: whatever else is in other columns is nobody's concern here. What
    cannot be read costs its value, its row group or the file, whichever is the smallest, and is named.

    Args:
        path: The file; its name is no pattern.
        place: Of its rows, but for their number.
        report: Told of what could not be used.
        column: Where the text stands.
        stretch: Only these row groups of a parquet file.
        opened: The file, where it lies somewhere else than on this machine.
    """
    try:
        with open_seekable(path) if opened is None else nullcontext(opened) as file:
            is_parquet = ".parquet" in path.name.lower()
            table: _Table = _Parquet(file, place, report, stretch) if is_parquet else _Arrow(file)
            yield from _rows(table, place, report, column, is_first=stretch is None or stretch.start == 0)
    except Exception as error:  # pyarrow raises what its many readers raise
        report.refuse("files that cannot be read", f"{place.shown}: {type(error).__name__}: {error}")


def group_sizes(file: Path | IO[bytes], column: str) -> Iterator[tuple[int, int]]:
    """Rows of each row group of a parquet file, and bytes of its text."""
    from pyarrow import parquet  # type: ignore[import-untyped]

    metadata = parquet.read_metadata(file)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = (group.column(i) for i in range(group.num_columns))
        yield group.num_rows, sum(c.total_uncompressed_size for c in columns if c.path_in_schema == column)


def count_rows(path: Path) -> int:
    """Rows of a parquet or arrow file, by what it says of its parts.

    Raises:
        ValueError: it is neither.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if path.suffix == ".parquet":
        return int(parquet.read_metadata(path).num_rows)
    if path.suffix != ".arrow":
        raise ValueError(f"{path} is no .parquet and no .arrow")
    with pa.memory_map(str(path)) as file:
        return sum(batch.num_rows for _, batch in _Arrow(file).batches(()))


@contextmanager
def open_seekable(path: Path) -> Iterator[IO[bytes]]:
    """A file, unpacked to the disk where it is packed: tables and documents are read from their end."""
    if not path.name.lower().endswith(".gz"):
        with path.open("rb") as file:
            yield file
        return
    with gzip.open(path, "rb") as packed, tempfile.TemporaryFile() as file:
        shutil.copyfileobj(packed, file, 2**20)
        file.seek(0)
        yield file


class _Table:
    """Columns of a file by name, in batches of rows."""

    names: Sequence[str]

    def batches(self, wanted: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Row number of each batch's first row, and the batch."""
        raise NotImplementedError


class _Parquet(_Table):
    def __init__(self, file: IO[bytes], place: RowPlace, report: CorpusReport, stretch: Stretch | None) -> None:
        from pyarrow import parquet

        self._file, self._place, self._report, self._stretch = parquet.ParquetFile(file), place, report, stretch
        # of the file's own schema: pyarrow's would need every column's type to be one that it knows
        leaves = [self._file.schema.column(i) for i in range(len(self._file.schema.names))]
        self.names = [leaf.path.split(".")[0] for leaf in leaves]

    def batches(self, wanted: Sequence[str]) -> Iterator[tuple[int, Any]]:
        asked = self._stretch
        start, groups = (0, (0, None)) if asked is None else (asked.first, (asked.start, asked.end))
        for group in range(self._file.num_row_groups)[slice(*groups)]:
            n_rows, done = self._file.metadata.row_group(group).num_rows, 0
            try:
                for batch in self._file.iter_batches(_ROWS, [group], list(wanted), use_threads=False):
                    yield start + done, batch
                    done += batch.num_rows
            except Exception as error:  # a damaged part, or a type that pyarrow does not know
                where = f"{self._place.shown}: rows {start + done} to {start + n_rows - 1}"
                self._report.refuse("rows that cannot be read", f"{where}: {type(error).__name__}: {error}")
            start += n_rows


class _Arrow(_Table):
    def __init__(self, file: IO[bytes]) -> None:
        import pyarrow as pa

        is_file = file.read(len(_ARROW_FILE)) == _ARROW_FILE
        file.seek(0)
        self._reader = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
        self.names = self._reader.schema.names

    def batches(self, wanted: Sequence[str]) -> Iterator[tuple[int, Any]]:
        start = 0
        n_batches = getattr(self._reader, "num_record_batches", None)
        whole = self._reader if n_batches is None else (self._reader.get_batch(i) for i in range(n_batches))
        for batch in whole:
            for offset in range(0, batch.num_rows, _ROWS):
                yield start + offset, batch.slice(offset, _ROWS)
            start += batch.num_rows


def _rows(
    table: _Table, place: RowPlace, report: CorpusReport, column: str, is_first: bool = True
) -> Iterator[Document]:
    if column not in table.names:
        if not is_first:
            return
        names = ", ".join(dict.fromkeys(table.names)) or "none"
        refuse_column(report, place, column, names)
        return
    wanted = [name for name in (column, *FIELDS) if name in table.names]
    empty = is_first
    twice: set[str] = set()
    for start, batch in table.batches(wanted):
        empty = empty and not batch.num_rows
        names = batch.schema.names
        twice |= {name for name in wanted if names.count(name) > 1}
        columns = {name: batch.column(names.index(name)) for name in wanted}
        for number in range(batch.num_rows):
            here = place.at(start + number)
            row = {name: _value(values, number, name, here, report) for name, values in columns.items()}
            yield from row_document(row, here, report, column)
    for name in sorted(twice) if is_first else ():
        report.refuse("columns whose name occurs twice (the first counts)", f"{place.shown}: {name}")
    if empty:
        report.refuse("files with nothing in them", place.shown)


def _value(values: Any, number: int, name: str, place: RowPlace, report: CorpusReport) -> Any:
    """One value as Python has it; None where it has none, such as a date past the year 9999."""
    try:
        return values[number].as_py()
    except Exception as error:  # of each type's own
        report.refuse(f"values of '{name}' that cannot be read", f"{place.where}: {type(error).__name__}: {error}")
        return None
