"""How many forward passes run at once: one a hardware thread, or one a core where that is faster here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")
Batch = TypeVar("Batch")
SHARES = 8  # of a call that is measured: half of them are, the rest already run as was chosen
PASSES_EACH = 4  # of every thread in each share: what they wait for at its end is little beside them
_WORTH = 0.03  # of the rate that fewer passes must gain, at their slowest against the others at their fastest

Rates = dict[int, list[float]]


class PassesAtOnce:
    """Passes at once: as many as there are hardware threads, until a large call shows that one a core is faster.

    Two hardware threads of one core share its arithmetic. Whether they encode more together than one of them alone
    differs from processor to processor, and from virtual machine to virtual machine. Where each core has one thread,
    nothing is measured. Safe to use from several threads.

    Args:
        most: Hardware threads that this process may use.
        fewer: Cores among them.
        chosen: By an earlier process on this machine; None measures.
        tell: Called with the choice and the tokens a second of both, once.
    """

    def __init__(
        self,
        most: int,
        fewer: int,
        chosen: int | None = None,
        tell: Callable[[int, Rates], None] = lambda chosen, rates: None,
    ) -> None:
        self.most, self._fewer, self._chosen, self._tell = most, fewer, chosen or most, tell
        self._is_open, self._lock = chosen is None and 0 < fewer < most, Lock()

    def of_threads(self, threads: int) -> int:
        """Passes at once for somebody who was given so many threads; any number but all of them was meant."""
        return self._chosen if threads == self.most else threads

    def candidates(self, n_batches: int, threads: int) -> tuple[int, ...]:
        """Numbers to try in turn on a call of so many passes; none where nothing is to be measured."""
        with self._lock:
            if not self._is_open or n_batches < SHARES * PASSES_EACH * self.most or threads != self.most:
                return ()
            self._is_open = False  # a call that runs beside this one uses every thread
            return self.most, self._fewer

    def choose(self, rates: Rates) -> None:
        """Take the fewer passes where they were faster every time.

        Args:
            rates: Tokens a second of each turn, by passes at once; empty where the call was given up, which the next
                large one makes good.
        """
        with self._lock:
            if len(rates) < 2:
                self._is_open = True
                return
            if min(rates[self._fewer]) > max(rates[self.most]) * (1 + _WORTH):
                self._chosen = self._fewer
        self._tell(self._chosen, rates)


def deal_turns(batches: Sequence[Item]) -> tuple[list[Sequence[Item]], list[Item]]:
    """Shares of batches to measure in turn, and the other half, which is left to what was chosen.

    Args:
        batches: By length, so that every share holds all lengths.
    """
    n_turns = SHARES // 2
    rest = [batch for number, batch in enumerate(batches) if number % SHARES >= n_turns]
    return [batches[turn::SHARES] for turn in range(n_turns)], rest


def in_turns(
    candidates: Sequence[int],
    shares: Sequence[Sequence[Item]],
    n_tokens: Callable[[Item], int],
    run: Callable[[Sequence[Item], int], Iterable[Batch]],
    rates: Rates,
) -> Iterator[Batch]:
    """What `run` gives of every share, by each candidate in turn.

    Args:
        candidates: Passes at once.
        shares: See `deal_turns`.
        n_tokens: Of a batch.
        run: Computes batches with so many passes at once.
        rates: Tokens a second are added to it, on the clock: whoever takes the batches slower than they come makes
            both look the same, and nothing is changed then.
    """
    for share, passes in zip(shares, cycle(candidates), strict=False):
        started = time.monotonic()
        yield from run(share, passes)
        seconds = max(time.monotonic() - started, 1e-9)
        rates.setdefault(passes, []).append(sum(map(n_tokens, share)) / seconds)


def mean_rates(rates: Mapping[int, Sequence[float]]) -> dict[str, int]:
    """Tokens a second, by passes at once, as people and files want them."""
    return {str(passes): round(sum(turns) / len(turns)) for passes, turns in sorted(rates.items())}
