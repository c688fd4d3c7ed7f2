"""Words trained in units, each remembered as soon as it is done."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import GateConfig, Rounding, SamplingConfig, TrainingConfig, TripletConfig, config_digest
from minicoil.encoder import memory as usable_memory
from minicoil.files import write_json
from minicoil.training import TrainedWord, rules_digest
from minicoil.words import Candidate, WordRecord
from tasks.models import Parent
from tasks.progress import progress
from tasks.training.features import Chosen, Features
from tasks.training.judging import Judge
from tasks.training.word_memory import WordMemory, WordResult

logger = logging.getLogger(__name__)
UNIT_SECONDS = 30.0  # of estimated training; a task run of the orchestrator has to be worth its records
MAX_UNITS = 400  # of one run; beyond it units grow instead
_WORD_SECONDS, _SENTENCE_SECONDS = 0.035, 2e-5  # measured on one core, 384 numbers a token, 4 dims
_BATCH_ROWS = 40_000  # sentences trained in one tensor; bounds memory, whatever the number of words
_ROW_COPIES = 8  # of a sentence's embedding and role vector, as float32, while its word is trained
_BATCH_SHARE = 4  # a batch may take a fourth of the memory that a container allows


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides a layer, apart from the sentences.

    Attributes:
        rounding: What layers are rounded to before anybody judges them.
        language: ISO 639 code of the sentences.
    """

    training: TrainingConfig
    sampling: SamplingConfig
    triplets: TripletConfig
    gate: GateConfig
    encoder_digest: str
    role_model: str
    rounding: Rounding = "none"
    language: str = "en"

    @property
    def facts(self) -> dict[str, str]:
        """What a manifest says of it."""
        rounding = {} if self.rounding == "none" else {"rounding": self.rounding}
        return {"role_model": self.role_model, "target": self.training.target, **rounding}

    @property
    def digest(self) -> str:
        """Of all settings, the encoder, and the rules by which a layer is made and judged."""
        configs = config_digest(self.training, self.sampling, self.triplets, self.gate)
        parts = [configs, self.encoder_digest, self.role_model, rules_digest()]
        if self.rounding != "none":  # it came later, and layers of before keep their digest
            parts.append(self.rounding)
        if self.language != "en":
            parts.append(f"language {self.language}")
        return hashlib.sha256(write_json(parts, ascii_only=True).encode()).hexdigest()


@dataclass(frozen=True)
class Unit:
    """Words that one task trains.

    Attributes:
        words: Of like size.
        seconds: Estimated, on one core.
    """

    words: tuple[str, ...]
    seconds: float


def plan_units(words: Sequence[str], features: Features) -> list[Unit]:
    """Words grouped by estimated time: no unit under `UNIT_SECONDS` unless all words together are.

    Words of like size come together, so that padding is small. Which words share a unit changes no layer.
    """
    ordered = sorted(words, key=lambda word: (features.count(word), word))
    costs = [_WORD_SECONDS + _SENTENCE_SECONDS * features.count(word) for word in ordered]
    enough = max(UNIT_SECONDS, sum(costs) / MAX_UNITS)
    groups: list[list[int]] = []
    total = 0.0
    for place, cost in enumerate(costs):
        if not groups or total >= enough:
            groups.append([])
            total = 0.0
        groups[-1].append(place)
        total += cost
    if len(groups) > 1 and total < enough:
        groups[-2:] = [groups[-2] + groups[-1]]
    return [Unit(tuple(ordered[i] for i in group), round(sum(costs[i] for i in group), 1)) for group in groups]


