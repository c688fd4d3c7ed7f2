"""How good a layer is, on triplets it never saw, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.config import GateConfig
from minicoil.sparse import normalise
from minicoil.training.triplets import Triplets
from minicoil.words import VerdictName


@dataclass(frozen=True)
class Accuracies:
    """Held-out figures of one layer.

    Attributes:
        ordering: Share of triplets whose anchor lies nearer its positive; ties fail.
        margin: Share whose gap is at least the triplet's own margin.
        interval: 95 % bootstrap interval of `ordering`.
        n_triplets: How many were judged.
        correct: (t,) bool, per triplet.
    """

    ordering: float
    margin: float
    interval: tuple[float, float]
    n_triplets: int
    correct: NDArray[np.bool_]


def measure(vectors: NDArray[np.float32], triplets: Triplets, seed: int = 17) -> Accuracies:
    """Accuracies of any vectors by cosine; the full token embeddings give the word's ceiling.

    Args:
        vectors: (n, d) float32, any length; row numbers as in `triplets`.
        triplets: Held-out judgements; at least one.
        seed: Of the bootstrap, which draws anchors: triplets of one anchor are not independent.

    Source: ordering failures as in triplet evaluation, margin failures as counted by miniCOIL's triplet loss.
    """
    unit = normalise(vectors)
    anchor, positive, negative = (unit[triplets.rows[:, column]] for column in range(3))
    gaps = (anchor * positive).sum(axis=1) - (anchor * negative).sum(axis=1)
    correct = gaps > 0
    low, high = _anchor_interval(correct.astype(np.float64), triplets, seed)
    margin = float((gaps >= triplets.margins).mean())
    return Accuracies(float(correct.mean()), margin, (low, high), len(triplets), correct)


def apply_layer(embeddings: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 outputs of a (D, d) layer, before normalisation."""
    return np.asarray(np.tanh(embeddings @ weights), dtype=np.float32)


def _anchor_interval(values: NDArray[np.float64], triplets: Triplets, seed: int) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of per-triplet `values`."""
    low, high = np.quantile(_anchor_means(values, triplets, seed), (0.025, 0.975))
    return float(low), float(high)


def _anchor_means(values: NDArray[np.float64], triplets: Triplets, seed: int) -> NDArray[np.float64]:
    """(400,) bootstrap means of per-triplet `values`, resampling anchors."""
    anchors, index = np.unique(triplets.rows[:, 0], return_inverse=True)
    sums, counts = np.bincount(index, values), np.bincount(index).astype(np.float64)
    draws = np.random.default_rng(seed).integers(0, len(anchors), (400, len(anchors)))
    return np.asarray(sums[draws].sum(axis=1) / counts[draws].sum(axis=1))


@dataclass(frozen=True)
class Verdict:
    """What is decided on one word, and why."""

    word: str
    verdict: VerdictName
    reason: str


def judge_new(word: str, new: Accuracies | None, n_triplets: int, gate: GateConfig) -> Verdict:
    """Whether a new word's layer serves, or the word stays on BM25."""
    if new is None or n_triplets < gate.min_triplets:
        reason = f"{n_triplets} held-out triplets pass the margin, {gate.min_triplets} are needed: one meaning here"
        return Verdict(word, "kept_bm25", reason)
    if not new.ordering >= gate.min_ordering:
        return Verdict(word, "kept_bm25", f"held-out ordering {new.ordering:.3f} is under {gate.min_ordering:.2f}")
    return Verdict(word, "accepted", f"held-out ordering {new.ordering:.3f} on {new.n_triplets} triplets")


def judge_retrained(
    word: str, old: Accuracies, new: Accuracies, triplets: Triplets, gate: GateConfig, seed: int = 17
) -> Verdict:
    """Whether a retrained layer replaces the old one: better on the same triplets by more than their standard error."""
    gain = new.ordering - old.ordering
    noise = float(_anchor_means(new.correct.astype(np.float64) - old.correct, triplets, seed).std())
    figures = f"held-out ordering {old.ordering:.3f} -> {new.ordering:.3f}"
    if len(triplets) < gate.min_triplets:
        return Verdict(
            word, "unchanged", f"{len(triplets)} held-out triplets are too few to compare with the old layer"
        )
    if new.ordering < gate.min_ordering:
        return Verdict(word, "unchanged", f"{figures}, under the floor of {gate.min_ordering:.2f}: the old layer stays")
    if gain >= gate.min_improvement and gain > gate.improvement_errors * noise:
        return Verdict(word, "improved", figures)
    return Verdict(word, "unchanged", f"{figures}: no gain beyond noise, the old layer stays")
