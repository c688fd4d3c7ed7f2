"""Text from sets: Hugging Face data sets, and payloads of Qdrant collections."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicoil.errors import CorpusError, UsageError
from tasks.corpus.corpus_files import file_stamp, is_rows, read_rows
from tasks.corpus.corpus_folders import find_files
from tasks.corpus.corpus_rows import FIELDS, row_document
from tasks.corpus.corpus_tables import count_rows
from tasks.disk import shown_name
from tasks.documents import CorpusReport, Document, IdRange, RowPlace, Stretch

if TYPE_CHECKING:
    from tasks.points import PointStore


_LOOKED_AT = 1000  # points whose texts say how long texts are
_SPLITS = ("train", "test", "valid", "dev")  # what names of files and folders say


def read_hub(rest: str, report: CorpusReport, stretch: Stretch | None = None) -> Iterator[Document]:
    """Rows of `name[:config][:split]#column`, streamed; `name` may be a local folder.

    Args:
        rest: The SPEC without its kind.
        report: Told of what could not be used.
        stretch: Only these shards.

    Raises:
        UsageError: no column was named.
        CorpusError: the set, configuration, split or column does not exist, or cannot be reached.
    """
    address, name, config, split, column = _parts_of(rest)
    place = RowPlace(f"hf:{address}", name, f"hf:{address}")
    try:
        rows = _load_hub(name, config, split, rest)
    except CorpusError:  # of a name that is a pattern to that library, or a column of a type that it does not know
        files = _files_of_split(name, split, report if stretch is None or not stretch.start else CorpusReport())
        if not files:
            raise
        for path in files if stretch is None else files[stretch.start : stretch.end]:
            inner = shown_name(path.relative_to(name))
            yield from read_rows(path, RowPlace(f"{place.source}/{inner}", name, shown_name(path)), report, column)
        return
    if known := rows.column_names:
        _check_column(known, column, rest)
        # without the others, one of which may hold what Python has no value for
        rows = rows.select_columns([field for field in dict.fromkeys((column, *FIELDS)) if field in known])
    first, shards = 0, [rows]
    if stretch is not None:
        first = stretch.first
        shards = [rows.shard(rows.num_shards, i) for i in range(rows.num_shards)[stretch.start : stretch.end]]
    for number, row in enumerate(chain.from_iterable(_rows(shard, rest) for shard in shards), first):
        if number == first:
            _check_column(row, column, rest)
        yield from row_document(row, place.at(number), report, column)


def hub_shards(rest: str) -> list[tuple[int, int]]:
    """Rows and bytes of each shard of a set; empty where nobody can say but by reading it.

    These are sets in a local folder whose shards are parquet or arrow files, as sets are saved and downloaded.
    """
    _, name, config, split, _ = _parts_of(rest)
    if not os.path.isdir(name):
        return []
    from datasets import load_dataset_builder

    try:
        n_shards = _load_hub(name, config, split, rest).num_shards
    except CorpusError:  # its files are read one after the other
        files = _files_of_split(name, split, CorpusReport())
        n_shards = len(files)
    else:
        found = load_dataset_builder(name, config).config.data_files or {}
        files = [Path(file) for file in found.get(split, ())]
    try:
        shards = [(count_rows(file), file.stat().st_size) for file in files]
    except Exception:  # who reads it says what is wrong with it
        return []
    return shards if n_shards == len(files) else []


def set_stamp(rest: str) -> tuple[int, int] | None:
    """Bytes of all files in the local folder of a set, and the last change of one; None where there is none."""
    folder = Path(_parts_of(rest)[1])
    stamps = [stamp for path in find_files(folder, CorpusReport()) if (stamp := file_stamp(path)) is not None]
    return (sum(size for size, _ in stamps), max(changed for _, changed in stamps)) if stamps else None


def _parts_of(rest: str) -> tuple[str, str, str | None, str, str]:
    """Address, name, configuration, split and column."""
    address, _, column = rest.partition("#")
    name, *options = address.split(":")
    if not name or not column or len(options) > 2:
        raise UsageError(f"hf:{rest}: expected hf:name[:config][:split]#column, such as hf:ag_news:train#text")
    return address, name, options[0] if len(options) == 2 else None, options[-1] if options else "train", column


def _check_column(known: Collection[Any], column: str, rest: str) -> None:
    if column not in known:
        raise CorpusError(f"hf:{rest}: no column '{column}'; columns are {', '.join(map(str, known))}")


def _files_of_split(name: str, split: str, report: CorpusReport) -> list[Path]:
    """Files of rows in a local folder: those that name the split, or all where none names any."""
    if not os.path.isdir(name):
        return []
    files = [path for path in find_files(Path(name), report) if is_rows(path)]
    named = {word: [path for path in files if word in path.relative_to(name).as_posix().lower()] for word in _SPLITS}
    if any(named.values()):
        return named.get(split, [])
    return files if split == "train" else []


def _load_hub(name: str, config: str | None, split: str, rest: str) -> Any:
    from datasets import load_dataset

    try:
        return load_dataset(name, config, split=split, streaming=True)
    except Exception as error:  # offline, unknown, gated: the hub's libraries raise a dozen unrelated classes
        local = "" if os.path.isdir(name) else "; with no network, give a local folder of parquet or JSON lines"
        raise CorpusError(
            f"hf:{rest}: the data set cannot be loaded ({type(error).__name__}: {error}){local}"
        ) from error


def _rows(rows: Any, rest: str) -> Iterator[Any]:
    iterator = iter(rows)
    while True:
        try:
            row = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # see _load_hub
            raise CorpusError(f"hf:{rest}: reading stopped ({type(error).__name__}: {error}); run it again") from error
        yield row


def cut_collection(rest: str, points: PointStore, size: int) -> list[IdRange]:
    """Ranges of ids whose points have about so many bytes of text; as its first points have, so have all.

    Raises:
        UsageError: no field was named.
        CollectionError: the collection does not exist.
    """
    name, column = _field_of(rest)
    first = next(iter(points.scroll(name, payload=[column], page=_LOOKED_AT)), [])
    n_bytes = sum(len(str(point.payload.get(column) or "").encode("utf-8", "replace")) for point in first)
    if len(first) < _LOOKED_AT or not n_bytes:
        return [IdRange(None, None)]
    n_points, before, starts = max(size * len(first) // n_bytes, 1), 0, []
    for page in points.scroll(name, payload=False, page=10_000):
        starts += [point.id for point in page[-before % n_points :: n_points]]
        before += len(page)
    bounds = [None, *starts[1:], None]
    return [IdRange(start, end) for start, end in pairwise(bounds)]


def _field_of(rest: str) -> tuple[str, str]:
    name, _, column = rest.partition("#")
    if not name or not column:
        raise UsageError(f"qdrant:{rest}: expected qdrant:collection#payload_field")
    return name, column


def read_collection(
    rest: str, report: CorpusReport, points: PointStore, ids: IdRange | None = None
) -> Iterator[Document]:
    """Texts in the payload of a collection, `collection#field`.

    Args:
        rest: The SPEC without its kind.
        report: Told of what could not be used.
        points: Where the collection is.
        ids: Only these points.

    Raises:
        UsageError: no field was named.
        CollectionError: the collection does not exist.
    """
    from tasks.points import id_order

    name, column = _field_of(rest)
    place = RowPlace(f"qdrant:{name}", name, f"qdrant:{name}")
    first, end = (None, None) if ids is None else (ids.from_id, ids.to_id)
    for page in points.scroll(name, payload=[column, "doc", "title"], start=first):
        for point in page:
            if end is not None and id_order(point.id) >= id_order(end):
                return
            yield from row_document({**point.payload, "_id": point.id}, place.at(str(point.id)), report, column)
