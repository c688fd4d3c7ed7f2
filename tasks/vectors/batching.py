"""Texts of all requests that wait, encoded together, as soon as a core is free.

Nobody waits for a batch to fill: whoever asks an idle service is answered at once, and while every core is busy the
next batch grows by itself. A batch is one forward pass of the encoder, so the cores are never far from their next
choice, and a request of many documents delays a query by one pass and not by all of its own.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from minicoil.errors import BusyError
from minicoil.sparse import SparseVector

logger = logging.getLogger(__name__)
CHARACTERS_PER_BATCH = 1024  # the encoder's own budget of 256 tokens, at four characters each
QUERY_BATCHES = 4  # after so many in a row, documents that wait get one: they are slow, and must not starve
Encode = Callable[[Sequence[str], bool], Sequence[SparseVector]]


@dataclass
class _Job:
    """One request: its texts are taken in order, and may be in several batches."""

    texts: Sequence[str]
    is_query: bool
    answer: Future[list[SparseVector]]
    n_taken: int = 0
    found: dict[int, SparseVector] = field(default_factory=dict)


_Share = tuple[_Job, int]  # a job and the place of one of its texts


class Batcher:
    """Threads that encode what was submitted; queries before documents.

    Args:
        encode: Texts and whether they are queries to vectors, one each; called by several threads at once.
        n_threads: Batches at once; one a core, because a forward pass takes one.
        most_waiting: Texts that may wait.
        tell: Called with the size of every batch.
    """

    def __init__(self, encode: Encode, n_threads: int, most_waiting: int, tell: Callable[[int], None]) -> None:
        self._encode, self._most_waiting, self._tell = encode, most_waiting, tell
        self._queries: deque[_Job] = deque()
        self._documents: deque[_Job] = deque()
        self._n_waiting = self._n_query_batches = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._work, name=f"encode-{i}", daemon=True) for i in range(n_threads)]
        for thread in self._threads:
            thread.start()

    @property
    def n_waiting(self) -> int:
        """Texts that no thread has taken yet."""
        return self._n_waiting

    def submit(self, texts: Sequence[str], is_query: bool) -> Future[list[SparseVector]]:
        """The vectors of texts, one each in their order, when they are there; a cancelled answer is not computed.

        Raises:
            BusyError: too many wait already, or the batcher was closed.
        """
        answer: Future[list[SparseVector]] = Future()
        with self._changed:
            if self._closed:
                raise BusyError("the service is stopping; ask another one")
            if self._n_waiting + len(texts) > self._most_waiting:
                raise BusyError(
                    f"{self._n_waiting:,} texts wait, at most {self._most_waiting:,} may; come again in a second"
                )
            if not texts:
                answer.set_result([])
                return answer
            (self._queries if is_query else self._documents).append(_Job(texts, is_query, answer))
            self._n_waiting += len(texts)
            self._changed.notify()
        return answer

    def close(self) -> None:
        """Encode what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._wait_for_batch():
            self._tell(len(batch))
            self._run(batch)

    def _wait_for_batch(self) -> list[_Share]:
        """Nothing when the batcher was closed and all is done."""
        with self._changed:
            while True:
                if batch := self._take():
                    if self._n_waiting:
                        self._changed.notify()  # one who submitted much woke one thread: there is work for another
                    return batch
                if self._closed:
                    return []
                self._changed.wait()

    def _take(self) -> list[_Share]:
        waiting = self._queries
        if not waiting or (self._documents and self._n_query_batches >= QUERY_BATCHES):
            waiting = self._documents
        self._n_query_batches = self._n_query_batches + 1 if waiting is self._queries else 0
        batch: list[_Share] = []
        characters = 0
        while waiting:
            job = waiting[0]
            if job.answer.done():  # nobody waits for it any more, or a part of it failed
                self._n_waiting -= len(job.texts) - job.n_taken
                waiting.popleft()
                continue
            characters += len(job.texts[job.n_taken])
            if batch and characters > CHARACTERS_PER_BATCH:
                break
            batch.append((job, job.n_taken))
            job.n_taken += 1
            self._n_waiting -= 1
            if job.n_taken == len(job.texts):
                waiting.popleft()
        return batch or (self._take() if self._queries or self._documents else [])

    def _run(self, batch: list[_Share]) -> None:
        try:
            vectors = self._encode([job.texts[place] for job, place in batch], batch[0][0].is_query)
            pairs = list(zip(batch, vectors, strict=True))
        except Exception as error:  # whatever it is, the clients get an answer and the thread lives on
            if len(batch) > 1:  # of several clients: only the one whose text it is should hear of it
                for share in batch:
                    self._run([share])
                return
            logger.warning("a text could not be encoded: %s: %s", type(error).__name__, error)
            self._fail(batch[0][0], error)
            return
        for (job, place), vector in pairs:
            self._note(job, place, vector)

    def _note(self, job: _Job, place: int, vector: SparseVector) -> None:
        with self._changed:  # parts of one request may come from several threads
            job.found[place] = vector
            is_whole = len(job.found) == len(job.texts)
        if is_whole and job.answer.set_running_or_notify_cancel():
            job.answer.set_result([job.found[i] for i in range(len(job.texts))])

    def _fail(self, job: _Job, error: Exception) -> None:
        with self._changed:  # another part of it may have failed already
            if not job.answer.done() and job.answer.set_running_or_notify_cancel():
                job.answer.set_exception(error)
