"""Which words are worth training: new to the model, used in another way than it was taught, or simply frequent."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.text import ENGLISH, Language, fold_text
from minicoil.words.word_counts import WordCounts, WordUse, is_usable

Kind = Literal["new", "shifted", "frequent", "named", "ambiguous"]


@dataclass(frozen=True)
class MiningConfig:
    """What counts as a word that a domain uses in its own way."""

    min_count: int = SamplingConfig.min_sentences  # occurrences; fewer cannot be trained
    min_documents: int = 5  # fewer touch too little of a collection to be worth a release
    min_log_ratio: float = 1.0  # log2 of domain against yardstick: at least twice as frequent
    min_divergence: float = 0.35  # of neighbours, chance taken out; 95 % of words of one corpus's halves stay below .30
    smoothing: float = 5.0  # per million, so that rare words do not get endless ratios
    divergence_weight: float = 4.0  # neighbours that moved fully count as much as use 16 times as frequent
    min_meanings: float = 0.3  # factor for words that general English never uses: names with one meaning
    many_meanings_at: float = 10.0  # per million of general English; from here on the factor is 1 ("node", "flow")


@dataclass(frozen=True)
class KnownUse:
    """How a word was used in the text it was trained on.

    Attributes:
        per_million: Occurrences per million words.
        neighbours: (BUCKETS,) distribution, or None where a base did not record it.
        n_neighbours: How many it was counted from; 0 where that was not recorded.
    """

    per_million: float
    neighbours: NDArray[np.float32] | None = None
    n_neighbours: int = 0


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
    usable = heapq.nsmallest(
        n,
        (use for use in counts.uses(config.min_documents) if use.count >= config.min_count),
        key=lambda use: (-use.n_documents, -use.count, use.word),
    )
    total = max(counts.n_documents, 1)
    return [
        Candidate(
            use.word, "frequent", use.n_documents / total, (f"in {use.n_documents / total:.1%} of documents",), use
        )
        for use in usable
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

    score = distinctiveness x evidence of several meanings x sqrt(share of documents) x query weight.

    Distinctiveness is the log2 ratio of use (capped at 8, ratios beyond it are all "only here") plus how far the
    word's neighbours moved. The evidence of several meanings is its frequency in general English: the number of a
    word's senses grows with it, so "kernel" and "state" stand above "kubelet" and "kwargs", which mean one thing and
    gain little from four numbers.

    Args:
        counts: The domain.
        n: Most candidates to return; fewer where fewer stand out.
        known: Words the model has.
        known_use: How those were used where they were trained.
        background: General text to compare with; general text of the counts' language by wordfreq where None.
        queries: Stem -> how often people search for it.
        config: Thresholds.

    Source: senses against frequency after G. K. Zipf, The meaning-frequency relationship of words (1945).
    """
    config = config or MiningConfig()

    def judge(use: WordUse) -> Candidate | None:
        if use.word in known:
            return _judge_known(use, known_use.get(use.word), background, counts, queries or {}, config)
        return _judge_new(use, background, counts, queries or {}, config)

    # those that are left out are let go at once: a corpus has hundreds of thousands of words
    frequent = (use for use in counts.uses(config.min_documents) if use.count >= config.min_count)
    candidates = (candidate for candidate in map(judge, frequent) if candidate is not None)
    return heapq.nsmallest(n, candidates, key=lambda c: (-c.score, c.word))


def _judge_new(
    use: WordUse, background: WordCounts | None, counts: WordCounts, queries: Mapping[str, int], config: MiningConfig
) -> Candidate | None:
    ratio = _log_ratio(use.per_million, general_per_million(use, background, counts.language), config)
    if ratio < config.min_log_ratio:
        return None
    reasons = [f"{2**ratio:.0f}x as frequent as in {_general_name(background, counts.language)}"]
    moved = _moved(use, background.use(use.word) if background else None, reasons)
    return _candidate(use, "new", min(ratio, 8.0) + config.divergence_weight * moved, reasons, counts, queries, config)


def _judge_known(
    use: WordUse,
    before: KnownUse | None,
    background: WordCounts | None,
    counts: WordCounts,
    queries: Mapping[str, int],
    config: MiningConfig,
) -> Candidate | None:
    yardstick = general_per_million(use, background, counts.language) if before is None else before.per_million
    where = _general_name(background, counts.language) if before is None else "the text it was trained on"
    ratio = _log_ratio(use.per_million, yardstick, config)
    reasons = [f"{2**ratio:.1f}x as frequent as in {where}"]
    moved = _moved(use, before, reasons)
    if ratio < config.min_log_ratio and moved < config.min_divergence:
        return None
    distinct = min(max(ratio, 0.0), 8.0) + config.divergence_weight * moved
    return _candidate(use, "shifted", distinct, reasons, counts, queries, config)


