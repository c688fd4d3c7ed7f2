"""Encoding in several processes: each has a model of its own, windows of texts go out and vectors come back."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from copy import copy
from dataclasses import dataclass
from itertools import chain
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.encoder import read_windows
from minicoil.errors import DocumentError, EncoderError, MiniCoilError, UsageError
from minicoil.sparse.cells import SparseVector

if TYPE_CHECKING:
    from pathlib import Path

    from minicoil.sparse.model import MiniCoil
    from minicoil.words import Vocabulary

_UNGUARDED = 77  # exit status of a process that found itself running a script without main guard
_END_SECONDS = 5.0  # until a process that ended has said how
PROCESS_BYTES = 300 * 2**20  # of a process with its model
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
        UsageError: the script that asks runs again in each process, because it has no main guard.
        EncoderError: a process died.
        DocumentError: as with `MiniCoil.embed`, after the vectors of what came before.
    """
    _leave_unguarded_copy()
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
    context, started = _recording_context()
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
    except BrokenProcessPool:
        raise _explain_death(started, n_processes) from None  # its own words are "terminated abruptly"
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if failure is not None:
        raise failure


def _recording_context() -> tuple[BaseContext, list[BaseProcess]]:
    """How processes are started, and a list of those that were.

    They are spawned: a forked copy of a process that has run ONNX Runtime would hang.
    """
    context: Any = copy(multiprocessing.get_context("spawn"))
    make, started = context.Process, list[BaseProcess]()

    def record(*arguments: Any, **named: Any) -> BaseProcess:
        started.append(make(*arguments, **named))
        return started[-1]

    context.Process = record
    return context, started


def _leave_unguarded_copy() -> None:
    """End this process if it is one that was just spawned and still imports the script of whoever started it.

    It would start processes of its own, and these again; Python ends them with a traceback each. The status tells.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # what Python's own check asks
        os._exit(_UNGUARDED)


def _explain_death(started: Sequence[BaseProcess], n_processes: int) -> MiniCoilError:
    """What the processes' exit statuses say."""
    for process in started:
        process.join(_END_SECONDS)
    codes = [process.exitcode for process in started]
    guard = 'put what the script does under `if __name__ == "__main__":`'
    if _UNGUARDED in codes:
        script = getattr(sys.modules.get("__main__"), "__file__", None) or "the script"
        return UsageError(
            f"parallel={n_processes} starts processes, and each of them first runs {script} from its beginning; "
            f"{guard}, or use threads (parallel=None)"
        )
    failed = next((code for code in codes if code is not None and code >= 0), None)
    if failed is not None:
        return EncoderError(
            f"one of {n_processes} encoding processes ended with status {failed} before it could encode; what it said "
            f"stands above. If that comes from your own script, {guard}; or use threads (parallel=None)"
        )
    return EncoderError(
        f"one of {n_processes} encoding processes died, most likely for want of memory; each needs about 300 MB: "
        "use fewer, or threads (parallel=None)"
    )


def _take(windows: Iterator[list[str]]) -> tuple[list[str] | None, DocumentError | None]:
    """The next window, or the failure of the source, which waits until what came before is answered."""
    try:
        return next(windows, None), None
    except DocumentError as error:
        return None, error


_model: MiniCoil | None = None  # of this worker process


def _open_model(folder: Path, bm25: Bm25Config, vocabulary: Vocabulary | None, olds: tuple[Vocabulary, ...]) -> None:
    global _model
    from minicoil.sparse.model import MiniCoil

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # every core has a process: a pool of threads in each would fight
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
