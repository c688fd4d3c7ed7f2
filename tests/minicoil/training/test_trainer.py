"""Words with two planted meanings are learned; words that cannot be are refused alone."""

from typing import get_args

import numpy as np
import pytest
import torch
from planted_words import WIDTH, planted, repeated

from minicoil.config import GateConfig, SamplingConfig, Target, TrainingConfig, TripletConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError
from minicoil.training.occurrences import OccurrenceReader, OccurrenceWriter
from minicoil.training.prior import Prior, collect_prior, principal_components
from minicoil.training.trained_word import TrainedWord
from minicoil.training.trainer import train_words
from minicoil.training.triplets import Triplets, is_held_out, sample_triplets, split_rows
from minicoil.training.validation import Accuracies, apply_layer, judge_new, judge_retrained, measure


@pytest.fixture(scope="module")
def prior():
    samples = [planted(f"w{i}", seed=i) for i in range(20)]
    components = principal_components(np.concatenate([s.role for s in samples]), 24)
    return collect_prior(samples, components)


@pytest.mark.parametrize("target", ["saturated", "correlation", "ordering"])
@pytest.mark.parametrize("dims", [4, 8, 16])
def test_planted_meanings_are_learned_on_held_out_triplets(prior, target, dims):
    sample = planted("pod", seed=99)
    (trained,) = train_words([sample], prior, TrainingConfig.for_target(target, dims))
    assert isinstance(trained, TrainedWord)
    assert trained.weights.shape == (WIDTH, dims) and trained.weights.dtype == np.float32
    assert measure(apply_layer(sample.embeddings, trained.weights), trained.test).ordering > 0.85


@pytest.mark.parametrize("target", ["saturated", "correlation", "ordering"])
def test_training_again_gives_the_same_bits(prior, target):
    samples = [planted("pod", seed=1), planted("node", seed=2)]
    one, other = (train_words(samples, prior, TrainingConfig.for_target(target, 4)) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.weights, second.weights)


def test_a_rare_word_gains_from_what_all_words_share(prior):
    def mean_ordering(shared):
        scores = []
        for seed in range(200, 212):
            sample = planted("rare", n=30, seed=seed)
            (trained,) = train_words([sample], shared, TrainingConfig())
            scores.append(measure(apply_layer(sample.embeddings, trained.weights), trained.test).ordering)
        return np.mean(scores)

    nothing = Prior(prior.components, np.zeros_like(prior.second), np.zeros_like(prior.cross), 0)
    assert mean_ordering(prior) > mean_ordering(nothing) + 0.02


def broken(name):
    """A word with one NaN in an array of `name`."""
    sample = planted("nan", seed=4)
    getattr(sample, name)[3, 3] = np.nan
    return sample


def alike():
    """Sixty different sentences in which the encoder sees the word alike."""
    sample = planted("alike", n=60, seed=5)
    sample.embeddings[:] = sample.embeddings[0]
    return sample


def meaning_the_same():
    """Sixty different sentences that mean one thing to the role model."""
    sample = planted("same", n=60, seed=6)
    sample.role[:] = sample.role[0]
    return sample


@pytest.mark.parametrize(
    ("poison", "error", "message"),
    [
        (lambda: planted("few", n=10), TooFewSentencesError, "'few': 10 sentences found, 25 required; widen the corpus"),
        (lambda: repeated(planted("one"), 1000), TooFewSentencesError, "1000 sentences found, only 1 of them different"),
        (meaning_the_same, NoTripletsError, "its 60 sentences mean all the same to the role model"),
        (alike, NoTripletsError, "its 60 occurrences are all alike to the encoder"),
        (lambda: broken("embeddings"), NonFiniteError, "its embeddings hold NaN or infinity"),
        (lambda: broken("role"), NonFiniteError, "its role hold NaN or infinity"),
        (lambda: broken("snippet_embeddings"), NonFiniteError, "its snippet_embeddings hold NaN or infinity"),
    ],
)  # fmt: skip
def test_one_poisonous_word_fails_alone(prior, poison, error, message):
    good, config = planted("pod", seed=3), TrainingConfig(steps=8)
    outcomes = train_words([poison(), good], prior, config)
    assert type(outcomes[0].error) is error and message in str(outcomes[0].error)
    (alone,) = train_words([good], prior, config)
    np.testing.assert_array_equal(alone.weights, outcomes[1].weights)


