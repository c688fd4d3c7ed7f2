"""How many padded tokens one forward pass takes: measured on the machine at hand, on passes that are made anyway."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder.machine import cores, physical_cores
from minicoil.encoder.passes_at_once import PassesAtOnce

Result = TypeVar("Result")
DEFAULT = 256  # one chunk, or ten sentences: best on the machines at hand; caches of other sizes may want others
CANDIDATES = (128, DEFAULT, 512, 1024)
LEAST_TEXTS = 512  # of one call that is measured; queries and small batches never are
LEAST_TOKENS = 32_768  # of the same: some dozen passes of the largest candidate and its share
_WORTH = 0.03  # of its CPU time that another than the default must save: below is noise


class TokenBudget:
    """The padded tokens of a forward pass; `DEFAULT` until a large enough call has been measured, the best afterwards.

    That call's texts are dealt out to the candidates by length, so that all see the same lengths; each text is encoded
    once, as ever. What counts is CPU time a token of the thread that computes, which other work on the machine hardly
    moves. Safe to use from several threads.

    Args:
        chosen: By an earlier process on this machine; None measures.
        tell: Called with the choice and the CPU seconds a million tokens of each candidate, once.
        at_once: How many of these passes run at once; None measures that too, once the size is known.
    """

    def __init__(
        self,
        chosen: int | None = None,
        tell: Callable[[int, dict[int, float]], None] = lambda chosen, costs: None,
        at_once: PassesAtOnce | None = None,
    ) -> None:
        self.at_once = PassesAtOnce(cores(), physical_cores()) if at_once is None else at_once
        self._tokens, self._is_open, self._tell = chosen or DEFAULT, chosen is None, tell
        self._lock = Lock()

    @property
    def tokens(self) -> int:
        """Padded tokens of a forward pass."""
        return self._tokens

    def candidates(self, lengths: NDArray[np.int64]) -> tuple[int, ...]:
        """Budgets that a call should use side by side: one where nothing is to be measured.

        Args:
            lengths: (N,) tokens of each text of the call.
        """
        with self._lock:
            if not self._is_open or len(lengths) < LEAST_TEXTS or int(lengths.sum()) < LEAST_TOKENS:
                return (self._tokens,)
            self._is_open = False  # a call that runs beside this one uses the default
            return CANDIDATES

    def choose(self, costs: dict[int, float]) -> None:
        """Take the cheapest, the default unless another is clearly cheaper.

        Args:
            costs: CPU seconds a million tokens, by candidate; empty where the call was given up, which the next large
                one makes good.
        """
        with self._lock:
            if not costs:
                self._is_open = True
                return
            best = min(costs, key=lambda tokens: costs[tokens])
            self._tokens = best if costs[best] < costs.get(DEFAULT, 0.0) * (1 - _WORTH) else DEFAULT
        self._tell(self._tokens, costs)


class Stopwatch:
    """CPU time of the passes of each candidate.

    Args:
        skip: Passes that do not count: the first on each thread also read the weights and get memory.
    """

    def __init__(self, skip: int = 0) -> None:
        self._left_out = skip
        self._seconds: dict[int, float] = {}
        self._tokens: dict[int, int] = {}
        self._lock = Lock()

    def timed(self, budget: int, n_tokens: int, work: Callable[[], Result]) -> Result:
        """What `work` gives; its thread's CPU time counts for a candidate."""
        start = time.thread_time()
        result = work()
        seconds = time.thread_time() - start
        with self._lock:
            if self._left_out > 0:
                self._left_out -= 1
                return result
            self._seconds[budget] = self._seconds.get(budget, 0.0) + seconds
            self._tokens[budget] = self._tokens.get(budget, 0) + n_tokens
        return result

    @property
    def costs(self) -> dict[int, float]:
        """CPU seconds a million tokens, by candidate."""
        return {budget: self._seconds[budget] / max(n, 1) * 1e6 for budget, n in self._tokens.items()}
