"""Sentences of a reading on their way into columns: gathered until there are enough for a piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.columns import WordRows, as_column
from minicoil.keys import KeyRuns
from minicoil.text import open_language
from tasks.sentences.sentence_columns import SCHEMA, SentenceColumns, from_zero
from tasks.sentences.sentence_store import SentenceWriter, language_of_store

PIECE = 2**18  # sentences of a piece: some 12 MB, and 60 MB of memory while it grows
_NARROW = 2**32  # pairs of sentence and word below this many are 32 bits, which are sorted in half the time


class ColumnWriter(SentenceWriter):
    """Adds sentences to columns, those that are there left out.

    The last, smaller piece is written at the end of the `with` block, unless that ends by an error: the same command
    reads again what was not written.

    Args:
        columns: Where to.
        known: Keys of sentences that are there.
        keep: Whether they are added; else it is only counted how many would be.
    """

    def __init__(self, columns: SentenceColumns, known: KeyRuns, keep: bool = True) -> None:
        self._columns, self._known, self._keep = columns, known, keep
        self._stopwords = open_language(language_of_store(columns.name)).stopwords
        self._batches: list[Any] = []
        self._names: dict[str, int] = {}
        self._docs: dict[str, int] = {}
        self._last: tuple[str, ...] = ()  # names of the rows that came last, and the number of each
        self._table = np.zeros(0, np.int64)
        self._n_waiting = 0

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._write()

    def add(self, keys: NDArray[np.uint64], texts: Any, docs: Sequence[str], rows: WordRows) -> int:
        """Take up sentences by key, (n,) uint64, with the words they have; returns how many are new."""
        new = ~self._known.contain(keys) if len(self._known) else np.ones(len(keys), bool)
        places = np.flatnonzero(new)
        if not len(places) or not self._keep:
            return len(places)
        words = self._lists(rows)
        numbers = np.fromiter((self._docs.setdefault(doc, len(self._docs)) for doc in docs), np.int32, len(docs))
        batch = [pa.array(keys), as_column(texts), pa.array(numbers), words]
        table = pa.table(batch, ["key", "text", "doc", "words"])
        self._batches.append(table if len(places) == len(keys) else table.take(pa.array(places)))
        self._n_waiting += len(places)
        if self._n_waiting >= PIECE:
            self._write()
        return len(places)

    def _lists(self, rows: WordRows) -> Any:
        """The words of each sentence as numbers of this piece's names, each once, without stopwords and marks."""
        if rows.names is not self._last:  # batches of one text share them
            self._last, self._table = rows.names, self._number(rows.names)
        numbers = self._table[rows.numbers]
        used = numbers >= 0
        size = len(self._names) or 1
        kind = np.dtype(np.uint32 if rows.n_sentences * size < _NARROW else np.uint64)
        pairs = np.sort(rows.sentences[used].astype(kind) * size + numbers[used].astype(kind))
        pairs = pairs[np.append(pairs[:1] >= 0, pairs[1:] != pairs[:-1])]
        sentences, words = np.divmod(pairs, size)
        n_words = np.bincount(sentences.astype(np.int64), minlength=rows.n_sentences)
        offsets = np.append(0, np.cumsum(n_words)).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(words.astype(np.int32)))

    def _number(self, names: Sequence[str]) -> NDArray[np.int64]:
        """(n,) number of each name in this piece; -1 for stopwords and marks."""
        found = list(map(self._names.get, names))
        for place, number in enumerate(found):
            if number is None and (name := names[place])[:1].isalnum() and name not in self._stopwords:
                found[place] = self._names.setdefault(name, len(self._names))
        return np.asarray([-1 if number is None else number for number in found], np.int64)

    def _write(self) -> None:
        if self._batches:
            gathered = pa.concat_tables(self._batches).combine_chunks()
            self._batches, self._n_waiting = [], 0
            names, docs = (pa.array(list(table), pa.string()) for table in (self._names, self._docs))
            self._names, self._docs, self._last = {}, {}, ()
            lists = gathered["words"].chunk(0)
            words = pa.ListArray.from_arrays(
                from_zero(lists.offsets), pa.DictionaryArray.from_arrays(lists.flatten(), names)
            )
            doc = pa.DictionaryArray.from_arrays(gathered["doc"].chunk(0), docs)
            self._columns.write(pa.table([gathered["key"], gathered["text"], doc, words], schema=SCHEMA))
