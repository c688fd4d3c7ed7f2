"""Which words are worth training: new to the model, used in another way than it was taught, or simply frequent."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minicoil.stemming import stem
from minicoil.word_counts import WordCounts, WordUse, is_usable

Kind = Literal["new", "shifted", "frequent", "named"]


@dataclass(frozen=True)
class MiningConfig:
    """What counts as a word that a domain uses in its own way."""

    min_count: int = 25  # occurrences; fewer cannot be trained
    min_documents: int = 5  # fewer touch too little of a collection to be worth a release
    min_log_ratio: float = 1.0  # log2 of domain against yardstick: at least twice as frequent
    min_divergence: float = 0.35  # of neighbours; two halves of one corpus stay below .25
    smoothing: float = 5.0  # per million, so that rare words do not get endless ratios
    no_english: float = 0.3  # factor for words that general English never uses: names with one meaning


@dataclass(frozen=True)
class KnownUse:
    """How a word was used in the text it was trained on.

    Attributes:
        per_million: Occurrences per million words.
        neighbours: (BUCKETS,) distribution, or None where a base did not record it.
    """

    per_million: float
    neighbours: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Candidate:
    """A word proposed for training, with the reasons a person can check."""

    word: str
    kind: Kind
    score: float
    reasons: tuple[str, ...]
    use: WordUse


def rank_common(counts: WordCounts, n: int, config: MiningConfig | None = None) -> list[Candidate]:
    """The `n` words of most documents."""
    config = config or MiningConfig()
    usable = [use for use in counts.uses() if use.count >= config.min_count and use.n_documents >= config.min_documents]
    usable.sort(key=lambda use: (-use.n_documents, -use.count, use.word))
    total = max(counts.n_documents, 1)
    return [
        Candidate(
            use.word, "frequent", use.n_documents / total, (f"in {use.n_documents / total:.1%} of documents",), use
        )
        for use in usable[:n]
    ]


def rank_mined(
    counts: WordCounts,
    n: int,
    known: Collection[str],
    known_use: Mapping[str, KnownUse],
    background: WordCounts | None = None,
    queries: Mapping[str, int] | None = None,
    config: MiningConfig | None = None,
) -> list[Candidate]:
    """The `n` words that this corpus uses in its own way, new and shifted side by side, best first.

    score = distinctiveness x sqrt(share of documents) x query weight, where distinctiveness is the log2 ratio of use
    (capped at 8, ratios beyond it are all "only here") plus, for a known word, how far its neighbours moved, or, for
    a new one, how varied they are: a word of one meaning gains little from four numbers.

    Args:
        counts: The domain.
        n: Most candidates to return; fewer where fewer stand out.
        known: Words the model has.
        known_use: How those were used where they were trained.
        background: General text to compare with; general English by wordfreq where None.
        queries: Stem -> how often people search for it.
        config: Thresholds.
    """
    config = config or MiningConfig()
    candidates = []
    for use in counts.uses():
        if use.count < config.min_count or use.n_documents < config.min_documents:
            continue
        if use.word in known:
            candidate = _judge_known(use, known_use.get(use.word), background, counts, queries or {}, config)
        else:
            candidate = _judge_new(use, background, counts, queries or {}, config)
        if candidate is not None:
            candidates.append(candidate)
    candidates.sort(key=lambda c: (-c.score, c.word))
    return candidates[:n]


def _judge_new(
    use: WordUse, background: WordCounts | None, counts: WordCounts, queries: Mapping[str, int], config: MiningConfig
) -> Candidate | None:
    general = _general_per_million(use, background)
    ratio = _log_ratio(use.per_million, general, config)
    if ratio < config.min_log_ratio:
        return None
    variety = _variety(use.neighbours)
    reasons = [f"{2**ratio:.0f}x as frequent as in general English", f"neighbours varied {variety:.2f}"]
    distinct = min(ratio, 8.0) * (0.5 + variety)
    if background is None and general == 0:
        distinct *= config.no_english
        reasons.append("no word of general English: likely one meaning")
    return _candidate(use, "new", distinct, reasons, counts, queries)


def _judge_known(
    use: WordUse,
    before: KnownUse | None,
    background: WordCounts | None,
    counts: WordCounts,
    queries: Mapping[str, int],
    config: MiningConfig,
) -> Candidate | None:
    yardstick = _general_per_million(use, background) if before is None else before.per_million
    where = "in general English" if before is None else "in the text it was trained on"
    ratio = _log_ratio(use.per_million, yardstick, config)
    moved = 0.0
    if before is not None and before.neighbours is not None:
        moved = divergence(use.neighbours, before.neighbours)
    if ratio < config.min_log_ratio and moved < config.min_divergence:
        return None
    reasons = [f"{2**ratio:.1f}x as frequent as {where}"]
    if moved:
        reasons.append(f"neighbours moved {moved:.2f}")
    return _candidate(use, "shifted", min(max(ratio, 0.0), 8.0) + 4 * moved, reasons, counts, queries)


def _candidate(
    use: WordUse, kind: Kind, distinct: float, reasons: list[str], counts: WordCounts, queries: Mapping[str, int]
) -> Candidate:
    share = use.n_documents / max(counts.n_documents, 1)
    searched = queries.get(use.word, 0)
    reasons.append(f"in {share:.1%} of documents")
    if searched:
        reasons.append(f"searched for {searched} times")
    score = distinct * math.sqrt(share) * (1 + math.log2(1 + searched))
    return Candidate(use.word, kind, score, tuple(reasons), use)


def _log_ratio(domain: float, yardstick: float, config: MiningConfig) -> float:
    return math.log2((domain + config.smoothing) / (yardstick + config.smoothing))


def _general_per_million(use: WordUse, background: WordCounts | None) -> float:
    if background is not None:
        return background.use(use.word).per_million
    return sum(_english_per_million(form) for form in use.forms[:20])


@lru_cache(maxsize=200_000)
def _english_per_million(form: str) -> float:
    from wordfreq import word_frequency  # a second to load; only mining needs it

    return 1e6 * float(word_frequency(form, "en"))


def _variety(neighbours: NDArray[np.float32]) -> float:
    """Normalised entropy of a neighbour distribution, in [0, 1]."""
    p = neighbours[neighbours > 0]
    return float(-(p * np.log(p)).sum() / math.log(len(neighbours))) if len(p) else 0.0


def divergence(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Jensen-Shannon distance (base 2) of two neighbour distributions, in [0, 1]; 0 where either is empty."""
    if not one.sum() or not other.sum():
        return 0.0
    middle = (one + other) / 2

    def lost(p: NDArray[np.float32]) -> float:
        at = p > 0
        return float((p[at] * np.log2(p[at] / middle[at])).sum())

    return math.sqrt(max((lost(one) + lost(other)) / 2, 0.0))


def query_weights(lines: Sequence[str]) -> dict[str, int]:
    """Stem -> number of queries with it, from a query log of one query a line."""
    weights: dict[str, int] = {}
    for line in lines:
        cleaned = "".join(c if c.isalnum() else " " for c in line.lower())
        for word in {stem(token) for token in cleaned.split() if is_usable(token)}:
            weights[word] = weights.get(word, 0) + 1
    return weights
