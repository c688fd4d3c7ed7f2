"""The encoder: contextual token embeddings at the price of the tokens, not of the padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from minicoil.errors import BundleError
from minicoil.tokens import TokenizedText

TOKENS_PER_BATCH = 512  # beyond it nothing is gained on CPU, and memory grows with it (measured)


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


class TokenEncoder:
    """An ONNX encoder fed with batches of equal token budget, sorted by length.

    Args:
        onnx_path: Graph whose output 0 is (B, S, D) token embeddings.
        threads: Of one forward pass; None takes every core.
        tokens_per_batch: Padded tokens of one forward pass.

    Raises:
        BundleError: ONNX Runtime cannot load the graph.
    """

    def __init__(self, onnx_path: Path, threads: int | None = None, tokens_per_batch: int = TOKENS_PER_BATCH) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        available = ort.get_available_providers()
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
        try:
            self._session = ort.InferenceSession(str(onnx_path), options, providers=providers)
        except Exception as error:  # onnxruntime raises a dozen unrelated classes; all mean the same here
            raise BundleError(
                f"{onnx_path} cannot be loaded by ONNX Runtime: {error}; pull the release again"
            ) from error
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._output = self._session.get_outputs()[0].name
        width = self._session.get_outputs()[0].shape[-1]
        self.tokens_per_batch = tokens_per_batch
        self.width: int = width if isinstance(width, int) else self._measure_width()

    def _measure_width(self) -> int:
        return int(self._forward(np.zeros((1, 1), dtype=np.int64), np.ones((1, 1), dtype=np.int64)).shape[-1])

    def encode(self, texts: Sequence[TokenizedText]) -> Iterator[EncodedBatch]:
        """Every text once, in batches of similar length and so in no particular order.

        Memory is bounded by the token budget, not by the number of texts.
        """
        lengths = np.fromiter((len(text.ids) for text in texts), dtype=np.int64, count=len(texts))
        order = np.argsort(lengths, kind="stable")
        for places in self._batches(order, lengths):
            sizes = lengths[places]
            ids = np.zeros((len(places), max(int(sizes.max()), 1)), dtype=np.int64)
            for row, place in enumerate(places):
                ids[row, : sizes[row]] = texts[place].ids
            mask = (np.arange(ids.shape[1]) < sizes[:, None]).astype(np.int64)
            yield EncodedBatch(places, sizes, self._forward(ids, mask))

    def _batches(self, order: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        start = 0
        for end in range(1, len(order) + 1):
            # ascending lengths: the next text would set the padded length of the whole batch
            if end == len(order) or (end - start + 1) * lengths[order[end]] > self.tokens_per_batch:
                yield order[start:end]
                start = end

    def _forward(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        feed = {"input_ids": ids}
        if "attention_mask" in self._inputs:
            feed["attention_mask"] = mask
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(ids)
        return np.asarray(self._session.run([self._output], feed)[0])


def pool_words(embeddings: NDArray[np.float32], slots: NDArray[np.int64], n_slots: int) -> NDArray[np.float32]:
    """Mean embedding of the pieces of each slot.

    Args:
        embeddings: (P, D) float32, one row per piece.
        slots: (P,) int64 in [0, n_slots); every slot occurs.
        n_slots: How many there are.

    Returns:
        (n_slots, D) float32.
    """
    if n_slots == 0:
        return np.zeros((0, embeddings.shape[1]), dtype=np.float32)
    order = np.argsort(slots, kind="stable")
    counts = np.bincount(slots, minlength=n_slots)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(embeddings[order], starts, axis=0)
    return np.asarray(sums / counts[:, None].astype(np.float32), dtype=np.float32)


def pool_sentences(batch: EncodedBatch) -> NDArray[np.float32]:
    """(B, D) float32 unit vectors: the mean over each text's pieces, specials included, then normalised.

    Source: sentence-transformers' mean pooling, which MiniLM was trained with.
    """
    mask = np.arange(batch.embeddings.shape[1]) < batch.lengths[:, None]
    sums = (batch.embeddings * mask[:, :, None]).sum(axis=1)
    means = sums / np.maximum(batch.lengths, 1)[:, None].astype(np.float32)
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), dtype=np.float32)
