"""Text from sets: Hugging Face data sets, and payloads of Qdrant collections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minicoil.errors import CorpusError, UsageError
from tasks.corpus import CorpusReport, Document
from tasks.corpus_rows import row_document
from tasks.documents import RowPlace

if TYPE_CHECKING:
    from tasks.points import PointStore


def read_hub(rest: str, report: CorpusReport) -> Iterator[Document]:
    """Rows of `name[:config][:split]#column`, streamed; `name` may be a local folder.

    Raises:
        UsageError: no column was named.
        CorpusError: the set, configuration, split or column does not exist, or cannot be reached.
    """
    address, _, column = rest.partition("#")
    name, *options = address.split(":")
    if not name or not column:
        raise UsageError(f"hf:{rest}: expected hf:name[:config][:split]#column, such as hf:ag_news:train#text")
    split = options[-1] if options else "train"
    config = options[0] if len(options) == 2 else None
    rows = _load_hub(name, config, split, rest)
    place = RowPlace(f"hf:{address}", name, f"hf:{address}")
    for number, row in enumerate(_rows(rows, rest)):
        if number == 0 and column not in row:
            raise CorpusError(f"hf:{rest}: no column '{column}'; columns are {', '.join(map(str, row))}")
        yield from row_document(row, place.at(number), report, column)


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


def read_collection(rest: str, report: CorpusReport, points: PointStore) -> Iterator[Document]:
    """Texts in the payload of a collection, `collection#field`.

    Raises:
        UsageError: no field was named.
        CollectionError: the collection does not exist.
    """
    name, _, column = rest.partition("#")
    if not name or not column:
        raise UsageError(f"qdrant:{rest}: expected qdrant:collection#payload_field")
    place = RowPlace(f"qdrant:{name}", name, f"qdrant:{name}")
    for page in points.scroll(name, payload=[column, "doc", "title"]):
        for point in page:
            yield from row_document({**point.payload, "_id": point.id}, place.at(str(point.id)), report, column)
