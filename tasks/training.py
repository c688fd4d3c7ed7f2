"""Words trained in units, judged on what they never saw, old layer against new."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

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
from tasks.features import Features
from tasks.progress import progress

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
    def digest(self) -> str:
        """Of all settings, the encoder and the code's version."""
        configs = config_digest(self.training, self.sampling, self.triplets, self.gate)
        parts = [configs, self.encoder_digest, self.role_model, minicoil.__version__]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class WordResult:
    """What became of one word: its record, and its layer where it serves."""

    record: WordRecord
    weights: NDArray[np.float32] | None


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
    features: Features,
    prior: Prior,
    parent: Parent,
    plan: TrainingPlan,
    folder: Path,
) -> list[WordResult]:
    """Train and judge every candidate, unit by unit; a unit that is done is not trained again.

    Args:
        candidates: Words to train, new or known.
        features: Their encoded sentences.
        prior: Shared moments.
        parent: Has the old layers of known words.
        plan: Settings.
        folder: Where finished units are kept until the run is over.
    """
    by_word = {candidate.word: candidate for candidate in candidates}
    stack = open_stack(BundleLayout(parent.folder).stack)
    results: list[WordResult] = []
    with progress("training words", len(candidates), "words") as advance:
        for words in _units(features, sorted(by_word), plan):
            samples = [features.sample(word) for word in words]
            digests = [_word_digest(sample, plan) for sample in samples]
            unit = folder / f"unit-{hashlib.sha256(''.join(digests).encode()).hexdigest()[:16]}.npz"
            done = _read_unit(unit)
            if done is None:
                done = [
                    _judge(outcome, sample, digest, by_word[sample.word].use.forms, parent, stack, plan)
                    for outcome, sample, digest in zip(
                        train_words(samples, prior, plan.training, plan.sampling, plan.triplets),
                        samples,
                        digests,
                        strict=True,
                    )
                ]
                _write_unit(unit, done)
            results += [_with_use(result, by_word[result.record.word]) for result in done]
            advance(len(words))
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


def _word_digest(sample: WordSample, plan: TrainingPlan) -> str:
    return hashlib.sha256(plan.digest.encode() + sample.keys.tobytes()).hexdigest()


def _judge(
    outcome: TrainedWord | TrainingFailure,
    sample: WordSample,
    digest: str,
    forms: Sequence[str],
    parent: Parent,
    stack: NDArray[np.float32],
    plan: TrainingPlan,
) -> WordResult:
    word, old_id = sample.word, parent.vocabulary.entry_id(sample.word)
    base = WordRecord(word, "failed", "", digest, forms=tuple(forms[:20]), n_sentences=len(sample.keys))
    if isinstance(outcome, TrainingFailure):
        return WordResult(
            replace(base, verdict=_failed_verdict(outcome.error, old_id), reason=str(outcome.error)), None
        )
    seed = plan.training.seed
    new = measure(apply_layer(sample.embeddings, outcome.weights), outcome.test, seed)
    ceiling = measure(sample.embeddings, outcome.test, seed).ordering
    base = replace(
        base,
        ordering_accuracy=round(new.ordering, 4),
        margin_accuracy=round(new.margin, 4),
        ceiling=round(ceiling, 4),
        n_triplets=len(outcome.test),
    )
    if old_id is None:
        verdict = judge_new(word, new, len(outcome.test), plan.gate)
    else:
        layer = np.asarray(stack[old_id], dtype=np.float32)
        old = measure(apply_layer(sample.embeddings, layer), outcome.test, seed)
        verdict = judge_retrained(word, old, new, outcome.test, plan.gate, seed)
        base = replace(base, old_ordering_accuracy=round(old.ordering, 4))
    serves = verdict.verdict in ("accepted", "improved")
    logger.info("%s: %s, %s", word, verdict.verdict, verdict.reason)
    return WordResult(
        replace(base, verdict=verdict.verdict, reason=verdict.reason), outcome.weights if serves else None
    )


def _failed_verdict(error: TrainingError, old_id: int | None) -> VerdictName:
    """A word that cannot be trained keeps its layer if it has one; too rare is no fault, NaN is."""
    if old_id is not None:
        return "unchanged"
    return "kept_bm25" if isinstance(error, TooFewSentencesError | NoTripletsError) else "failed"


def _with_use(result: WordResult, candidate: Candidate) -> WordResult:
    """The result with the word's use in this corpus, against which a later shift is measured."""
    neighbours = tuple(int(x) for x in np.rint(candidate.use.neighbours * 10_000))
    record = replace(result.record, per_million=round(candidate.use.per_million, 2), neighbours=neighbours)
    return WordResult(record, result.weights)


def _write_unit(path: Path, results: Sequence[WordResult]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    arrays: dict[str, NDArray[np.float32]] = {
        f"layer_{place}": result.weights for place, result in enumerate(results) if result.weights is not None
    }
    records = json.dumps([asdict(result.record) for result in results])
    np.savez(part, records=np.frombuffer(records.encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    os.replace(part, path)


def _read_unit(path: Path) -> list[WordResult] | None:
    """The results of a finished unit; None where it is not there, or was cut off while being written."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            rows: list[Mapping[str, object]] = json.loads(arrays["records"].tobytes())
            layers = {name: arrays[name] for name in arrays.files if name != "records"}
    except (OSError, ValueError, KeyError):
        return None
    return [WordResult(WordRecord.from_row(row), layers.get(f"layer_{place}")) for place, row in enumerate(rows)]
