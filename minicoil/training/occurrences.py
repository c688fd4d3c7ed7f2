"""Occurrences: one float16 embedding per word and sentence, on disk, read back word by word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import TrainingError
from minicoil.files import load_array


@dataclass(frozen=True)
class WordSample:
    """What one word is trained on.

    Attributes:
        word: Vocabulary entry.
        keys: (n,) uint64 sentence keys.
        embeddings: (n, D) float32 mean contextual token embedding of the word in each sentence.
        role: (n, R) float32 unit role-model vectors of the sentences.
        snippet_rows: (m,) int64, for each snippet the row of the sentence it was cut from.
        snippet_embeddings: (m, D) float32 embedding of the word in each snippet.
    """

    word: str
    keys: NDArray[np.uint64]
    embeddings: NDArray[np.float32]
    role: NDArray[np.float32]
    snippet_rows: NDArray[np.int64]
    snippet_embeddings: NDArray[np.float32]


class OccurrenceWriter:
    """Appends occurrences in any order; `close` sorts their index by word and makes the folder readable.

    A folder without index is what a killed run left behind; it is not readable and simply made again.

    Args:
        folder: Created, or emptied.
        width: D.
    """

    def __init__(self, folder: Path, width: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.npy").unlink(missing_ok=True)
        self._folder = folder
        self._width = width
        self._file = (folder / "embeddings.f16").open("wb")
        self._rows: list[NDArray[np.int64]] = []

    def append(self, words: NDArray[np.int64], sentences: NDArray[np.int64], embeddings: NDArray[np.float32]) -> None:
        """Add occurrences.

        Args:
            words: (k,) int64 word numbers.
            sentences: (k,) int64 sentence numbers.
            embeddings: (k, D) float32; stored as float16, whose error is a hundredth of what training notices.
        """
        np.clip(embeddings, -65504, 65504).astype("<f2").tofile(self._file)
        self._rows.append(np.stack([words, sentences], axis=1))

    def append_text(self, sentence: int, embeddings: Mapping[int, NDArray[np.float32]]) -> None:
        """Add the occurrences of one text: word number -> (D,) float32."""
        if embeddings:
            words = np.fromiter(embeddings, dtype=np.int64, count=len(embeddings))
            self.append(words, np.full(len(words), sentence, dtype=np.int64), np.stack(list(embeddings.values())))

    def close(self) -> None:
        """Write the index: (n, 3) int64 rows word, sentence, place, sorted."""
        self._file.close()
        table = np.concatenate(self._rows) if self._rows else np.zeros((0, 2), np.int64)
        order = np.lexsort((table[:, 1], table[:, 0]))
        np.save(self._folder / "index.part.npy", np.column_stack([table[order], order]))
        (self._folder / "index.part.npy").replace(self._folder / "index.npy")

    def __enter__(self) -> OccurrenceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()


class OccurrenceReader:
    """Reads what a closed writer wrote, memory-mapped.

    Args:
        folder: Of the writer.
        width: D.
        n_sentences: How many there are, where it is known: no occurrence may lie in another.

    Raises:
        TrainingError: the folder is not complete.
    """

    def __init__(self, folder: Path, width: int, n_sentences: int | None = None) -> None:
        try:
            index = load_array(folder / "index.npy")
            _check(index, n_sentences)
            size = (folder / "embeddings.f16").stat().st_size
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{folder} holds no complete occurrences ({error}); run the same command again"
            ) from error
        if size != len(index) * width * 2:
            raise TrainingError(f"{folder} has {size} bytes for {len(index)} occurrences; run the same command again")
        self._words, self._sentences, self._places = index[:, 0], index[:, 1], index[:, 2]
        self._embeddings = (
            np.memmap(folder / "embeddings.f16", dtype="<f2", mode="r", shape=(len(index), width))
            if size
            else np.zeros((0, width), np.float16)
        )

    def __len__(self) -> int:
        return len(self._words)

    def count(self, word: int) -> int:
        """Occurrences of a word number."""
        start, end = np.searchsorted(self._words, (word, word + 1))
        return int(end - start)

    def rows(self, word: int) -> NDArray[np.int64]:
        """(n,) ascending sentence numbers of a word number; no embedding is read."""
        start, end = np.searchsorted(self._words, (word, word + 1))
        return np.asarray(self._sentences[start:end])

    def read(self, word: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Sentence numbers (n,) ascending and embeddings (n, D) of a word number."""
        start, end = np.searchsorted(self._words, (word, word + 1))
        places = np.sort(self._places[start:end])  # file order: one pass over the disk
        by_place = np.argsort(self._places[start:end], kind="stable")
        rows = np.empty((end - start, self._embeddings.shape[1]), dtype=np.float32)
        rows[by_place] = self._embeddings[places]
        return self._sentences[start:end], rows


def _check(index: NDArray[np.int64], n_sentences: int | None) -> None:
    """Stop at an index that points beside its tables; it may come from another machine."""
    if index.ndim != 2 or index.shape[1] != 3 or index.dtype != np.int64:
        raise ValueError(f"an index of {index.dtype}{index.shape}, (n, 3) int64 expected")
    if not len(index):
        return
    highest = [np.iinfo(np.int64).max, (n_sentences or np.iinfo(np.int64).max) - 1, len(index) - 1]
    if (index.min(axis=0) < 0).any() or (index.max(axis=0) > highest).any() or (np.diff(index[:, 0]) < 0).any():
        raise ValueError("an index that points beside its tables")