def test_moments_that_cannot_be_solved_fail_one_word(prior, monkeypatch):
    def refuse(*_):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr("minicoil.training.trainer._basis", refuse)
    (outcome,) = train_words([planted("pod")], prior, TrainingConfig())
    assert isinstance(outcome.error, NonFiniteError) and "Singular matrix" in str(outcome.error)


SHORT = [
    TrainingConfig(steps=8),
    TrainingConfig(steps=4, target="ordering", ordering_steps=40, ordering_fewest_steps=12),
]


@pytest.mark.parametrize("config", SHORT, ids=["target alone", "with ordering"])
def test_a_layer_does_not_depend_on_the_words_beside_it(prior, config):
    samples = [planted(f"t{i}", n=(61, 240, 100)[i % 3], seed=60 + i) for i in range(5)]
    together = train_words(samples, prior, config)
    for sample, outcome in zip(samples, together, strict=True):
        (alone,) = train_words([sample], prior, config)
        np.testing.assert_array_equal(alone.weights, outcome.weights)


@pytest.mark.parametrize("config", SHORT, ids=["target alone", "with ordering"])
def test_every_tensor_is_made_on_the_device_asked_for(prior, config):
    """A tensor made without naming its device would be "meta" here, and fail beside those that are not."""
    with torch.device("meta"):
        (outcome,) = train_words([planted("pod")], prior, config, device="cpu")
    assert isinstance(outcome, TrainedWord)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_trains_what_cpu_trains(prior):
    sample = planted("pod", seed=99)
    scores = []
    for device in ("cpu", "cuda"):
        (trained,) = train_words([sample], prior, TrainingConfig(), device=device)
        scores.append(measure(apply_layer(sample.embeddings, trained.weights), trained.test).ordering)
    assert abs(scores[0] - scores[1]) < 0.01


def test_a_held_out_sentence_teaches_no_word_whatever_the_corpus():
    rng, config = np.random.default_rng(0), SamplingConfig()
    keys = rng.integers(0, 2**63, 3000).astype(np.uint64)
    held_out = set(keys[is_held_out(keys, config)].tolist())
    assert 0.08 < len(held_out) / len(keys) < 0.12
    for size in (25, 60, 200, 3000):
        some = rng.choice(keys, size, replace=False)
        split = split_rows(some, config)
        assert held_out.isdisjoint(some[np.concatenate([split.train, split.validation])].tolist())


def test_a_sentence_that_comes_again_is_in_one_part_only():
    keys = np.repeat(np.arange(60, dtype=np.uint64), 3)
    split = split_rows(keys, SamplingConfig())
    parts = [keys[rows].tolist() for rows in (split.train, split.validation, split.test)]
    assert sorted(sum(parts, [])) == list(range(60))


def test_too_few_sentences_to_choose_by_teach_instead():
    keys = np.random.default_rng(3).integers(0, 2**63, 400).astype(np.uint64)
    few, many = split_rows(keys[:249], SamplingConfig()), split_rows(keys, SamplingConfig())
    assert len(few.validation) == 0 and len(few.train) + len(few.test) == 249
    assert 25 < len(many.validation) < 60 and is_held_out(keys[many.validation], SamplingConfig()).sum() == 0
    assert set(few.test.tolist()) == set(np.flatnonzero(is_held_out(keys[:249], SamplingConfig())).tolist())


@pytest.mark.parametrize("dims", [4, 8, 16])
def test_every_target_has_directions_for_every_dimension(dims):
    assert all(TrainingConfig.for_target(target, dims).subspace >= dims for target in get_args(Target))


def test_split_is_disjoint_complete_and_independent_of_order():
    keys = np.arange(100, dtype=np.uint64)
    split = split_rows(keys, SamplingConfig())
    assert sorted([*split.train, *split.validation, *split.test]) == list(range(100))
    shuffled = np.random.default_rng(0).permutation(keys)
    again = split_rows(shuffled, SamplingConfig())
    assert {int(shuffled[i]) for i in again.test} == set(split.test.tolist())


def test_triplets_hold_the_margin_and_come_back_even_where_there_are_none():
    sample = planted("pod", n=300)
    config = TripletConfig(margin=0.2, n_triplets=500)
    found = sample_triplets(sample.role, np.arange(300), config, seed=1)
    similarity = sample.role @ sample.role.T
    anchor, positive, negative = found.rows.T
    gaps = similarity[anchor, positive] - similarity[anchor, negative]
    assert len(found) == 500 and (gaps >= 0.2 - 1e-6).all()
    np.testing.assert_allclose(gaps, found.margins, atol=1e-6)
    assert len(np.unique(found.rows, axis=0)) == 500
    alike = np.ones((50, 4), np.float32) / 2
    assert len(sample_triplets(alike, np.arange(50), config, seed=1)) == 0


