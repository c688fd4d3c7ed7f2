"""The trainer against the reference in one run, one thread: seconds and held-out accuracy on ambiguous words.

pytest -m benchmark tests/benchmarks/test_trainer_benchmark.py -s
"""

import json
import os
import resource
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from reference_trainer import ARTICLE, CODE, train_reference

from minicoil.bundle import create_empty_bundle
from minicoil.config import SamplingConfig, TrainingConfig, TripletConfig
from minicoil.encoder import TokenEncoder
from minicoil.layout import BundleLayout
from minicoil.occurrences import WordSample
from minicoil.prior import collect_prior, principal_components
from minicoil.sentences import sentence_key, split_sentences
from minicoil.stemming import stem
from minicoil.tokens import WordTokenizer
from minicoil.trainer import train_words
from minicoil.triplets import sample_triplets, split_rows
from minicoil.validation import apply_layer, measure
from tasks.corpus import CorpusReport, read_corpora
from tasks.features import encode_features
from tasks.points import open_points
from tasks.sentence_encoder import Encoders
from tasks.sentence_store import Sentence, SentenceStore

WORDS = ("state", "set", "run", "point", "table", "field", "group", "order", "turn", "light", "head", "hand", "board")
N_WORDS = int(os.environ.get("MINICOIL_BENCH_WORDS", "8"))
MAX_SENTENCES = 2000
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def samples(shared_data, encoder_folder, tmp_path_factory):
    """Encoded occurrences of ambiguous words with at least 1,000 sentences, and of 60 others for the prior."""
    folder = tmp_path_factory.mktemp("bench")
    create_empty_bundle(encoder_folder, folder / "empty")
    encoders = Encoders(
        WordTokenizer.from_folder(folder / "empty"), TokenEncoder(BundleLayout(folder / "empty").encoder)
    )
    forms: dict[str, set[str]] = {stem(word): {word, word + "s"} for word in WORDS}
    extra = [
        "time",
        "year",
        "name",
        "part",
        "work",
        "case",
        "form",
        "number",
        "line",
        "place",
        "side",
        "water",
        "house",
        "world",
        "system",
        "end",
        "word",
        "page",
    ]
    others = {stem(word): {word, word + "s"} for word in extra}
    wanted = {form for group in (*forms.values(), *others.values()) for form in group}
    with open_points(folder / "home") as points:
        store = SentenceStore(points, encoders.encoder.width)
        waiting = []
        for document in read_corpora([str(shared_data)], CorpusReport()):
            for text in split_sentences(document.body):
                if wanted.intersection(text.lower().split()):
                    waiting.append(Sentence(sentence_key(text), text, document.doc))
        for start in range(0, len(waiting), 5000):
            store.add(waiting[start : start + 5000])
        both = {word: sorted(group) for word, group in {**others, **forms}.items()}
        counts = {word: store.count(both[word]) for word in both}
        ambiguous = [word for word in forms if counts[word] >= 1000][:N_WORDS]
        chosen = {
            word: np.sort(np.asarray(store.sample(both[word], MAX_SENTENCES if word in ambiguous else 200), np.uint64))
            for word in [*ambiguous, *others]
        }
        kept = {word: both[word] for word in chosen}
        features = encode_features(store, encoders, kept, chosen, SamplingConfig(), folder / "features")
    return [features.sample(word) for word in ambiguous], [features.sample(word) for word in others]


def first_rows(sample, rows, n):
    """The sample reduced to `n` training sentences."""
    kept = np.sort(rows[:n])
    place = np.full(len(sample.keys), -1)
    place[kept] = np.arange(len(kept))
    snippets = place[sample.snippet_rows] >= 0
    return WordSample(
        sample.word,
        sample.keys[kept],
        sample.embeddings[kept],
        sample.role[kept],
        place[sample.snippet_rows[snippets]],
        sample.snippet_embeddings[snippets],
    )


