"""A piece of a corpus split into sentences, each under its key, in the order in which they stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from minicoil.files import write_json
from minicoil.text import ENGLISH, Language
from tasks.corpus import Piece, read_piece
from tasks.documents import CorpusReport, Document
from tasks.place import Place
from tasks.reading.piece_files import (
    DOCUMENTS,
    SENTENCES,
    PieceFiles,
    document_row,
    put,
    scratch_folder,
    write_facts,
)
from tasks.reading.reading import batches


def split_piece(place: Place, scope: str, piece: Piece, language: Language = ENGLISH) -> int:
    """Split a piece where nobody has; returns how many sentences it has, 0 where there was nothing to do.

    A file that is cut, and changed since, makes the piece one that nobody uses: it is told by an object of its own.
    """
    files = PieceFiles(place.objects(), scope, piece.digest)
    if files.store.stat(files.documents) is not None:
        return 0
    report, rows, n_sentences = CorpusReport(), _Rows(), 0
    with scratch_folder() as folder, ExitStack() as stack:
        points = stack.enter_context(place.points()) if piece.spec.startswith("qdrant:") else None
        sentences = folder / "sentences.parquet"
        with parquet.ParquetWriter(sentences, SENTENCES, compression="zstd", use_dictionary=False) as writer:
            for batch in batches(rows.passing(read_piece(piece, report, points)), language):
                first = rows.n - len(batch.docs)
                owners = batch.rows.owners + np.int32(first)
                columns = [pa.array(batch.rows.keys), pa.array(owners), batch.rows.texts]
                writer.write_table(pa.table(columns, schema=SENTENCES), row_group_size=max(len(owners), 1))
                n_sentences += len(owners)
        if changed := piece.changed_files():
            files.store.write(files.changed, write_json(sorted(changed), ascii_only=True).encode())
            return 0
        documents = folder / "documents.parquet"
        facts: Mapping[bytes, bytes] = write_facts(report)
        parquet.write_table(rows.table().replace_schema_metadata(facts), documents, compression="zstd")
        put(files.store, files.sentences, sentences)
        put(files.store, files.documents, documents)
    return n_sentences


class _Rows:
    """Documents as rows, gathered while they pass by; without their text."""

    def __init__(self) -> None:
        self.n = 0
        self._tables: list[Any] = []
        self._waiting: list[list[Any]] = [[] for _ in DOCUMENTS.names]  # by column, which keeps no object a row

    def passing(self, documents: Iterable[Document]) -> Iterator[Document]:
        for entry in documents:
            for column, value in zip(self._waiting, document_row(entry), strict=True):
                column.append(value)
            self.n += 1
            if len(self._waiting[0]) >= 10_000:
                self._pack()
            yield entry

    def _pack(self) -> None:
        arrays = [pa.array(values, kind) for values, kind in zip(self._waiting, DOCUMENTS.types, strict=True)]
        self._tables.append(pa.table(arrays, schema=DOCUMENTS))
        self._waiting = [[] for _ in DOCUMENTS.names]

    def table(self) -> Any:
        self._pack()
        return pa.concat_tables(self._tables).unify_dictionaries()
