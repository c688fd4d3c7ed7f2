"""Words with two planted meanings are learned; words that cannot be are refused alone."""

import numpy as np
import pytest

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError
from minicoil.occurrences import OccurrenceReader, OccurrenceWriter, WordSample
from minicoil.prior import Prior, collect_prior, principal_components
from minicoil.trainer import TrainedWord, train_words
from minicoil.triplets import Triplets, sample_triplets, split_rows
from minicoil.validation import apply_layer, judge_new, judge_retrained, measure

WIDTH, ROLE = 192, 32


SHARED = np.random.default_rng(12345).normal(size=(ROLE, WIDTH))  # how meaning shows in every word's embedding
NUISANCE = np.random.default_rng(54321).normal(size=(12, WIDTH))  # and what says nothing: position, syntax


def planted(word, n=240, seed=0, noise=0.6, n_senses=3):
    """A word with senses, seen by the role model and, through a map that all words share, by the encoder."""
    rng = np.random.default_rng(seed)
    senses = rng.integers(0, n_senses, n)
    meaning = rng.normal(size=(n_senses, ROLE))[senses]
    embeddings = rng.normal(size=WIDTH) + 0.3 * meaning @ SHARED + noise * rng.normal(size=(n, WIDTH))
    embeddings = embeddings + 4 * noise * rng.normal(size=(n, len(NUISANCE))) @ NUISANCE
    role = meaning + 0.5 * rng.normal(size=(n, ROLE))
    role /= np.linalg.norm(role, axis=1, keepdims=True)
    rows = np.arange(0, n, 4)
    snippets = embeddings[rows] + 0.3 * rng.normal(size=(len(rows), WIDTH))
    keys = rng.integers(0, 2**60, n).astype(np.uint64)
    f32 = np.float32
    return WordSample(word, keys, embeddings.astype(f32), role.astype(f32), rows, snippets.astype(f32))


@pytest.fixture(scope="module")
def prior():
    samples = [planted(f"w{i}", seed=i) for i in range(20)]
    components = principal_components(np.concatenate([s.role for s in samples]), 24)
    return collect_prior(samples, components)


@pytest.mark.parametrize("target", ["saturated", "correlation"])
@pytest.mark.parametrize("dims", [4, 8, 16])
def test_planted_meanings_are_learned_on_held_out_triplets(prior, target, dims):
    sample = planted("pod", seed=99)
    (trained,) = train_words([sample], prior, TrainingConfig.for_target(target, dims))
    assert isinstance(trained, TrainedWord)
    assert trained.weights.shape == (WIDTH, dims) and trained.weights.dtype == np.float32
    assert measure(apply_layer(sample.embeddings, trained.weights), trained.test).ordering > 0.85


def test_training_again_gives_the_same_bits(prior):
    samples = [planted("pod", seed=1), planted("node", seed=2)]
    one, other = (train_words(samples, prior, TrainingConfig()) for _ in range(2))
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


def test_one_poisonous_word_fails_alone(prior):
    good = planted("pod", seed=3)
    few = planted("few", n=10)
    same = WordSample("same", *(np.repeat(getattr(good, n)[:1], 60, 0) for n in ("keys", "embeddings", "role")),
                      np.zeros(0, np.int64), np.zeros((0, WIDTH), np.float32))  # fmt: skip
    broken = planted("nan", seed=4)
    broken.embeddings[3, 3] = np.nan
    outcomes = train_words([few, good, same, broken], prior, TrainingConfig())
    assert isinstance(outcomes[1], TrainedWord)
    errors = [outcomes[i].error for i in (0, 2, 3)]
    assert [type(e) for e in errors] == [TooFewSentencesError, NoTripletsError, NonFiniteError]
    assert "10 sentences found, 25 required" in str(errors[0])
    (alone,) = train_words([good], prior, TrainingConfig())
    np.testing.assert_allclose(alone.weights, outcomes[1].weights, atol=1e-4)


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
