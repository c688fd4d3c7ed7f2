"""Words trained in units, judged on what they never saw, old layer against new."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import minicoil
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig, config_digest
from minicoil.errors import EmptyCorpusError, NoTripletsError, TooFewSentencesError, TrainingError
from minicoil.layout import BundleLayout
from minicoil.ledger import VerdictName, WordRecord
from minicoil.mining import Candidate
from minicoil.occurrences import WordSample
from minicoil.prior import Prior, collect_prior, principal_components
from minicoil.stack import open_stack
from minicoil.trainer import TrainedWord, TrainingFailure, train_words
from minicoil.validation import apply_layer, judge_new, judge_retrained, measure
from tasks.bundles import Parent
from tasks.features import Chosen, Features
from tasks.progress import progress
from tasks.word_memory import WordMemory, WordResult

logger = logging.getLogger(__name__)
_PRIOR_WORDS = 300  # more do not change the averages
_PRIOR_ROWS = 20_000  # sentences the role model's principal components are taken from
_UNIT_ROWS = 40_000  # sentences of one unit; bounds its memory


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides a layer, apart from the sentences."""

    training: TrainingConfig
    sampling: SamplingConfig
    triplets: TripletConfig
    gate: GateConfig
    encoder_digest: str
    role_model: str

    @property
    def facts(self) -> dict[str, str]:
        """What a manifest says of it."""
        return {"role_model": self.role_model, "target": self.training.target}

    @property
    def digest(self) -> str:
        """Of all settings, the encoder and the code's version."""
        configs = config_digest(self.training, self.sampling, self.triplets, self.gate)
        parts = [configs, self.encoder_digest, self.role_model, minicoil.__version__]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def make_prior(parent: Parent, features: Features, seed: int) -> Prior:
    """The parent's prior, else one from the words at hand.

    The parent's is kept through a lineage: it was averaged over the many words of a first release.

    Raises:
        EmptyCorpusError: there is no sentence to learn from.
    """
    inherited = Prior.read(parent.folder)
    if inherited is not None:
        return inherited
    if not len(features.keys):
        raise EmptyCorpusError("no sentence with any of the words was found; give a corpus in which they occur")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(features.keys))[:_PRIOR_ROWS])
    components = principal_components(np.asarray(features.role[rows], dtype=np.float32), TrainingConfig.role_components)
    words = [features.words[i] for i in rng.permutation(len(features.words))]
    usable = [word for word in words if features.count(word) >= SamplingConfig.min_sentences][:_PRIOR_WORDS]
    prior = collect_prior((features.sample(word) for word in usable), components)
    if prior is not None:
        return prior
    width = features.sample(features.words[0]).embeddings.shape[1]  # no word has enough: the gate will say so
    zeros = np.zeros((width, width), np.float32), np.zeros((width, components.shape[1]), np.float32)
    return Prior(components, *zeros, 0)


def train_candidates(
    candidates: Sequence[Candidate],
    digests: Mapping[str, WordDigest],
    features: Features,
    prior: Prior,
    parent: Parent,
    plan: TrainingPlan,
    memory: WordMemory,
) -> list[WordResult]:
    """Train and judge every candidate, unit by unit; what a unit found is remembered as soon as it is done.

    Args:
        candidates: Words to train, new or known.
        digests: See `word_digests`.
        features: Their encoded sentences.
        prior: Shared moments.
        parent: Has the old layers of known words.
        plan: Settings.
        memory: Where results are kept by digest, so that a killed run goes on and a repeated one does nothing.
    """
    by_word = {candidate.word: candidate for candidate in candidates}
    stack = open_stack(BundleLayout(parent.folder).stack)
    results: list[WordResult] = []
    with progress("training words", len(candidates), "words") as advance:
        for words in _units(features, sorted(by_word), plan):
            started = time.monotonic()
            samples = [features.sample(word) for word in words]
            outcomes = train_words(samples, prior, plan.training, plan.sampling, plan.triplets)
            seconds = round((time.monotonic() - started) / len(words), 4)
            unit = []
            for outcome, sample in zip(outcomes, samples, strict=True):
                judged = _judge(outcome, sample, prior, parent, stack, plan)
                unit.append(_complete(judged, digests[sample.word], by_word[sample.word], plan.training.seed, seconds))
            memory.write(unit)
            results += unit
            advance(len(words))
    return results


@dataclass(frozen=True)
class WordDigest:
    """What a word's layer is made from.

    Attributes:
        keys: Digest of its sentences, the settings, the encoder and the code's version.
        full: The same with the layer that it is judged against.
    """

    keys: str
    full: str


