"""Words with two planted meanings are learned; words that cannot be are refused alone."""

from typing import get_args

import numpy as np
import pytest
import torch
from planted_words import WIDTH, planted, repeated

from minicoil.config import Target, TrainingConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError
from minicoil.training.prior import Prior, collect_prior, principal_components
from minicoil.training.trained_word import TrainedWord
from minicoil.training.trainer import train_words
from minicoil.training.validation import apply_layer, measure


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


@pytest.mark.parametrize("dims", [4, 8, 16])
def test_every_target_has_directions_for_every_dimension(dims):
    assert all(TrainingConfig.for_target(target, dims).subspace >= dims for target in get_args(Target))
