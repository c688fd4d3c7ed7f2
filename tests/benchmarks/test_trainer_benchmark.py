"""The trainer against the reference in one run, one thread: seconds and held-out accuracy on ambiguous words.

    MINICOIL_BENCH_OUT=docs/benchmarks/trainer.json pytest -m benchmark -s tests/benchmarks/test_trainer_benchmark.py

Both sides get the same sentences, the same split and the same frozen test triplets, and CPU seconds are counted, so
that a busy machine changes nothing. Of the reference's two schedules the better one on the test triplets is compared
with. What is ours pays in its seconds for split, triplets and checkpoints too; the prior is shared by all words and
its seconds are reported beside. Most of the hour goes to the reference: after a change of the trainer, or a run that was
cut short, MINICOIL_BENCH_RESUME names an earlier output whose reference figures are kept where sentences and test
triplets are the same; MINICOIL_BENCH_SAMPLES names a folder for the encoded sentences. MINICOIL_BENCH_PART=tuning measures
the words on which settings may be chosen instead of those that are reported.
"""

import json
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from asked_figures import check_asked
from reference_trainer import ARTICLE, CODE, train_reference
from results_file import stamp
from threadpoolctl import threadpool_limits
from trainer_samples import FEW, MIN_SENTENCES, N_WORDS, encode_samples

from minicoil.config import PRIOR_COMPONENTS, GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trainer import train_words
from minicoil.training.triplets import sample_triplets, split_rows
from minicoil.training.validation import apply_layer, measure
from minicoil.words.mining import Candidate
from minicoil.words.word_counts import WordUse
from tasks.models.bundles import open_parent
from tasks.place import Place
from tasks.training.judging import Judge
from tasks.training.units import TrainingPlan, plan_units, train_unit, word_digests
from tasks.training.word_memory import WordMemory

SEEDS = (1, 2, 3)
TARGETS = ("ordering", "correlation", "saturated")
TEST = TripletConfig(n_triplets=4000)  # a standard error of half a point a word, which the smallest bound asks for


@pytest.fixture(scope="module")
def samples(shared_data, encoder_folder, tmp_path_factory):
    kept = os.environ.get("MINICOIL_BENCH_SAMPLES")
    return encode_samples(shared_data, encoder_folder, Path(kept) if kept else tmp_path_factory.mktemp("bench"))


@pytest.mark.benchmark
@pytest.mark.shared
@pytest.mark.timeout(3 * 3600)
def test_trainer_against_reference(samples, tmp_path, capsys):
    import torch

    torch.set_num_threads(1)
    ambiguous = samples.tuning if os.environ.get("MINICOIL_BENCH_PART") == "tuning" else samples.measured
    assert len(ambiguous) == N_WORDS, "too few ambiguous words with 1,000 sentences in the shared data"
    assert min(len(sample.keys) for sample in ambiguous) >= MIN_SENTENCES
    with threadpool_limits(1):
        report = _measure_all(ambiguous, samples, tmp_path)
    _save(report)
    _print(report, capsys)
    check_asked("trainer", report)


def _measure_all(ambiguous, samples, folder):
    sampling, others = SamplingConfig(), samples.prior
    started = time.process_time()
    prior = collect_prior(others, principal_components(np.concatenate([s.role for s in others]), PRIOR_COMPONENTS))
    report = {
        **stamp({}),
        "threads": 1,
        "dims": 4,
        "seeds": SEEDS,
        "words": [s.word for s in ambiguous],
        "n_sentences": [len(s.keys) for s in ambiguous],
        "prior": {"n_words": prior.n_words, "cpu_seconds": time.process_time() - started},
        "rows": [],
    }
    earlier = _earlier_rows()
    for sample in ambiguous:
        report["rows"].append(_measure_word(sample, prior, sampling, earlier.get(sample.word, {})))
        _save(report)
    report["means"] = _means(report["rows"])
    report["ratios"] = _ratios(report["means"])
    batches = _Copies(ambiguous, TrainingConfig().words_per_batch)  # as many in one tensor as the service trains
    for target in TARGETS:
        batch = [batches.sample(word) for word in batches.words]
        started = time.process_time()
        train_words(batch, prior, TrainingConfig.for_target(target, 4), sampling)
        seconds = (time.process_time() - started) / len(batch)
        report.setdefault("batched_cpu_seconds_per_word", {})[target] = seconds
    report[f"share_with_{FEW}"] = {target: _share_with_few(ambiguous, samples.few, prior, target) for target in TARGETS}
    _save(report)
    mixed, large = [*ambiguous, *others], ambiguous
    report["thousand_words"] = [
        _thousand_words(group, prior, sampling, folder / str(i)) for i, group in enumerate((mixed, large))
    ]
    return report


