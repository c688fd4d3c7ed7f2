"""Every word gets a verdict with its figures: a good layer serves, a bad one does not, and a failure costs itself alone."""

from dataclasses import replace

import numpy as np
import pytest
from planted_words import WIDTH, planted, planted_parent

from minicoil.config import GateConfig, SamplingConfig, TripletConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError
from minicoil.training import Prior, TrainedWord, TrainingFailure, principal_components, sample_triplets, split_rows
from tasks.training.judging import Judge

NOWHERE = np.zeros(0, np.uint64)


@pytest.fixture(scope="module")
def sample():
    return planted("pod", n=400, seed=3)


@pytest.fixture(scope="module")
def prior(sample):
    components = principal_components(sample.role, 24)
    return Prior(components, np.zeros((WIDTH, WIDTH), np.float32), np.zeros((WIDTH, 24), np.float32), 1)


@pytest.fixture(scope="module")
def good(sample, prior):
    """A layer by least squares of the role model's directions: no training is needed to be better than noise."""
    target = sample.role @ prior.components[:, :4]
    layer = np.linalg.lstsq(sample.embeddings, target - target.mean(axis=0), rcond=1e-2)[0]
    return layer.astype(np.float32)


NOISE = (0.02 * np.random.default_rng(0).normal(size=(WIDTH, 4))).astype(np.float32)


def outcome(sample, weights):
    split = split_rows(sample.keys, SamplingConfig())
    test = sample_triplets(sample.role, split.test, TripletConfig(), 5)
    return TrainedWord(sample.word, weights, split, test)


def judge(folder, prior, layers=None, domain=NOWHERE, **gate):
    return Judge(planted_parent(folder, layers or {}), prior, GateConfig(**gate), TripletConfig(), 17, domain)


def test_a_good_layer_of_a_new_word_serves_with_its_figures(tmp_path, sample, prior, good):
    result = judge(tmp_path, prior).judge(outcome(sample, good), sample, 400)
    record = result.record
    assert record.verdict == "accepted" and result.weights is good and record.n_sentences == 400
    low, high = record.interval
    assert 0.6 < low <= record.ordering_accuracy <= high <= 1 and record.old_ordering_accuracy is None
    assert record.n_triplets >= 30 and record.ceiling > 0.5 and record.role_ceiling > record.ordering_accuracy - 0.1
    assert record.reason == f"held-out ordering {record.ordering_accuracy:.3f} on {record.n_triplets} triplets"


def test_a_layer_that_sees_noise_does_not_serve(tmp_path, sample, prior):
    result = judge(tmp_path, prior, min_ordering=0.9).judge(outcome(sample, NOISE), sample, 400)
    assert result.record.verdict == "kept_bm25" and result.weights is None
    assert "is under 0.90" in result.record.reason and result.record.ordering_accuracy < 0.9


def test_a_known_word_is_held_against_the_layer_it_has(tmp_path, sample, prior, good):
    better = judge(tmp_path, prior, {"pod": NOISE}).judge(outcome(sample, good), sample, 400)
    assert better.record.verdict == "improved" and better.weights is good
    assert better.record.old_ordering_accuracy < better.record.ordering_accuracy
    (tmp_path / "same").mkdir()
    same = judge(tmp_path / "same", prior, {"pod": good}).judge(outcome(sample, good), sample, 400)
    assert same.record.verdict == "unchanged" and same.weights is None
    assert same.record.old_ordering_accuracy == same.record.ordering_accuracy


def test_a_known_word_is_compared_where_it_may_have_changed_and_elsewhere_with_too_little_of_that(
    tmp_path, sample, prior, good
):
    trained = outcome(sample, good)
    here = np.sort(sample.keys[trained.split.test])
    few = here[:3]
    on_all = judge(tmp_path, prior, {"pod": NOISE}, domain=few).judge(trained, sample, 400).record
    (tmp_path / "here").mkdir()
    on_domain = judge(tmp_path / "here", prior, {"pod": NOISE}, domain=here[: len(here) // 2])
    assert on_all.n_triplets == len(trained.test)
    record = on_domain.judge(trained, sample, 400).record
    assert record.n_triplets >= 30 and record.old_ordering_accuracy != on_all.old_ordering_accuracy


@pytest.mark.parametrize(
    ("error", "new", "known"),
    [
        (TooFewSentencesError("12 sentences found"), "kept_bm25", "unchanged"),
        (NoTripletsError("one meaning"), "kept_bm25", "unchanged"),
        (NonFiniteError("NaN"), "failed", "unchanged"),  # a known word keeps the layer it has
    ],
)
def test_a_word_that_cannot_be_trained_is_told_why_and_costs_itself_alone(tmp_path, sample, prior, error, new, known):
    failure = TrainingFailure(sample.word, error)
    for name, layers, verdict in (("new", {}, new), ("known", {"pod": NOISE}, known)):
        (tmp_path / name).mkdir()
        result = judge(tmp_path / name, prior, layers).judge(failure, sample, 400)
        assert (result.record.verdict, result.record.reason, result.weights) == (verdict, str(error), None)
        assert result.record.n_sentences == 400 and result.record.ordering_accuracy is None


def test_sentences_in_which_the_tokenizer_hides_the_word_are_told_from_too_few(tmp_path, prior):
    hidden = planted("hidden", n=8)
    failure = TrainingFailure("hidden", TooFewSentencesError("8 sentences found, 25 required"))
    told = judge(tmp_path, prior).judge(failure, hidden, 300).record.reason
    assert told == (
        "word 'hidden': 300 sentences found, but the encoder's tokenizer shows it in 8 of them: in 292 it lies beyond "
        "the encoder's limit or is part of another token; split long sentences, or give a corpus that writes it as a "
        "word of its own"
    )
    assert judge(tmp_path, prior).judge(failure, hidden, 16).record.reason == "8 sentences found, 25 required"
    nan = TrainingFailure("hidden", NonFiniteError("NaN"))
    assert judge(tmp_path, prior).judge(nan, hidden, 300).record.reason == "NaN"


def test_the_same_inputs_get_the_same_verdict(tmp_path, sample, prior, good):
    first, second = (judge(tmp_path, prior).judge(outcome(sample, good), sample, 400).record for _ in range(2))
    assert first == second
    other = replace(judge(tmp_path, prior), seed=18).judge(outcome(sample, good), sample, 400).record
    assert other.ordering_accuracy == first.ordering_accuracy  # the seed draws intervals, and changes no figure