def _candidate(
    use: WordUse,
    kind: Kind,
    distinct: float,
    reasons: list[str],
    counts: WordCounts,
    queries: Mapping[str, int],
    config: MiningConfig,
) -> Candidate:
    share = use.n_documents / max(counts.n_documents, 1)
    searched = queries.get(use.word, 0)
    meanings = _meanings(use, counts.language, config)
    if meanings < 0.5:
        reasons.append(f"rare in general {counts.language.name}: likely one meaning")
    reasons.append(f"in {share:.1%} of documents")
    if searched:
        reasons.append(f"searched for {searched} times")
    score = distinct * meanings * math.sqrt(share) * (1 + math.log2(1 + searched))
    return Candidate(use.word, kind, score, tuple(reasons), use)


def _moved(use: WordUse, before: KnownUse | WordUse | None, reasons: list[str]) -> float:
    if before is None or before.neighbours is None:
        return 0.0
    moved = excess_divergence(use.neighbours, before.neighbours, use.n_neighbours, before.n_neighbours)
    if moved:
        reasons.append(f"neighbours moved {moved:.2f}")
    return moved


def _meanings(use: WordUse, language: Language, config: MiningConfig) -> float:
    """Evidence that a word has several meanings, from `min_meanings` for a name to 1 for an everyday word."""
    general = general_per_million(use, None, language)
    known = math.log2(1 + general) / math.log2(1 + config.many_meanings_at)
    return config.min_meanings + (1 - config.min_meanings) * min(known, 1.0)


def _log_ratio(domain: float, yardstick: float, config: MiningConfig) -> float:
    return math.log2((domain + config.smoothing) / (yardstick + config.smoothing))


def general_per_million(use: WordUse, background: WordCounts | None = None, language: Language = ENGLISH) -> float:
    """Occurrences of a word per million words of the background; of a language's, by wordfreq, where that is None."""
    if background is not None:
        return background.use(use.word).per_million
    return sum(_per_million(form, language.code) for form in use.forms[:20])


def _general_name(background: WordCounts | None, language: Language) -> str:
    return f"general {language.name}" if background is None else "the background text"


@lru_cache(maxsize=200_000)
def _per_million(form: str, language: str) -> float:
    from wordfreq import word_frequency  # a second to load; only mining needs it

    share = float(word_frequency(form, language))
    return 1e6 * (share if language == "en" else share + _unaccented(language).get(form, 0.0))


@lru_cache(maxsize=2)
def _unaccented(language: str) -> dict[str, float]:
    """Shares of the words that are another one without their accents: uncased tokenizers make "hauser" of "häuser"."""
    from wordfreq import get_frequency_dict

    found: dict[str, float] = {}
    for word, share in get_frequency_dict(language).items():
        if (folded := fold_text(word)) != word:
            found[folded] = found.get(folded, 0.0) + float(share)
    return found


def divergence(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Jensen-Shannon distance (base 2) of two neighbour distributions, in [0, 1]; 0 where either is empty.

    Args:
        one: (BUCKETS,) float32 shares that sum to 1, or zeros.
        other: The same of the other use.

    Source: Lin 1991, "Divergence measures based on the Shannon entropy"; its square root is a metric.
    """
    if not one.sum() or not other.sum():
        return 0.0
    middle = (one + other) / 2

    def lost(p: NDArray[np.float32]) -> float:
        at = p > 0
        return float((p[at] * np.log2(p[at] / middle[at])).sum())

    return math.sqrt(max((lost(one) + lost(other)) / 2, 0.0))


def excess_divergence(one: NDArray[np.float32], other: NDArray[np.float32], n_one: int = 0, n_other: int = 0) -> float:
    """`divergence` beyond what two samples of one distribution would show, in [0, 1].

    A word seen 30 times has about 140 neighbours; two such samples of one use are .43 apart by chance alone. Where a
    sample's size is not known (0), its rarest bucket tells it: in a small sample that holds a single neighbour. In a
    large one it holds more, and the result errs on the low side.

    Source: expectation of the plug-in Jensen-Shannon divergence, (buckets - 1) / (8 ln 2) x (1/n + 1/m) bits.
    """
    if not one.sum() or not other.sum():
        return 0.0
    rarest = (1 / n if n else float(p[p > 0].min()) for p, n in ((one, n_one), (other, n_other)))
    chance = (len(one) - 1) / (8 * math.log(2)) * sum(rarest)
    return math.sqrt(max(divergence(one, other) ** 2 - chance, 0.0))


def query_weights(
    lines: Iterable[str], fold: Callable[[str], str] = fold_text, language: Language = ENGLISH
) -> dict[str, int]:
    """Stem -> number of queries with it.

    Args:
        lines: Queries.
        fold: The tokenizer's.
        language: Of the queries.
    """
    weights: dict[str, int] = {}
    for line in lines:
        cleaned = "".join(c if c.isalnum() else " " for c in fold(line))
        for word in {language.stem(token) for token in cleaned.split() if is_usable(token, language)}:
            weights[word] = weights.get(word, 0) + 1
    return weights
