"""One service: its model, from loading to stopping, and the threads that encode."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from minicoil.encoder import cores
from minicoil.errors import BusyError
from minicoil.sparse import SparseVector
from tasks.vectors.batching import Batcher
from tasks.vectors.embed_requests import Bounds
from tasks.vectors.served_model import ModelAddress, ServedModel
from tasks.vectors.service_metrics import ServiceMetrics

logger = logging.getLogger(__name__)
_NO_RELEASE = -1


class VectorService:
    """Vectors of one model, which is loaded while the service is alive already.

    Attributes:
        metrics: What it counts.
        failure: Why the model could not be loaded; the service is of no use then.

    Args:
        address: The model's.
        bounds: On what is asked.
        n_threads: Batches at once; None for a core each.
    """

    def __init__(self, address: ModelAddress, bounds: Bounds, n_threads: int | None = None) -> None:
        self._address, self._bounds, self._n_threads = address, bounds, n_threads or cores()
        self._model: ServedModel | None = None
        self._batcher: Batcher | None = None
        self._stopped = False
        self._changing = threading.Lock()
        self.failure: Exception | None = None
        self.metrics = ServiceMetrics(
            lambda: self._batcher.n_waiting if self._batcher else 0,
            lambda: self._release(),
            lambda: bool(self._model and self._model.problem),
        )

    def load(self, then: Callable[[], None]) -> None:
        """Open the model, keep what went wrong in `failure`, and call `then`; made for a thread of its own."""
        try:
            model = self._address.open()
            with self._changing:
                if self._stopped:  # told to stop meanwhile
                    model.close()
                    return
                self._model = model
                self._batcher = Batcher(
                    model.encode, self._n_threads, self._bounds.waiting_texts, self.metrics.note_batch
                )
            logger.info("release %s is served", model.release)
        except Exception as error:  # raised again by whoever runs the service, in the thread that can end it
            self.failure = error
        then()

    @property
    def is_ready(self) -> bool:
        """Whether texts are encoded now."""
        return self._batcher is not None and not self._stopped

    def describe(self) -> dict[str, Any]:
        """What `/ready` answers."""
        model = self._model
        if model is None or not self.is_ready:
            return {"ready": False, "reason": "the service is stopping" if self._stopped else "the model is loading"}
        bm25 = model.model.bm25
        return {
            "ready": True,
            "release": model.release,
            "releases": model.releases,
            "follows": self._address.names_channel,
            "problem": model.problem,
            "k": bm25.k,
            "b": bm25.b,
            "avg_len": bm25.avg_len,
        }

    def submit(self, texts: Sequence[str], is_query: bool) -> Future[list[SparseVector]]:
        """The vectors of texts, when they are there.

        Raises:
            BusyError: the model is loading, the service is stopping, or too many texts wait.
        """
        if self._batcher is None:
            raise BusyError("the model is loading; GET /ready says when it is there")
        return self._batcher.submit(texts, is_query)

    def stop(self) -> None:
        """Encode what waits, and stop following."""
        with self._changing:
            self._stopped = True
        if self._batcher is not None:
            self._batcher.close()
        if self._model is not None:
            self._model.close()

    def _release(self) -> int:
        release = self._model.release if self._model else None
        return _NO_RELEASE if release is None else release
