"""The encoder: contextual token embeddings at the price of the tokens, not of the padding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeAlias, TypeVar

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from minicoil.encoder.forward_counts import note_forwards
from minicoil.encoder.machine import cores, keep_to_cores
from minicoil.encoder.passes_at_once import Rates, deal_turns, in_turns
from minicoil.encoder.sessions import CUDA, ROWS, describe_graph, open_rows, open_session, run_session
from minicoil.encoder.token_budget import Stopwatch, TokenBudget
from minicoil.text import TokenizedText

Batch = TypeVar("Batch")
_Work: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.int64]], Batch]  # of places and lengths
TOKENS_PER_BATCH_ON_GPU = 16_384  # a GPU idles on less; not tuned


@dataclass(frozen=True)
class EncodedBatch:
    """Texts of similar length after one forward pass.

    Attributes:
        places: (B,) index of each text in what was given to `encode`.
        lengths: (B,) pieces of each; rows beyond are padding.
        embeddings: (B, S, D) float32 last hidden states.
    """

    places: NDArray[np.int64]
    lengths: NDArray[np.int64]
    embeddings: NDArray[np.float32]


@dataclass(frozen=True)
class EncodedPieces:
    """Some pieces of texts of similar length after one forward pass.

    Attributes:
        places: (B,) index of each text in what was given to `encode_pieces`.
        embeddings: (P, D) float32 last hidden states of the pieces asked for, text by text.
    """

    places: NDArray[np.int64]
    embeddings: NDArray[np.float32]


class TokenEncoder:
    """An ONNX encoder fed with batches of equal token budget, sorted by length.

    Every forward pass takes one thread, and several run at once: ONNX Runtime's own threads cost half as much again,
    waiting for each other (measured), and gain nothing on a query of a few words.

    Args:
        onnx_path: Graph whose output 0 is (B, S, D) token embeddings.
        threads: Forward passes at once; None takes what this process may use, and of the hardware threads of a core
            only one where that is faster. A GPU takes one at a time.
        tokens_per_batch: Padded tokens of one forward pass; None for what suits the device.
        budget: Measures and remembers them on a CPU, where `tokens_per_batch` names none; None measures for itself.
        rows_path: The same encoder with an end that computes only the tokens asked for, see `folder.rows_graph`; one
            that is missing, of another encoder or refused by ONNX Runtime is done without.

    Raises:
        EncoderError: ONNX Runtime has no provider that can run it.
        BundleError: ONNX Runtime cannot load the graph.
    """

    def __init__(
        self,
        onnx_path: Path,
        threads: int | None = None,
        tokens_per_batch: int | None = None,
        rows_path: Path | None = None,
        budget: TokenBudget | None = None,
    ) -> None:
        keep_to_cores()
        self._onnx_path, self._rows_path, self._opening = onnx_path, rows_path, Lock()
        self._whole: ort.InferenceSession | None = None
        self._rows = open_rows(rows_path, onnx_path) if rows_path is not None else None
        self.computes_rows = self._rows is not None
        session = self._rows or self._session
        inputs, _, width = describe_graph(session, onnx_path)
        self._inputs = inputs - {ROWS}
        self.on_gpu = CUDA in session.get_providers()
        self.threads = 1 if self.on_gpu else threads or cores()
        fixed = tokens_per_batch or (TOKENS_PER_BATCH_ON_GPU if self.on_gpu else None)
        self._budget = TokenBudget(fixed) if fixed or budget is None else budget
        self.width: int = width if isinstance(width, int) else self._measure_width()

    @property
    def _session(self) -> ort.InferenceSession:
        """Of the whole graph, opened by the first who needs every token."""
        with self._opening:
            if self._whole is None:
                self._whole = open_session(self._onnx_path)
            return self._whole

    def _measure_width(self) -> int:
        one = np.ones((1, 1), dtype=np.int64)
        return int(np.atleast_1d(self._forward(one - 1, one)).shape[-1])

    def encode(self, texts: Sequence[TokenizedText]) -> Iterator[EncodedBatch]:
        """Every text once, in batches of similar length and so in no particular order.

        Memory is bounded by the token budget, not by the number of texts.
        """
        return self._in_batches(texts, partial(self._encode_batch, texts))

    def encode_pieces(
        self, texts: Sequence[TokenizedText], pieces: Sequence[NDArray[np.int64]]
    ) -> Iterator[EncodedPieces]:
        """As `encode`, but of each text only the pieces asked for, which is cheaper.

        Args:
            texts: What to encode.
            pieces: (P,) places in each text; a text without any need not be given.
        """
        return self._in_batches(texts, partial(self._encode_pieces, texts, pieces))

    def _in_batches(self, texts: Sequence[TokenizedText], work: _Work[Batch]) -> Iterator[Batch]:
        note_forwards(texts)
        lengths = np.fromiter((len(text.ids) for text in texts), dtype=np.int64, count=len(texts))
        order = np.argsort(lengths, kind="stable")
        candidates = self._budget.candidates(lengths)
        if len(candidates) > 1:
            yield from self._measure(candidates, order, lengths, work)
            return
        batches, at_once = list(_cut_batches(order, lengths, *candidates)), self._budget.at_once
        if numbers := at_once.candidates(len(batches), self.threads):
            shares, batches = deal_turns(batches)
            yield from self._measure_at_once(numbers, shares, lengths, work)
        yield from self._run(batches, lengths, work)

    def _measure(
        self,
        candidates: Sequence[int],
        order: NDArray[np.int64],
        lengths: NDArray[np.int64],
        work: _Work[Batch],
    ) -> Iterator[Batch]:
        """Every text once, as ever, dealt out to the candidates by length; the cheapest serves from then on."""
        watch, batches = Stopwatch(skip=self.threads), list[tuple[int, NDArray[np.int64]]]()
        for turn, budget in enumerate(candidates):
            batches += ((budget, places) for places in _cut_batches(order[turn :: len(candidates)], lengths, budget))
        batches.sort(key=lambda entry: len(entry[1]) * lengths[entry[1][-1]])
        budgets = {int(places[0]): budget for budget, places in batches}

        def timed(places: NDArray[np.int64], sizes: NDArray[np.int64]) -> Batch:
            return watch.timed(budgets[int(places[0])], int(sizes.sum()), lambda: work(places, sizes))

        costs: dict[int, float] = {}
        try:
            yield from self._run([places for _, places in batches], lengths, timed)
            costs = watch.costs
        finally:
            self._budget.choose(costs)

    def _measure_at_once(
        self,
        numbers: Sequence[int],
        shares: Sequence[Sequence[NDArray[np.int64]]],
        lengths: NDArray[np.int64],
        work: _Work[Batch],
    ) -> Iterator[Batch]:
        """These batches by different numbers of passes at once; the faster serves from then on."""
        found, rates = Rates(), Rates()
        try:
            yield from in_turns(
                numbers,
                shares,
                lambda places: int(lengths[places].sum()),
                lambda share, passes: self._run(share, lengths, work, passes),
                found,
            )
            rates = found
        finally:
            self._budget.at_once.choose(rates)

    def _run(
        self,
        batches: Sequence[NDArray[np.int64]],
        lengths: NDArray[np.int64],
        work: _Work[Batch],
        passes: int | None = None,
    ) -> Iterator[Batch]:
        passes = passes or self._budget.at_once.of_threads(self.threads)
        if passes == 1 or len(batches) < 2:
            for places in batches:
                yield work(places, lengths[places])
            return
        with ThreadPoolExecutor(min(passes, len(batches)), "minicoil-encode") as pool:
            running: deque[Future[Batch]] = deque()
            try:
                # the longest texts first: a pass that starts last should not be the longest
                for places in reversed(batches):
                    running.append(pool.submit(work, places, lengths[places]))
                    if len(running) > passes:  # one batch waits, so that no core does
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                for future in running:
                    future.cancel()

    def _encode_batch(
        self, texts: Sequence[TokenizedText], places: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> EncodedBatch:
        return EncodedBatch(places, sizes, self._forward(*_pad(texts, places, sizes)))

    def _encode_pieces(
        self,
        texts: Sequence[TokenizedText],
        pieces: Sequence[NDArray[np.int64]],
        places: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> EncodedPieces:
        ids, mask = _pad(texts, places, sizes)
        rows = np.concatenate([pieces[place] + row * ids.shape[1] for row, place in enumerate(places)])
        if self._rows is None:
            return EncodedPieces(places, self._forward(ids, mask).reshape(-1, self.width)[rows])
        feed = {**self._feed(ids, mask), ROWS: rows}
        return EncodedPieces(places, run_session(self._rows, self._rows_path or self._onnx_path, feed)[0])

    def _forward(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        return run_session(self._session, self._onnx_path, self._feed(ids, mask))

    def _feed(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        feed = {"input_ids": ids}
        if "attention_mask" in self._inputs:
            feed["attention_mask"] = mask
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(ids)
        return feed


def _cut_batches(order: NDArray[np.int64], lengths: NDArray[np.int64], tokens: int) -> Iterator[NDArray[np.int64]]:
    """Texts in ascending order of length, in batches of at most so many padded tokens or of one text."""
    start = 0
    for end in range(1, len(order) + 1):
        # the next text would set the padded length of the whole batch
        if end == len(order) or (end - start + 1) * lengths[order[end]] > tokens:
            yield order[start:end]
            start = end


def _pad(
    texts: Sequence[TokenizedText], places: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(B, S) int64 ids and attention mask of some texts."""
    ids = np.zeros((len(places), max(int(sizes.max()), 1)), dtype=np.int64)
    for row, place in enumerate(places):
        ids[row, : sizes[row]] = texts[place].ids
    return ids, (np.arange(ids.shape[1]) < sizes[:, None]).astype(np.int64)


