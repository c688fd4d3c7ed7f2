"""Documents set aside on disk while something is found out about all of them: a corpus is read once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path

import msgpack

from minicoil.errors import StoreError
from tasks.disk import way_out
from tasks.documents.documents import Document, RowPlace

_BUFFER_BYTES = 16 * 2**20  # smaller corpora never reach the disk


@contextmanager
def spool_documents(folder: Path, documents: Iterable[Document]) -> Iterator[Iterator[Document]]:
    """Read documents to their end, then give them again, in order.

    Args:
        folder: Where there is room for the corpus's text; the file has no name there, and ends with the process.
        documents: Read at once.

    Raises:
        StoreError: the folder cannot be written to.
    """
    with _naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.SpooledTemporaryFile(_BUFFER_BYTES, dir=str(folder)) as file:
        for document in documents:
            with _naming(folder):
                file.write(msgpack.packb(astuple(document), use_bin_type=True))
        with _naming(folder):
            file.seek(0)
        yield _read(file)


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder} has no room for the corpus's text: {error.strerror}; {way_out(error)}") from error


def _read(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[Document]:
    unpacker = msgpack.Unpacker(file, raw=False, use_list=False, max_buffer_size=0)
    for row in unpacker:
        document = Document(*row)
        yield document if row[-1] is None else replace(document, place=RowPlace(*row[-1]))
