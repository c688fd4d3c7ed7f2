"""Triplets of sentences and the split that keeps judges apart from teachers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig, TripletConfig

_ENUMERATE_BELOW = 60  # sentences: up to here all 102,660 triplets are looked at, above they are drawn
_OVERSAMPLING = 8
_MAX_ROWS = 1500  # of one word's held-out sentences; bounds the cosine matrix


@dataclass(frozen=True)
class Triplets:
    """Judgements of a role model on sentences of one word.

    Attributes:
        rows: (t, 3) int64: anchor, positive, negative.
        margins: (t,) float32, cosine(anchor, positive) - cosine(anchor, negative) by the role model, all positive.
    """

    rows: NDArray[np.int64]
    margins: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Split:
    """Disjoint row numbers, (n,) int64 each."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_rows(keys: NDArray[np.uint64], config: SamplingConfig) -> Split:
    """Assign sentences to train, validation and test by a seeded hash of their keys.

    A sentence below the test share's threshold (see `is_held_out`) is a test sentence in every run and for every word,
    however the store grows, so that a word can be measured again later on sentences it never saw. A rare word holds out
    more than its share for the test, at most a third of its sentences: with five of them nothing is judged. Those extra
    ones are the next by hash; as the word's sentences grow in number they go over to validation and training. Until
    then nothing is held out for validation: so few sentences choose among checkpoints by luck, and teach more.

    Args:
        keys: (n,) uint64 sentence keys; a key that comes again is in none of the three.
        config: Shares, minimums and seed.
    """
    kept = np.unique(keys, return_index=True)[1].astype(np.int64)
    n = len(kept)
    hashed = _hashed(keys[kept], config)
    order = kept[np.argsort(hashed, kind="stable")]
    below_test = int((hashed < config.split[2]).sum())
    below_both = int((hashed < config.split[2] + config.split[1]).sum())
    n_test = max(below_test, min(config.min_test, n // 3))
    n_validation = max(below_both - n_test, 0) if n >= config.validated_from else 0
    return Split(
        train=np.sort(order[n_test + n_validation :]),
        validation=np.sort(order[n_test : n_test + n_validation]),
        test=np.sort(order[:n_test]),
    )


def is_held_out(keys: NDArray[np.uint64], config: SamplingConfig) -> NDArray[np.bool_]:
    """(n,) bool: whether a sentence is kept from the training of every word, whatever the run and its corpus.

    Args:
        keys: (n,) uint64 sentence keys.
        config: Test share and seed.
    """
    return np.asarray(_hashed(keys, config) < config.split[2])


def _hashed(keys: NDArray[np.uint64], config: SamplingConfig) -> NDArray[np.float64]:
    """(n,) float64 uniform in [0, 1), the same for a key wherever it occurs."""
    names = (hashlib.blake2b(f"{config.seed}:{key}".encode(), digest_size=8).digest() for key in keys.tolist())
    return np.fromiter((int.from_bytes(name, "big") / 2**64 for name in names), dtype=np.float64, count=len(keys))


def sample_triplets(role: NDArray[np.float32], rows: NDArray[np.int64], config: TripletConfig, seed: int) -> Triplets:
    """At most `config.n_triplets` different triplets among `rows`; returns always, maybe none.

    >>> role = np.array([[1, 0], [0.9, 0.436], [0, 1]], np.float32)
    >>> found = sample_triplets(role, np.arange(3), TripletConfig(n_triplets=10), seed=1)
    >>> sorted(map(tuple, found.rows.tolist()))  # sentences 0 and 1 belong together, 2 stands apart
    [(0, 1, 2), (1, 0, 2), (2, 1, 0)]

    Args:
        role: (n, R) float32 unit role-model vectors.
        rows: (m,) int64 sentences to draw from.
        config: Smallest margin and how many.
        seed: Equal seeds give equal triplets.
    """
    rng = np.random.default_rng(seed)
    if len(rows) > _MAX_ROWS:
        rows = np.sort(rng.permutation(rows)[:_MAX_ROWS])
    m = len(rows)
    if m < 3:
        return Triplets(np.zeros((0, 3), np.int64), np.zeros(0, np.float32))
    vectors = role[rows].astype(np.float32)
    similarity = vectors @ vectors.T
    if m <= _ENUMERATE_BELOW:
        anchor, one, other = (grid.ravel() for grid in np.meshgrid(*[np.arange(m)] * 3, indexing="ij"))
        keep = (anchor != one) & (anchor != other) & (one < other)
        anchor, one, other = anchor[keep], one[keep], other[keep]
    else:
        anchor, one, other = rng.integers(0, m, (3, _OVERSAMPLING * config.n_triplets))
        keep = (anchor != one) & (anchor != other) & (one != other)
        anchor, one, other = anchor[keep], one[keep], other[keep]
    gap = similarity[anchor, one] - similarity[anchor, other]
    positive, negative = np.where(gap > 0, one, other), np.where(gap > 0, other, one)
    wide = np.abs(gap) >= config.margin
    found = np.unique(np.stack([anchor[wide], positive[wide], negative[wide]], axis=1), axis=0)
    chosen = np.sort(rng.permutation(len(found))[: config.n_triplets])
    local = found[chosen]
    margins = similarity[local[:, 0], local[:, 1]] - similarity[local[:, 0], local[:, 2]]
    return Triplets(rows[local].astype(np.int64).reshape(-1, 3), margins.astype(np.float32))


def word_seed(word: str, seed: int, purpose: str) -> int:
    """A seed of one word and purpose, whatever words are trained beside it."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{purpose}:{word}".encode(), digest_size=8).digest(), "little") >> 1