def pool_words(embeddings: NDArray[np.float32], slots: NDArray[np.int64], n_slots: int) -> NDArray[np.float32]:
    """(n_slots, D) float32 mean embedding of the pieces of each slot. Arguments as with `sum_words`."""
    counts = np.bincount(slots, minlength=n_slots)
    return np.asarray(sum_words(embeddings, slots, n_slots) / counts[:, None].astype(np.float32), dtype=np.float32)


def sum_words(embeddings: NDArray[np.float32], slots: NDArray[np.int64], n_slots: int) -> NDArray[np.float32]:
    """Sum of the embeddings of each slot's pieces, added up in their order.

    Args:
        embeddings: (P, D) float32, one row per piece.
        slots: (P,) int64 in [0, n_slots); every slot occurs.
        n_slots: How many there are.

    Returns:
        (n_slots, D) float32.
    """
    order = np.argsort(slots, kind="stable")
    counts = np.bincount(slots, minlength=n_slots)
    starts = np.cumsum(counts) - counts
    sums = embeddings[order[starts]]  # most words have one piece: nothing is left to add
    left = np.flatnonzero(counts > 1)
    for turn in range(1, int(counts.max(initial=0))):
        # the next piece of every word that has one; several times faster than reduceat over wide rows
        left = left[counts[left] > turn]
        sums[left] += embeddings[order[starts[left] + turn]]
    return np.asarray(sums, dtype=np.float32)


def pool_sentences(batch: EncodedBatch) -> NDArray[np.float32]:
    """(B, D) float32 unit vectors: the mean over each text's pieces, specials included, then normalised.

    Source: sentence-transformers' mean pooling, which MiniLM was trained with.
    """
    mask = np.arange(batch.embeddings.shape[1]) < batch.lengths[:, None]
    sums = (batch.embeddings * mask[:, :, None]).sum(axis=1)
    means = sums / np.maximum(batch.lengths, 1)[:, None].astype(np.float32)
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), dtype=np.float32)