def train_unit(
    candidates: Sequence[Candidate],
    digests: Mapping[str, WordDigest],
    features: Features,
    judge: Judge,
    plan: TrainingPlan,
    memory: WordMemory,
    device: str = "cpu",
) -> list[WordResult]:
    """Train and judge the words of a unit, batch by batch; what a batch found is remembered as soon as it is done.

    Args:
        candidates: Words to train, new or known.
        digests: See `word_digests`.
        features: Their encoded sentences.
        judge: Gives the verdicts.
        plan: Settings.
        memory: Where results are kept by digest, so that a killed run goes on and a repeated one does nothing.
        device: See `tasks.models.devices.choose_device`.
    """
    from minicoil.training import train_words  # brings torch in, which a run that finds nothing to train never pays for

    by_word = {candidate.word: candidate for candidate in candidates}
    results: list[WordResult] = []
    with progress("training words", len(candidates), "words") as advance:
        for words in _batches(features, sorted(by_word), plan):
            started = time.monotonic()
            samples = [features.sample(word) for word in words]
            outcomes = train_words(samples, judge.prior, plan.training, plan.sampling, plan.triplets, device)
            seconds = round((time.monotonic() - started) / len(words), 4)
            batch = []
            for outcome, sample in zip(outcomes, samples, strict=True):
                digest = digests[sample.word]
                if isinstance(outcome, TrainedWord):
                    outcome = outcome.rounded(plan.rounding)
                judged = judge.judge(outcome, sample, digest.n_found)
                batch.append(_complete(judged, digest, by_word[sample.word], plan, seconds))
            memory.write(batch)
            results += batch
            advance(len(words))
    return results


def _batches(features: Features, words: Sequence[str], plan: TrainingPlan) -> Iterator[list[str]]:
    """Words of like size together, so that padding is small and memory bounded."""
    ordered = sorted(words, key=lambda word: (features.count(word), word))
    row_bytes = 4 * _ROW_COPIES * (features.width + features.role.shape[1])
    most = min(_BATCH_ROWS, usable_memory() // (_BATCH_SHARE * row_bytes))
    batch: list[str] = []
    rows = 0
    for word in ordered:
        n = features.count(word)
        if batch and (len(batch) == plan.training.words_per_batch or rows + n > most):
            yield batch
            batch, rows = [], 0
        batch.append(word)
        rows += n
    if batch:
        yield batch


@dataclass(frozen=True)
class WordDigest:
    """What a word's layer is made from.

    Attributes:
        keys: Digest of its sentences, the prior, the settings, the encoder and the code.
        full: The same with the layer that it is judged against and the sentences on which.
        n_found: Sentences sampled for it.
    """

    keys: str
    full: str
    n_found: int = 0


def word_digests(
    chosen: Chosen, parent: Parent, plan: TrainingPlan, prior: str, domain: NDArray[np.uint64]
) -> dict[str, WordDigest]:
    """Digests by word.

    Args:
        chosen: Word -> (n,) uint64 keys of the sentences sampled for it.
        parent: Known words are judged against its layers.
        plan: Settings, encoder, code.
        prior: Its origin, see `tasks.training.priors.prior_origin`.
        domain: Keys of this run's corpus, on whose held-out sentences a known word's layers are compared.
    """
    served, settings = parent.ledger.served(), plan.digest
    answer = {}
    for word, keys in chosen.items():
        own = hashlib.sha256(f"{settings}:{prior}:".encode() + keys.tobytes()).hexdigest()
        full = hashlib.sha256(own.encode())
        if word in served:
            full.update(f":{served[word].release}:".encode() + np.isin(keys, domain).tobytes())
        answer[word] = WordDigest(own, full.hexdigest(), len(keys))
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


def _complete(
    result: WordResult, digest: WordDigest, candidate: Candidate, plan: TrainingPlan, seconds: float
) -> WordResult:
    """The result with the word's use in this corpus, against which a later shift is measured."""
    record = replace(
        result.record,
        digest=digest.full,
        keys_digest=digest.keys,
        forms=candidate.use.forms[:20],
        per_million=round(candidate.use.per_million, 2),
        neighbours=WordRecord.code_neighbours(candidate.use.neighbours),
        seed=plan.training.seed,
        seconds=seconds,
    )
    return WordResult(record, result.weights)
