"""A layer is measured on triplets it never saw, and serves or replaces another only where it is better than noise."""

import numpy as np
import pytest
from planted_words import planted

from minicoil.config import GateConfig, TripletConfig
from minicoil.training.triplets import Triplets, sample_triplets
from minicoil.training.validation import Accuracies, Verdict, apply_layer, judge_new, judge_retrained, measure


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


def test_a_layer_is_the_tangent_of_a_product_in_float32():
    found = apply_layer(np.array([[1.0, 2.0]]), np.array([[0.5], [0.25]]))
    assert found.dtype == np.float32 and found.tolist() == [[pytest.approx(np.tanh(1.0))]]


def test_length_of_vectors_says_nothing_and_the_interval_draws_anchors():
    vectors = np.float32([[2, 0], [3, 0.3], [0, 9], [0, 1], [0.2, 5]])
    rows = np.array([[0, 1, 2], [0, 1, 4], [3, 0, 2]])  # anchor 0 is right twice, anchor 3 wrong once
    found = measure(vectors, Triplets(rows, np.float32([0.9, 0.9, 0.1])))
    assert found.ordering == pytest.approx(2 / 3) and found.correct.tolist() == [True, True, False]
    assert found.n_triplets == 3 and found.interval == (0.0, 1.0)  # two anchors, each of which may be drawn twice
    scaled = measure(vectors * np.float32([[1], [100], [0.01], [7], [3]]), Triplets(rows, np.float32([0.9, 0.9, 0.1])))
    assert (scaled.ordering, scaled.margin) == (found.ordering, found.margin)


def accuracies(ordering, n=100):
    return Accuracies(ordering, 0.0, (0.0, 1.0), n, np.arange(n) < round(ordering * n))


def test_why_a_new_word_serves_or_stays_on_bm25_is_said_with_its_figures():
    gate = GateConfig()
    few, weak, good = (
        judge_new("pod", found, n, gate)
        for found, n in ((accuracies(0.9), 29), (accuracies(0.59), 100), (accuracies(0.6), 100))
    )
    assert few == Verdict("pod", "kept_bm25", "29 held-out triplets pass the margin, 30 are needed: one meaning here")
    assert weak == Verdict("pod", "kept_bm25", "held-out ordering 0.590 is under 0.60")
    assert good == Verdict("pod", "accepted", "held-out ordering 0.600 on 100 triplets")


def test_why_a_retrained_layer_stays_away_is_said_with_its_figures():
    rows = np.stack([np.arange(100), np.arange(100) + 1, np.arange(100) + 2], axis=1)
    triplets = Triplets(rows, np.zeros(100, np.float32))

    def judge(old, new, of=triplets):
        return judge_retrained("pod", accuracies(old), accuracies(new), of, GateConfig())

    few = Triplets(rows[:29], np.zeros(29, np.float32))
    short = judge_retrained("pod", accuracies(0.5, 29), accuracies(0.9, 29), few, GateConfig())
    assert short == Verdict("pod", "unchanged", "29 held-out triplets are too few to compare with the old layer")
    floor = "held-out ordering 0.300 -> 0.590, under the floor of 0.60: the old layer stays"
    assert judge(0.3, 0.59) == Verdict("pod", "unchanged", floor)
    noise = "held-out ordering 0.700 -> 0.700: no gain beyond noise, the old layer stays"
    assert judge(0.7, 0.7) == Verdict("pod", "unchanged", noise)
    assert judge(0.7, 0.9) == Verdict("pod", "improved", "held-out ordering 0.700 -> 0.900")