def word_digests(chosen: Chosen, parent: Parent, plan: TrainingPlan) -> dict[str, WordDigest]:
    """Digests by word.

    Args:
        chosen: Word -> (n,) uint64 keys of the sentences sampled for it.
        parent: Known words are judged against its layers.
        plan: Settings, encoder, code version.
    """
    served = parent.ledger.served()
    answer = {}
    for word, keys in chosen.items():
        own = hashlib.sha256(plan.digest.encode() + keys.tobytes()).hexdigest()
        against = served[word].release if word in served else None
        answer[word] = WordDigest(own, hashlib.sha256(f"{own}:{against}".encode()).hexdigest())
    return answer


def recall_results(
    candidates: Sequence[Candidate], digests: Mapping[str, WordDigest], parent: Parent, memory: WordMemory
) -> list[WordResult]:
    """Results that need no training: sentences and settings are those of an earlier look at the word."""
    served = parent.ledger.served()
    recalled = memory.read([digests[candidate.word].full for candidate in candidates])
    results = []
    for candidate in candidates:
        word, digest = candidate.word, digests[candidate.word]
        record = served.get(word)
        if record is not None and record.keys_digest == digest.keys:
            reason = f"trained on the same {record.n_sentences} sentences in release {record.release}"
            results.append(WordResult(replace(record, verdict="unchanged", reason=reason, history=()), None))
        elif digest.full in recalled:
            results.append(recalled[digest.full])
    return results


def _units(features: Features, words: Sequence[str], plan: TrainingPlan) -> Iterator[list[str]]:
    """Words of like size together, so that padding is small and memory bounded."""
    ordered = sorted(words, key=lambda word: (features.count(word), word))
    unit: list[str] = []
    rows = 0
    for word in ordered:
        n = features.count(word)
        if unit and (len(unit) == plan.training.words_per_unit or rows + n > _UNIT_ROWS):
            yield unit
            unit, rows = [], 0
        unit.append(word)
        rows += n
    if unit:
        yield unit


def _judge(
    outcome: TrainedWord | TrainingFailure,
    sample: WordSample,
    prior: Prior,
    parent: Parent,
    stack: NDArray[np.float32],
    plan: TrainingPlan,
) -> WordResult:
    word, old_id = sample.word, parent.vocabulary.entry_id(sample.word)
    base = WordRecord(word, "failed", "", n_sentences=len(sample.keys))
    if isinstance(outcome, TrainingFailure):
        return WordResult(
            replace(base, verdict=_failed_verdict(outcome.error, old_id), reason=str(outcome.error)), None
        )
    seed = plan.training.seed
    new = measure(apply_layer(sample.embeddings, outcome.weights), outcome.test, seed)
    base = replace(
        base,
        ordering_accuracy=round(new.ordering, 4),
        margin_accuracy=round(new.margin, 4),
        interval=tuple(round(end, 4) for end in new.interval),
        ceiling=round(measure(sample.embeddings, outcome.test, seed).ordering, 4),
        role_ceiling=round(measure(_reduced(sample, outcome, prior), outcome.test, seed).ordering, 4),
        n_triplets=len(outcome.test),
    )
    if old_id is None:
        verdict = judge_new(word, new, len(outcome.test), plan.gate)
    else:
        old = measure(apply_layer(sample.embeddings, np.asarray(stack[old_id], np.float32)), outcome.test, seed)
        verdict = judge_retrained(word, old, new, outcome.test, plan.gate, seed)
        base = replace(base, old_ordering_accuracy=round(old.ordering, 4))
    serves = verdict.verdict in ("accepted", "improved")
    logger.info("%s: %s, %s", word, verdict.verdict, verdict.reason)
    return WordResult(
        replace(base, verdict=verdict.verdict, reason=verdict.reason), outcome.weights if serves else None
    )


def _reduced(sample: WordSample, trained: TrainedWord, prior: Prior) -> NDArray[np.float32]:
    """(n, d) role vectors on the word's own d principal directions: what d numbers could say at best."""
    taught = sample.role[trained.split.train] @ prior.components
    _, vectors = np.linalg.eigh(taught.T @ taught)
    dims = trained.weights.shape[1]
    return np.asarray(sample.role @ prior.components @ vectors[:, ::-1][:, :dims], dtype=np.float32)


def _failed_verdict(error: TrainingError, old_id: int | None) -> VerdictName:
    """A word that cannot be trained keeps its layer if it has one; too rare is no fault, NaN is."""
    if old_id is not None:
        return "unchanged"
    return "kept_bm25" if isinstance(error, TooFewSentencesError | NoTripletsError) else "failed"


def _complete(result: WordResult, digest: WordDigest, candidate: Candidate, seed: int, seconds: float) -> WordResult:
    """The result with the word's use in this corpus, against which a later shift is measured."""
    record = replace(
        result.record,
        digest=digest.full,
        keys_digest=digest.keys,
        forms=candidate.use.forms[:20],
        per_million=round(candidate.use.per_million, 2),
        neighbours=tuple(int(x) for x in np.rint(candidate.use.neighbours * 10_000)),
        seed=seed,
        seconds=seconds,
    )
    return WordResult(record, result.weights)
