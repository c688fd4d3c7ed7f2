"""The sentences that a piece owns: words cut and counted, and what is new written into columns."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from minicoil.columns import RowTokenizer
from minicoil.files import BundleLayout, parse_json, write_json
from minicoil.keys import KeyRuns
from minicoil.text import WordTokenizer, read_language
from minicoil.words import CountColumns, WordCounts, read_counts, write_counts
from tasks.place import Place
from tasks.reading.ownership import KNOWN, NEW, Owned
from tasks.reading.piece_files import PieceFiles, damaged, put, scratch_folder
from tasks.sentences import ColumnWriter, SentenceColumns
from tasks.store import ObjectStore


@dataclass(frozen=True)
class CountingRun:
    """What all pieces of one reading are counted with.

    Attributes:
        scope: Prefix of the reading.
        name: Of the run; other settings have another name.
        columns: Name of the sentence store that keeps what is new; None: nobody keeps it.
    """

    scope: str
    name: str
    columns: str | None

    @property
    def tokenizer(self) -> str:
        """Key of the tokenizer's files."""
        return f"{self.scope}{self.name}.tokenizer.json"


def store_tokenizer(store: ObjectStore, run: CountingRun, folder: Path) -> None:
    """Have the tokenizer of a model folder travel with a reading."""
    if store.stat(run.tokenizer) is None:
        texts = {path.name: path.read_text("utf-8") for path in _tokenizer_files(folder)}
        store.write(run.tokenizer, write_json(texts).encode())


def count_piece(place: Place, run: CountingRun, digest: str) -> int:
    """Count what a piece owns where nobody has, and keep what is new; how many sentences it owns, 0 where one had."""
    store = place.objects()
    files = PieceFiles(store, run.scope, digest)
    if store.stat(files.counts(run.name)) is not None:
        return 0
    owned, cutter = Owned.read(store, files.owned(run.name)), _cutter(place, run)
    counts = WordCounts(cutter.language)
    columns = None if run.columns is None else SentenceColumns(store, run.columns, place.cache)
    with files.open(files.documents) as file:
        docs: list[str] = file.read(["doc"])["doc"].to_pylist()
    for number, name in owned.names.items():
        docs[number] = name
    with files.open(files.sentences) as file:
        known, start = KeyRuns(), 0
        if columns is not None:
            known.add(file.read(["key"], use_threads=False)["key"].to_numpy()[owned.states == KNOWN])
        groups = []
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            states = owned.states[start : start + table.num_rows]
            start += table.num_rows
            groups.append((table.take(pa.array(np.flatnonzero(states))), bool((states == NEW).any())))
        each = cutter.tokenize_each([table["text"] for table, _ in groups])
        with ColumnWriter(columns, known) if columns is not None else _nowhere() as writer:
            for (table, has_new), rows in zip(groups, each, strict=True):
                documents = table["document"].to_numpy().astype(np.int64)
                counts.add_rows(rows, documents)
                if writer is not None and has_new:
                    writer.add(table["key"].to_numpy(), table["text"], [docs[i] for i in documents.tolist()], rows)
    with scratch_folder() as folder:
        write_counts(counts.columns(), folder / "counts.parquet")
        put(store, files.counts(run.name), folder / "counts.parquet")
    return counts.n_sentences


class CountSum:
    """The counts of all pieces added up, in their order, those that are there while others are still being counted.

    Adding up is one process's work: what is left of it when the last piece is counted is time that no number of
    processes makes shorter.

    Args:
        pieces: Whose counts.
        run: Name of the run.
        counts: What they are added to.
    """

    _LOOK_SECONDS = 1.0  # between two looks for the next piece

    def __init__(self, pieces: Sequence[PieceFiles], run: str, counts: WordCounts) -> None:
        self.counts = counts
        self._pieces, self._run = pieces, run
        self._n_added = 0
        self._is_over = threading.Event()
        self._error: Exception | None = None

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """Add what appears while the body runs. What cannot be read is raised by `finish`, not here."""
        adder = threading.Thread(target=self._follow, name="adding counts", daemon=True)
        adder.start()
        try:
            yield
        finally:
            self._is_over.set()
            adder.join()

    def finish(self) -> Iterator[int]:
        """Add the rest, and give the number of each piece as it is added, first of those that were.

        Raises:
            StoreError: counts are damaged, and were removed.
        """
        yield from range(self._n_added)
        if self._error is not None:
            raise self._error
        for number in range(self._n_added, len(self._pieces)):
            self._add(number)
            yield number

    def _follow(self) -> None:
        try:
            for number, piece in enumerate(self._pieces):
                while piece.store.stat(piece.counts(self._run)) is None:
                    if self._is_over.wait(self._LOOK_SECONDS):
                        return
                if self._is_over.is_set():  # `finish` shows its progress
                    return
                self._add(number)
        except Exception as error:  # whoever waits for the body hears of it afterwards
            self._error = error

    def _add(self, number: int) -> None:
        piece = self._pieces[number]
        self.counts.add_columns(_read_counts(piece, piece.counts(self._run)))
        self._n_added = number + 1


def _read_counts(files: PieceFiles, key: str) -> CountColumns:
    path = files.store.local_path(key)
    with scratch_folder() as folder:
        if path is None:
            path = folder / "counts.parquet"
            files.store.download(key, path)
        try:
            return read_counts(path)
        except ValueError as error:
            raise damaged(files.store, key, error) from error


def _nowhere() -> nullcontext[None]:
    return nullcontext()


def _tokenizer_files(folder: Path) -> Sequence[Path]:
    layout = BundleLayout(folder)
    files = (layout.tokenizer, layout.tokenizer_config, layout.special_tokens)
    return files if read_language(layout.facts).is_english else (*files, layout.facts)  # which say the language


def _cutter(place: Place, run: CountingRun) -> RowTokenizer:
    return _open_cutter(place.store_url, place.objects().read(run.tokenizer))


@lru_cache(maxsize=2)
def _open_cutter(_store: str, document: bytes) -> RowTokenizer:
    with scratch_folder() as folder:
        for name, text in parse_json(document).items():
            (folder / Path(str(name)).name).write_text(str(text), "utf-8")
        return RowTokenizer(WordTokenizer.from_folder(folder))