def _measure_word(sample, prior, sampling, earlier):
    """One word's row; `earlier` is the row of a run that was cut short, whose reference part is kept if it fits."""
    split = split_rows(sample.keys, sampling)
    test = sample_triplets(sample.role, split.test, TEST, 99)
    row = {"word": sample.word, "n_test_triplets": len(test), "ceiling": measure(sample.embeddings, test).ordering}
    same_inputs = all(earlier.get(key) == value for key, value in row.items())
    runs = (
        earlier["schedules"]
        if same_inputs
        else {
            name: _mean_of_seeds(partial(_reference, sample, split, schedule), sample, test)
            for name, schedule in (("article", ARTICLE), ("code", CODE))
        }
    )
    better = max(runs, key=lambda name: runs[name]["ordering"])
    row |= {"schedules": runs, "better_schedule": better, "reference": runs[better]}
    for target in TARGETS:
        row[target] = _mean_of_seeds(partial(_ours, sample, prior, sampling, target), sample, test)
    return row


def _reference(sample, split, schedule, seed):
    return train_reference(sample, split, 4, schedule, seed)


def _ours(sample, prior, sampling, target, seed):
    (trained,) = train_words([sample], prior, TrainingConfig.for_target(target, 4, seed), sampling)
    return trained.weights


def _mean_of_seeds(train, sample, test):
    """Held-out accuracies and CPU seconds, means over `SEEDS`; one frozen set of test triplets for everybody."""
    runs = []
    for seed in SEEDS:
        started = time.process_time()
        weights = train(seed)
        seconds = time.process_time() - started
        found = measure(apply_layer(sample.embeddings, weights), test)
        runs.append((found.ordering, found.margin, seconds))
    return dict(zip(("ordering", "margin", "seconds"), np.mean(runs, axis=0).tolist(), strict=True))


class _Copies:
    """Encoded sentences of `n` words, made of a few words' under other names; read one word at a time."""

    def __init__(self, samples, n):
        self._samples = {f"{samples[i % len(samples)].word}{i}": samples[i % len(samples)] for i in range(n)}
        self.words = sorted(self._samples)

    def count(self, word):
        return len(self._samples[word].keys)

    def sample(self, word):
        return replace(self._samples[word], word=word)


