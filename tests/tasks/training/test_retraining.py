"""What is served is measured on fresh text: each reason to retrain, and each verdict after it."""

from dataclasses import replace

import numpy as np
import pytest
from planted_words import WIDTH, PlantedFeatures, planted, planted_parent

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trainer import train_words
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.word_counts import WordCounts
from tasks.training.retraining import bury_hopeless, find_underperforming, served_candidates
from tasks.training.units import TrainingPlan
from tasks.training.word_memory import WordResult

PLAN = TrainingPlan(TrainingConfig(), SamplingConfig(), TripletConfig(), GateConfig(), "0" * 64, "minilm")


@pytest.fixture(scope="module")
def good():
    """A word and its layer, trained on other sentences than the 200 it is measured on."""
    whole = planted("pod", n=600, seed=3)
    taught, fresh = (part(whole, rows) for rows in (np.arange(400), np.arange(400, 600)))
    prior = collect_prior([taught], principal_components(taught.role, 24))
    (trained,) = train_words([taught], prior, TrainingConfig())
    return fresh, trained.weights


def part(sample, rows):
    none = sample.snippet_rows[:0], sample.snippet_embeddings[:0]
    return type(sample)(sample.word, sample.keys[rows], sample.embeddings[rows], sample.role[rows], *none)


def counts_of(sentence, n=60):
    counts = WordCounts()
    for _ in range(n):
        counts.add([sentence.split()])
    return counts


def inspect(folder, sample, layer, record=None, below=None, counts=None):
    ledger = Ledger().updated([record or WordRecord("pod", "accepted", "", per_million=1e9)], "a", 1)
    parent = planted_parent(folder, {"pod": layer}, ledger)
    counts = counts or counts_of("the pod runs on a node")
    candidates = served_candidates(parent, counts, 25)
    return find_underperforming(candidates, PlantedFeatures([sample]), parent, PLAN, counts, below)


def blind(n=4):
    """A layer that sees nothing but noise."""
    return 0.02 * np.random.default_rng(0).normal(size=(WIDTH, n))


def test_a_good_word_is_measured_and_left_alone(tmp_path, good):
    found = inspect(tmp_path, *good)
    assert (found.weak, found.n_measured, found.n_too_few) == ((), 1, 0)


@pytest.mark.parametrize(
    ("record", "below", "reason"),
    [
        ({}, 0.995, "is under 0.99"),
        ({"ordering_accuracy": 1.0}, None, "ordering fell from 1.000 to 0."),
        ({"per_million": 1.0}, None, "shifted: "),
    ],
)
def test_a_word_is_listed_with_the_figures_that_speak_against_it(tmp_path, good, record, below, reason):
    sample, layer = good
    sample = replace(sample, embeddings=sample.embeddings + 1.0 * np.random.default_rng(1).normal(size=sample.embeddings.shape).astype(np.float32))  # fmt: skip
    record = WordRecord("pod", "accepted", "", **{"per_million": 1e9, **record})
    (weak,) = inspect(tmp_path, sample, layer, record, below).weak
    assert any(reason in text for text in weak.reasons), weak.reasons


def test_a_blind_layer_is_under_the_gate_and_far_below_its_ceiling(tmp_path, good):
    sample, _ = good
    clear = replace(sample, embeddings=np.pad(sample.role, ((0, 0), (0, WIDTH - sample.role.shape[1]))))
    (weak,) = inspect(tmp_path, clear, np.r_[np.zeros((100, 4)), blind()[:92]]).weak
    assert any("is under 0.60" in text for text in weak.reasons)
    assert any("far under its ceiling 1.000" in text for text in weak.reasons)


def test_a_word_without_enough_held_out_sentences_is_counted_and_left_alone(tmp_path, good):
    sample, _ = good
    found = inspect(tmp_path, part(sample, np.arange(4)), blind())
    assert (found.weak, found.n_measured, found.n_too_few) == ((), 0, 1)


def result(verdict="unchanged", old=0.52, new=0.54, interval=(0.5, 0.58), weights=None):
    record = WordRecord("pod", verdict, "why", old_ordering_accuracy=old, ordering_accuracy=new, interval=interval)
    return WordResult(record, weights)


def test_a_word_under_the_floor_before_and_after_returns_to_bm25_with_both_figures():
    (buried,) = bury_hopeless([result()], PLAN)
    assert buried.record.verdict == "removed" and buried.weights is None
    assert "0.520, and 0.540 after retraining: both under the floor of 0.60" in buried.record.reason


@pytest.mark.parametrize(
    "kept",
    [
        result(old=0.7),
        result(interval=(0.5, 0.63)),
        result(old=None),
        result("improved", new=0.8, interval=(0.7, 0.9), weights=np.zeros((2, 4))),
    ],
    ids=["the old layer is fine", "within noise of the floor", "it had no layer", "the new layer is fine"],
)
def test_any_other_word_stays(kept):
    assert bury_hopeless([kept], PLAN) == [kept]
