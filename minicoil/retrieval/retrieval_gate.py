"""The verdict on a release from its retrieval: no set below BM25 or the parent, and a gain where meanings differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minicoil.config import RetrievalGateConfig
from minicoil.retrieval.effectiveness import Difference, difference
from minicoil.retrieval.retrieval_set import Kind
from minicoil.retrieval.word_effects import Effects

Outcome = Literal["passed", "failed", "inconclusive"]
_FEWEST_FOR_A_LOSS = 6  # of fewer queries even all worse is chance: 2 * 0.5**5 > 0.05, and a bootstrap has no width


@dataclass(frozen=True)
class SetEvidence:
    """What one set says of a release.

    Attributes:
        against_bm25: Paired difference of nDCG@10 to BM25 of the same tokens.
        against_parent: The same to the release it grew from.
        steps: The same of each step of an extension to what was before it, named by that.
        best: The best release ever served, where the set was frozen with it and it stands in the parent's place.
    """

    name: str
    kind: Kind
    against_bm25: Difference
    against_parent: Difference
    steps: tuple[tuple[str, Difference], ...] = ()
    best: int | None = None


@dataclass(frozen=True)
class SetVerdict:
    """The outcome of one set, with a reason for every rule that was looked at."""

    evidence: SetEvidence
    verdict: Outcome
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class GateVerdict:
    """The outcome of a release.

    Attributes:
        reasons: Those that decided it.
        hurting: Words that cost retrieval by more than noise, the worst first.
    """

    verdict: Outcome
    reasons: tuple[str, ...]
    sets: tuple[SetVerdict, ...]
    hurting: tuple[str, ...] = ()

    def to_row(self) -> dict[str, Any]:
        """As the manifest's fact `retrieval_gate`."""

        def row(found: Difference) -> dict[str, float]:
            return {"change": round(found.mean, 4), "low": round(found.low, 4), "high": round(found.high, 4)}

        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "hurting": list(self.hurting),
            "sets": [
                {
                    "set": entry.evidence.name,
                    "kind": entry.evidence.kind,
                    "n_queries": entry.evidence.against_bm25.n,
                    "verdict": entry.verdict,
                    "reasons": list(entry.reasons),
                    "against_bm25": row(entry.evidence.against_bm25),
                    "against_parent": row(entry.evidence.against_parent),
                    **({} if entry.evidence.best is None else {"best": entry.evidence.best}),
                }
                for entry in self.sets
            ],
        }


def judge_release(sets: Sequence[SetEvidence], config: RetrievalGateConfig, hurting: Sequence[str] = ()) -> GateVerdict:
    """Failed where one set fails; passed where none does and at least one passes; else inconclusive.

    A set that is too small says nothing: it holds no release up, and it never promotes one by itself. Neither does one
    that was frozen with the best release: it is there to say no.
    """
    verdicts = tuple(judge_set(entry, config) for entry in sets)
    if any(entry.verdict == "failed" for entry in verdicts):
        decided: Outcome = "failed"
    elif any(entry.verdict == "passed" and entry.evidence.best is None for entry in verdicts):
        decided = "passed"
    else:
        decided = "inconclusive"
    reasons = [f"{v.evidence.name}: {reason}" for v in verdicts if v.verdict == decided for reason in v.reasons]
    if not verdicts:
        reasons = ["nothing to search was there to judge it on; index a collection, or give --evaluate DIR"]
    return GateVerdict(decided, tuple(reasons), verdicts, tuple(hurting))


def judge_set(evidence: SetEvidence, config: RetrievalGateConfig) -> SetVerdict:
    """The worst of the set's rules: not below BM25, the parent, the step before or the best, on senses above BM25."""
    other = "the parent" if evidence.best is None else f"release {evidence.best}, the best so far"
    compared = (("BM25", evidence.against_bm25), (other, evidence.against_parent), *evidence.steps)
    rules = [_not_below(other, found, config) for other, found in compared]
    if evidence.best is not None:
        rules.append(_not_eroded(evidence.best, evidence.against_parent, config))
    if evidence.kind == "sense":
        rules.append(_above(evidence.against_bm25, config))
    for outcome in ("failed", "inconclusive"):
        found = [reason for verdict, reason in rules if verdict == outcome]
        if found:
            return SetVerdict(evidence, outcome, tuple(found))
    return SetVerdict(evidence, "passed", tuple(reason for _, reason in rules))


def _not_below(other: str, found: Difference, config: RetrievalGateConfig) -> tuple[Outcome, str]:
    """Non-inferiority: the whole 95 % interval above `-margin`.

    A set is too small where it has few queries, or where its interval is so wide that not even an unchanged ranking
    could pass; a loss that the interval shows all the same fails, but of a handful of queries there is no interval.
    """
    figures = f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] against {other} on {found.n} queries"
    enough = found.n >= config.min_queries
    if found.low > -config.margin:
        if enough:
            return "passed", f"{figures}: not below"
        return "inconclusive", f"{figures}: too few, {config.min_queries} are needed"
    if found.high < 0 and found.n >= _FEWEST_FOR_A_LOSS:
        return "failed", f"{figures}: below it by more than noise"
    if not enough or (found.high - found.low) / 2 >= config.margin:
        return "inconclusive", f"{figures}: too few to exclude a loss of {config.margin}"
    return "failed", f"{figures}: a loss of {config.margin} is not excluded"


def _not_eroded(best: int, found: Difference, config: RetrievalGateConfig) -> tuple[Outcome, str]:
    """Not below the best release by more than noise: each of many releases may lose what no one release shows."""
    figures = f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] against release {best}, the best so far"
    if found.high < 0 and found.mean < -config.season_loss and found.n >= config.min_queries:
        return "failed", f"{figures}: below it by more than noise"
    return "passed", f"{figures}: not below"


def _above(found: Difference, config: RetrievalGateConfig) -> tuple[Outcome, str]:
    """A gain where meanings differ: the whole interval above zero."""
    figures = f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] where meanings differ"
    if found.low > 0 and found.n >= config.min_queries:
        return "passed", f"{figures}: a gain"
    if found.n >= config.min_queries and found.mean <= 0:
        return "failed", f"{figures}: no gain"
    return "inconclusive", f"{figures}: a gain is not shown"


def hurting_words(effects: Sequence[Effects], config: RetrievalGateConfig) -> list[str]:
    """Words that cost the queries with them, by more than noise unless the config says otherwise; largest loss first.

    Args:
        effects: Of each set: (query, word) -> nDCG@10 with the word's meaning less nDCG@10 without.
        config: Fewest queries, smallest mean loss, whether it must be certain.
    """
    by_word: dict[str, list[float]] = {}
    for found in effects:
        for (_, word), effect in found.items():
            by_word.setdefault(word, []).append(effect)
    losses = {}
    for word, values in by_word.items():
        interval = difference(np.asarray(values), np.zeros(len(values)), config.seed)
        loses = interval.mean < 0 and interval.mean <= -config.word_loss and (interval.high < 0 or not config.certain)
        if len(values) >= config.word_queries and loses:
            losses[word] = sum(values)
    return sorted(losses, key=lambda word: (losses[word], word))