def _thousand_words(samples, prior, sampling, folder):
    """CPU seconds and growth of peak memory for 1,000 words trained, judged and remembered as the service does."""
    features = _Copies(samples, 1000)
    place = Place.at(folder)
    parent = open_parent(place, "production", "minilm", 4)
    training = TrainingConfig.for_target("saturated", 4)
    plan = TrainingPlan(training, sampling, TripletConfig(), GateConfig(), parent.facts.encoder_digest, "minilm")
    use = WordUse("", 1, 1, (), 1.0, np.zeros(64, np.float32))
    candidates = [Candidate(word, "named", 0.0, (), use) for word in features.words]
    nowhere = np.zeros(0, np.uint64)
    keys = {word: features.sample(word).keys for word in features.words}
    digests = word_digests(keys, parent, plan, "", nowhere)
    judge = Judge(parent, prior, plan.gate, plan.triplets, training.seed, nowhere)

    def train(some):
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        by_word = {candidate.word: candidate for candidate in some}
        for unit in plan_units(sorted(by_word), features):
            members = [by_word[word] for word in unit.words]
            train_unit(members, digests, features, judge, plan, WordMemory(place.objects()))
        (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024

    hundred = train(candidates[::10])  # the same mix of sizes
    started = time.process_time()
    thousand = train(candidates)
    return {
        "cpu_seconds": time.process_time() - started,
        "sentences_each": float(np.mean([features.count(word) for word in features.words])),
        "peak_mib": thousand,
        "peak_growth_mib": thousand - hundred,  # against a tenth of the words
    }


def _earlier_rows():
    """Rows by word of MINICOIL_BENCH_RESUME, the output of a run on this machine that was cut short."""
    source = os.environ.get("MINICOIL_BENCH_RESUME")
    return {row["word"]: row for row in json.loads(Path(source).read_text())["rows"]} if source else {}


def _save(report):
    """To a file after every word: the run is long."""
    target = os.environ.get("MINICOIL_BENCH_OUT")
    if target:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_text(json.dumps(report, indent=1) + "\n")


def _share_with_few(samples, few, prior, target):
    """Mean ordering accuracy of a word with `FEW` sentences in all, as a share of that with all of them."""
    shares, sampling = [], SamplingConfig()
    for sample in samples:
        split = split_rows(sample.keys, sampling)
        test = sample_triplets(sample.role, split.test, TEST, 99)

        def ordering(taught, sample=sample, test=test):
            weights = [_ours(taught, prior, sampling, target, seed) for seed in SEEDS]
            return np.mean([measure(apply_layer(sample.embeddings, w), test).ordering for w in weights])

        # of the few, their own validation and test come off, too
        shares.append(np.mean([ordering(draw) for draw in few[sample.word]]) / ordering(sample))
    return float(np.mean(shares))


def _means(rows):
    kinds = ("reference", *TARGETS)
    return {
        k: {m: float(np.mean([row[k][m] for row in rows])) for m in ("ordering", "margin", "seconds")} for k in kinds
    }


def _ratios(means):
    """Ours over the reference's; for CPU, the reference's over ours."""
    reference = means["reference"]
    return {
        k: {
            "ordering": means[k]["ordering"] / reference["ordering"],
            "margin": means[k]["margin"] / reference["margin"],
            "cpu": reference["seconds"] / means[k]["seconds"],
        }
        for k in TARGETS
    }


def _print(report, capsys):
    means, ratios = report["means"], report["ratios"]
    with capsys.disabled():
        for row in report["rows"]:
            cells = (f"{k} {row[k]['ordering']:.3f}/{row[k]['margin']:.3f} {row[k]['seconds']:.2f}s" for k in means)
            print(f"\n{row['word']:<8} ceiling {row['ceiling']:.3f}  " + "  ".join(cells), end="")
        for kind in TARGETS:
            ours, ratio = means[kind], ratios[kind]
            batched = report["batched_cpu_seconds_per_word"][kind]
            print(
                f"\n{kind}: ordering {ours['ordering']:.3f} ({ratio['ordering']:.3f}x reference), "
                f"margin {ours['margin']:.3f} ({ratio['margin']:.3f}x), {ratio['cpu']:.0f}x less CPU a word alone, "
                f"{means['reference']['seconds'] / batched:.0f}x in a batch; "
                f"{FEW} sentences reach {report[f'share_with_{FEW}'][kind]:.3f} of all",
                end="",
            )
        for run in report["thousand_words"]:
            print(
                f"\n1,000 words of {run['sentences_each']:.0f} sentences: {run['cpu_seconds']:.0f} CPU seconds; peak "
                f"memory {run['peak_mib']:.0f} MiB, {run['peak_growth_mib']:.0f} more than with 100 words",
                end="",
            )
