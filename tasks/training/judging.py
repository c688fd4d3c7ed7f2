"""Verdicts on trained layers: figures on held-out triplets, and the old layer against the new one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import GateConfig, TripletConfig
from minicoil.errors import NoTripletsError, TooFewSentencesError, TrainingError
from minicoil.files import BundleLayout, open_stack
from minicoil.training import (
    Prior,
    TrainedWord,
    TrainingFailure,
    Triplets,
    WordSample,
    apply_layer,
    judge_new,
    judge_retrained,
    measure,
    sample_triplets,
    word_seed,
)
from minicoil.words import VerdictName, WordRecord
from tasks.models import Parent
from tasks.training.word_memory import WordResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judge:
    """What every verdict of a run rests on.

    Attributes:
        parent: Has the old layers of known words.
        prior: Its components reduce role vectors for the ceiling of `d` numbers.
        gate: Floors.
        triplets: How triplets are drawn.
        seed: Of triplets and bootstrap.
        domain: (n,) uint64 keys, sorted, of this run's corpus. A known word's layers are compared on its held-out
            sentences, because that is the text the word may have changed its use in; with too few of them, on all
            held-out sentences.
    """

    parent: Parent
    prior: Prior
    gate: GateConfig
    triplets: TripletConfig
    seed: int
    domain: NDArray[np.uint64]

    def judge(self, outcome: TrainedWord | TrainingFailure, sample: WordSample, n_found: int) -> WordResult:
        """The verdict on one word with its figures, and its layer where it serves.

        Args:
            outcome: What training made of it.
            sample: What it was trained on.
            n_found: Sentences that the store gave for it; the sample has those in which the tokenizer shows it.
        """
        word, old_id = sample.word, self.parent.vocabulary.entry_id(sample.word)
        base = WordRecord(word, "failed", "", n_sentences=len(sample.keys))
        if isinstance(outcome, TrainingFailure):
            reason = _reason(outcome.error, sample, n_found)
            return WordResult(replace(base, verdict=_failed_verdict(outcome.error, old_id), reason=reason), None)
        triplets = outcome.test if old_id is None else self._comparison(outcome, sample)
        new = measure(apply_layer(sample.embeddings, outcome.weights), triplets, self.seed)
        base = replace(
            base,
            ordering_accuracy=round(new.ordering, 4),
            margin_accuracy=round(new.margin, 4),
            interval=tuple(round(end, 4) for end in new.interval),
            ceiling=round(measure(sample.embeddings, triplets, self.seed).ordering, 4),
            role_ceiling=round(measure(self._reduced(sample, outcome), triplets, self.seed).ordering, 4),
            n_triplets=len(triplets),
        )
        if old_id is None:
            verdict = judge_new(word, new, len(triplets), self.gate)
        else:
            layer = np.asarray(open_stack(BundleLayout(self.parent.folder).stack)[old_id], np.float32)
            old = measure(apply_layer(sample.embeddings, layer), triplets, self.seed)
            verdict = judge_retrained(word, old, new, triplets, self.gate, self.seed)
            base = replace(base, old_ordering_accuracy=round(old.ordering, 4))
        serves = verdict.verdict in ("accepted", "improved")
        logger.info("%s: %s, %s", word, verdict.verdict, verdict.reason)
        return WordResult(
            replace(base, verdict=verdict.verdict, reason=verdict.reason), outcome.weights if serves else None
        )

    def _comparison(self, outcome: TrainedWord, sample: WordSample) -> Triplets:
        """Triplets that the old and the new layer of a word are compared on; neither was trained on them."""
        test = outcome.split.test
        here = test[np.isin(sample.keys[test], self.domain)]
        found = sample_triplets(sample.role, here, self.triplets, word_seed(sample.word, self.seed, "domain test"))
        return found if len(found) >= self.gate.min_triplets else outcome.test

    def _reduced(self, sample: WordSample, trained: TrainedWord) -> NDArray[np.float32]:
        """(n, d) role vectors on the word's own d principal directions: what d numbers could say at best."""
        taught = sample.role[trained.split.train] @ self.prior.components
        _, vectors = np.linalg.eigh(taught.T @ taught)
        dims = trained.weights.shape[1]
        return np.asarray(sample.role @ self.prior.components @ vectors[:, ::-1][:, :dims], dtype=np.float32)


def _failed_verdict(error: TrainingError, old_id: int | None) -> VerdictName:
    """A word that cannot be trained keeps its layer if it has one; too rare is no fault, NaN is."""
    if old_id is not None:
        return "unchanged"
    return "kept_bm25" if isinstance(error, TooFewSentencesError | NoTripletsError) else "failed"


def _reason(error: TrainingError, sample: WordSample, n_found: int) -> str:
    """The error's message; where sentences were found but do not show the word, why they do not count."""
    hidden = n_found - len(sample.keys)
    if not isinstance(error, TooFewSentencesError) or hidden <= len(sample.keys):
        return str(error)
    return (
        f"word '{sample.word}': {n_found} sentences found, but the encoder's tokenizer shows it in {len(sample.keys)} "
        f"of them: in {hidden} it lies beyond the encoder's limit or is part of another token; split long sentences, "
        "or give a corpus that writes it as a word of its own"
    )