def test_ties_fail_and_margins_count():
    sample = planted("pod", n=60)
    triplets = sample_triplets(sample.role, np.arange(60), TripletConfig(n_triplets=200), seed=2)
    assert measure(np.ones((60, 4), np.float32), triplets).ordering == 0.0
    assert measure(sample.role, triplets).ordering == 1.0
    assert measure(sample.role, triplets).interval == (1.0, 1.0)
    assert measure(sample.role, Triplets(triplets.rows, triplets.margins * 0.99)).margin == 1.0
    assert measure(sample.role, Triplets(triplets.rows, triplets.margins * 1.01)).margin == 0.0


def test_a_retrained_layer_must_be_better_by_more_than_noise():
    sample = planted("pod", n=200, noise=1.0)
    triplets = sample_triplets(sample.role, np.arange(200), TripletConfig(n_triplets=400), seed=3)
    good, bad = measure(sample.role, triplets), measure(sample.embeddings[:, :2], triplets)
    gate = GateConfig()
    assert judge_retrained("pod", bad, good, triplets, gate).verdict == "improved"
    assert judge_retrained("pod", good, good, triplets, gate).verdict == "unchanged"
    assert judge_retrained("pod", good, bad, triplets, gate).verdict == "unchanged"


@pytest.mark.parametrize(("better", "verdict"), [(0.3, "unchanged"), (2.0, "improved")])
def test_noise_is_the_standard_error_of_the_gain_over_anchors(better, verdict):
    """Two layers, each right on its own seven of ten anchors; the new one on so many standard errors more."""
    n = 100
    rows = np.repeat(np.arange(n), 5)
    triplets = Triplets(np.stack([rows, rows + 1, rows + 2], axis=1), np.zeros(len(rows), np.float32))
    rng = np.random.default_rng(5)
    old = rng.random(n) < 0.7
    error = (2 * 0.7 * 0.3 / n) ** 0.5  # of a difference between two independent layers
    new = rng.permutation(old)
    lacking = round(better * error * n)
    new[np.flatnonzero(~new)[:lacking]] = True

    def accuracies(correct):
        each = np.repeat(correct, 5)
        return Accuracies(float(each.mean()), 0.0, (0.0, 1.0), len(each), each)

    assert judge_retrained("pod", accuracies(old), accuracies(new), triplets, GateConfig()).verdict == verdict


def test_a_new_word_stays_on_bm25_below_the_floor_or_without_triplets():
    sample = planted("pod", n=60)
    triplets = sample_triplets(sample.role, np.arange(60), TripletConfig(n_triplets=200), seed=2)
    flat = measure(np.ones((60, 4), np.float32), triplets)
    assert "under 0.60" in judge_new("pod", flat, 200, GateConfig()).reason
    assert judge_new("pod", None, 3, GateConfig()).verdict == "kept_bm25"
    assert judge_new("pod", measure(sample.role, triplets), 200, GateConfig()).verdict == "accepted"


def test_occurrences_are_read_back_word_by_word(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 8)).astype(np.float32)
    words, sentences = rng.integers(0, 5, 50), rng.permutation(50)
    with OccurrenceWriter(tmp_path, 8) as writer:
        writer.append(words[:20], sentences[:20], rows[:20])
        writer.append(words[20:], sentences[20:], rows[20:])
    reader = OccurrenceReader(tmp_path, 8)
    for word in range(6):
        found, embeddings = reader.read(word)
        order = np.argsort(sentences[words == word])
        np.testing.assert_array_equal(found, sentences[words == word][order])
        np.testing.assert_allclose(embeddings, rows[words == word][order], atol=2e-3)


def test_a_rounded_layer_holds_float16_numbers_and_one_past_their_range_takes_the_last():
    word = TrainedWord("pod", np.float32([[0.1, 1e6], [-1e6, 2**-30]]), None, None)
    assert word.rounded("none") is word
    rounded = word.rounded("float16").weights
    assert rounded.dtype == np.float32 and rounded.tolist() == [[float(np.float16(0.1)), 65504.0], [-65504.0, 0.0]]