@pytest.mark.benchmark
@pytest.mark.shared
@pytest.mark.timeout(7200)
def test_trainer_against_reference(samples, capsys):
    import torch

    torch.set_num_threads(1)
    ambiguous, others = samples
    assert len(ambiguous) >= 1
    sampling, triplet_config = SamplingConfig(), TripletConfig()
    prior = collect_prior(others, principal_components(np.concatenate([s.role for s in others]), 128))
    report = {"words": [s.word for s in ambiguous], "n_sentences": [len(s.keys) for s in ambiguous], "rows": []}
    for sample in ambiguous:
        split = split_rows(sample.keys, sampling)
        test = sample_triplets(sample.role, split.test, triplet_config, 99)
        row = {"word": sample.word, "ceiling": measure(sample.embeddings, test).ordering}
        runs = [
            _mean_of_seeds(partial(_reference, sample, split, schedule), sample, test) for schedule in (ARTICLE, CODE)
        ]
        row["reference"] = max(runs, key=lambda run: run["ordering"])
        for target in ("correlation", "saturated"):
            row[target] = _mean_of_seeds(partial(_ours, sample, prior, sampling, target), sample, test)
        report["rows"].append(row)
        _save(report)
    started = time.process_time()
    train_words(ambiguous, prior, TrainingConfig.for_target("correlation", 4), sampling)
    report["batched_seconds_per_word"] = (time.process_time() - started) / len(ambiguous)
    report["share_with_200"] = _share_with_few(ambiguous, prior, sampling, triplet_config)
    report["thousand_words"] = _thousand_words([*ambiguous, *others], prior, sampling)
    _save({**report, "means": _means(report)})
    _print(report, capsys)
    mean = _means(report)
    assert mean["correlation"]["ordering"] >= 1.01 * mean["reference"]["ordering"]
    assert mean["correlation"]["margin"] >= 1.08 * mean["reference"]["margin"]
    assert all(row["correlation"]["ordering"] >= row["reference"]["ordering"] - 0.005 for row in report["rows"])
    assert report["share_with_200"] >= 0.97


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


def _thousand_words(samples, prior, sampling):
    """CPU seconds and growth of peak memory for 1,000 words, trained unit by unit as the service does."""
    config = TrainingConfig.for_target("saturated", 4)
    largest = max(samples, key=lambda sample: len(sample.keys))
    before, peaks = time.process_time(), []
    for start in range(0, 1000, config.words_per_unit):
        names = [f"{samples[i % len(samples)].word}{i}" for i in range(start, min(start + config.words_per_unit, 1000))]
        unit = [replace(samples[(start + i) % len(samples)], word=name) for i, name in enumerate(names)]
        train_words(unit, prior, config, sampling)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return {
        "seconds": time.process_time() - before,
        "sentences_each": float(np.mean([len(samples[i % len(samples)].keys) for i in range(1000)])),
        "most_sentences": len(largest.keys),
        "peak_growth_mib": (peaks[-1] - peaks[1]) / 1024,
    }


def _save(report):
    """To a file after every word: the run is long."""
    target = os.environ.get("MINICOIL_BENCH_OUT")
    if target:
        Path(target).write_text(json.dumps(report, indent=1))


def _share_with_few(samples, prior, sampling, triplet_config):
    """Mean ordering accuracy with 200 training sentences, as a share of that with all."""
    shares = []
    for sample in samples:
        split = split_rows(sample.keys, sampling)
        test = sample_triplets(sample.role, split.test, triplet_config, 99)
        scores = []
        for n in (250, len(split.train)):  # of 250, 200 teach
            (trained,) = train_words(
                [first_rows(sample, split.train, n)], prior, TrainingConfig.for_target("correlation", 4), sampling
            )
            scores.append(measure(apply_layer(sample.embeddings, trained.weights), test).ordering)
        shares.append(scores[0] / scores[1])
    return float(np.mean(shares))


def _means(report):
    kinds = ("reference", "correlation", "saturated")
    return {
        k: {m: float(np.mean([r[k][m] for r in report["rows"]])) for m in ("ordering", "margin", "seconds")}
        for k in kinds
    }


def _print(report, capsys):
    mean = _means(report)
    reference = mean["reference"]
    with capsys.disabled():
        for row in report["rows"]:
            cells = (f"{k} {row[k]['ordering']:.3f}/{row[k]['margin']:.3f} {row[k]['seconds']:.2f}s" for k in mean)
            print(f"\n{row['word']:<8} ceiling {row['ceiling']:.3f}  " + "  ".join(cells), end="")
        for kind in ("correlation", "saturated"):
            ours = mean[kind]
            print(
                f"\n{kind}: ordering {ours['ordering']:.3f} ({ours['ordering'] / reference['ordering']:.3f}x reference), "
                f"margin {ours['margin']:.3f} ({ours['margin'] / reference['margin']:.3f}x), "
                f"{reference['seconds'] / ours['seconds']:.0f}x less CPU a word alone",
                end="",
            )
        print(
            f"\nin batches {report['batched_seconds_per_word']:.4f} s a word: "
            f"{reference['seconds'] / report['batched_seconds_per_word']:.0f}x less; "
            f"200 sentences reach {report['share_with_200']:.3f} of all"
        )
        thousand = report["thousand_words"]
        print(
            f"1,000 words of {thousand['sentences_each']:.0f} sentences: {thousand['seconds']:.0f} s on one core; peak "
            f"memory grew by {thousand['peak_growth_mib']:.0f} MiB after the second unit"
        )
