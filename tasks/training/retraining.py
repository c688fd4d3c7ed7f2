"""Served words measured on fresh text: which underperform there, and which should go back to BM25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from minicoil.files import BundleLayout, open_stack
from minicoil.training import apply_layer, measure, sample_triplets, word_seed
from minicoil.words import Candidate, WordCounts, rank_mined
from tasks.models import Parent
from tasks.progress import track
from tasks.training.choosing import known_use
from tasks.training.features import Features
from tasks.training.units import TrainingPlan
from tasks.training.word_memory import WordResult

MEASURED_SENTENCES = 400  # a word, at most; 1,000 triplets of them have a standard error of about one point


@dataclass(frozen=True)
class RetrainingConfig:
    """When a served word is looked at again."""

    below_ceiling: float = 0.10  # ordering this far under the full-width embedding's: the layer misses what is there
    fallen: float = 0.05  # ordering lost since training; the figures of one word scatter by about .02


@dataclass(frozen=True)
class Inspection:
    """What measuring the served words found.

    Attributes:
        weak: Words worth retraining, worst first, their reasons with the figures.
        n_measured: Words with enough held-out triplets in this corpus.
        n_too_few: Served words of the corpus without them; they are left as they are.
    """

    weak: tuple[Candidate, ...]
    n_measured: int
    n_too_few: int


def served_candidates(parent: Parent, counts: WordCounts, min_sentences: int) -> list[Candidate]:
    """Served words that the corpus has enough of to measure them."""
    candidates = []
    for word in parent.vocabulary.known_words:
        use = counts.use(word)
        if use.count >= min_sentences:
            candidates.append(Candidate(word, "named", 0.0, ("served",), use))
    return candidates


def find_underperforming(
    candidates: Sequence[Candidate],
    features: Features,
    parent: Parent,
    plan: TrainingPlan,
    counts: WordCounts,
    below: float | None,
    config: RetrainingConfig | None = None,
) -> Inspection:
    """Served words whose layers do badly on this corpus.

    Args:
        candidates: See `served_candidates`.
        features: Of sentences of the corpus that no word is trained on, see `tasks.training.sampling.sample_held_out`.
        parent: Has the layers and the ledger.
        plan: Triplets, floors, seed.
        counts: Of the same corpus; shows shifted use.
        below: Retrain every word under this ordering accuracy too.
        config: Thresholds.
    """
    config = config or RetrainingConfig()
    stack = open_stack(BundleLayout(parent.folder).stack)
    served = parent.ledger.served()
    uses = {word: known_use(record) for word, record in served.items()}
    shifted = {c.word: c for c in rank_mined(counts, len(counts), parent.vocabulary.known_words, uses)}
    weak, n_measured = [], 0
    for candidate in track(candidates, "measuring words", len(candidates), "words"):
        sample = features.sample(candidate.word)
        seed = word_seed(candidate.word, plan.training.seed, "inspection")
        triplets = sample_triplets(sample.role, np.arange(len(sample.keys)), plan.triplets, seed)
        if len(triplets) < plan.gate.min_triplets:
            continue
        n_measured += 1
        layer = np.asarray(stack[parent.vocabulary.ids[candidate.word]], dtype=np.float32)
        now = measure(apply_layer(sample.embeddings, layer), triplets).ordering
        ceiling = measure(sample.embeddings, triplets).ordering
        floor = max(plan.gate.min_ordering, below or 0.0)
        record = served.get(candidate.word)
        before = record.ordering_accuracy if record is not None else None
        reasons = reasons_to_retrain(now, ceiling, floor, before, config)
        if candidate.word in shifted:
            reasons.append(f"shifted: {', '.join(shifted[candidate.word].reasons[:2])}")
        if reasons:
            weak.append(replace(candidate, score=ceiling - now, reasons=tuple(reasons)))
    weak.sort(key=lambda c: (-c.score, c.word))
    return Inspection(tuple(weak), n_measured, len(candidates) - n_measured)


def reasons_to_retrain(
    now: float, ceiling: float, floor: float, before: float | None, config: RetrainingConfig
) -> list[str]:
    """Why a word's figures say that it underperforms; empty where they do not.

    Args:
        now: Ordering accuracy on this corpus.
        ceiling: That of the full-width embedding.
        floor: Ordering accuracy asked for.
        before: Ordering accuracy after training, where it is known.
        config: Thresholds.
    """
    reasons = []
    if now < floor:
        reasons.append(f"ordering {now:.3f} is under {floor:.2f}")
    if ceiling - now > config.below_ceiling:
        reasons.append(f"ordering {now:.3f} is far under its ceiling {ceiling:.3f}")
    if before is not None and before - now > config.fallen:
        reasons.append(f"ordering fell from {before:.3f} to {now:.3f}")
    return reasons


def bury_hopeless(results: Sequence[WordResult], plan: TrainingPlan) -> list[WordResult]:
    """Results in which words return to BM25 whose old and new layers are both under the floor by more than noise.

    A layer that orders meanings no better than chance only adds noise to what BM25 does.
    """
    floor = plan.gate.min_ordering
    answer = []
    for result in results:
        record = result.record
        old, new = record.old_ordering_accuracy, record.ordering_accuracy
        hopeless = result.weights is None and old is not None and new is not None and old < floor
        if hopeless and record.interval and record.interval[1] < floor:
            reason = (
                f"held-out ordering {old:.3f}, and {new:.3f} after retraining: both under the floor of {floor:.2f}; "
                "returns to BM25"
            )
            result = replace(result, record=replace(record, verdict="removed", reason=reason))
        answer.append(result)
    return answer
