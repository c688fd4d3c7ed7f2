"""Encoding in several processes: each has a model of its own, windows of texts go out and vectors come back."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.errors import DocumentError, EncoderError
from minicoil.sparse import SparseVector
from minicoil.windows import read_windows

if TYPE_CHECKING:
    from pathlib import Path

    from minicoil.model import MiniCoil
    from minicoil.vocabulary import Vocabulary

WINDOW = 128  # texts sent to a process at once: small enough that all have work, large enough to sort by length
_Packed = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Request:
    """What is asked of texts: whether they are queries, and whether their dense vectors are wanted too."""

    query: bool
    dense: bool


@dataclass(frozen=True)
class EncodedWindow:
    """The vectors of some texts.

    Attributes:
        sparse: One a text.
        dense: (n, D) float32 unit vectors; (n, 0) where they were not asked for.
    """

    sparse: list[SparseVector]
    dense: NDArray[np.float32]


def encode_in_processes(
    model: MiniCoil, texts: str | Iterable[str], request: Request, n_processes: int, batch_size: int | None = None
) -> Iterator[EncodedWindow]:
    """The vectors of windows of texts, in order; memory holds two windows a process.

    Texts that fill no more than one window are encoded here: a process takes a second to start.

    Raises:
        EncoderError: a process died.
        DocumentError: as with `MiniCoil.embed`, after the vectors of what came before.
    """
    windows = read_windows(texts, batch_size or WINDOW)
    first, failure = _take(windows)
    if failure is not None:
        raise failure
    second, failure = _take(windows)
    if second is None:
        if first is not None:
            yield model.encode_window(first, request)
        if failure is not None:
            raise failure
        return
    assert first is not None
    # a forked copy of a process that has run ONNX Runtime would hang
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    pool = ProcessPoolExecutor(n_processes, context, _open_model, model.recipe)
    running: deque[Future[_Packed]] = deque()
    try:
        ahead = chain([first, second], windows)
        while True:
            while len(running) < 2 * n_processes and failure is None:
                window, failure = _take(ahead)
                if window is None:
                    break
                running.append(pool.submit(_encode_packed, window, request))
            if not running:
                break
            yield _unpack(running.popleft().result())
    except BrokenProcessPool as error:
        raise EncoderError(
            f"one of {n_processes} encoding processes died, most likely for want of memory; each needs about 300 MB: "
            "use fewer, or threads (parallel=None)"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if failure is not None:
        raise failure


def _take(windows: Iterator[list[str]]) -> tuple[list[str] | None, DocumentError | None]:
    """The next window, or the failure of the source, which waits until what came before is answered."""
    try:
        return next(windows, None), None
    except DocumentError as error:
        return None, error


_model: MiniCoil | None = None  # of this worker process


def _open_model(folder: Path, bm25: Bm25Config, vocabulary: Vocabulary | None, olds: tuple[Vocabulary, ...]) -> None:
    global _model
    from minicoil.model import MiniCoil

    model = MiniCoil(folder, bm25, threads=1)
    model = model if vocabulary is None else model.under(vocabulary)
    _model = model.beside(*olds) if olds else model


def _encode_packed(texts: Sequence[str], request: Request) -> _Packed:
    """Few large arrays instead of many small ones: they cross to the other process several times faster."""
    assert _model is not None
    window = _model.encode_window(texts, request)
    lengths = np.asarray([len(vector.indices) for vector in window.sparse], dtype=np.int64)
    indices = np.concatenate([vector.indices for vector in window.sparse])
    return lengths, indices, np.concatenate([vector.values for vector in window.sparse]), window.dense


def _unpack(packed: _Packed) -> EncodedWindow:
    lengths, indices, values, dense = packed
    ends = np.cumsum(lengths)[:-1]
    pairs = zip(np.split(indices, ends), np.split(values, ends), strict=True)
    return EncodedWindow([SparseVector(*pair) for pair in pairs], dense)
