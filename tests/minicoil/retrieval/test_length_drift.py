"""The effect of a mean length on rankings, on texts small enough to see it."""

import numpy as np

from minicoil.config import Bm25Config
from minicoil.retrieval.length_drift import overlap_of_rankings


def make_texts(n=300):
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(60)]
    return [[words[i] for i in rng.zipf(1.4, size=rng.integers(4, 60)) % 60] for _ in range(n)]


def test_the_same_mean_length_moves_nothing():
    assert overlap_of_rankings(make_texts(), Bm25Config(1.2, 0.75, 20.0), 20.0) == 1.0


def test_the_further_away_the_more_results_change():
    texts, fixed = make_texts(), Bm25Config(1.2, 0.75, 20.0)
    near, far = (overlap_of_rankings(texts, fixed, avg_len) for avg_len in (22.0, 200.0))
    assert 1.0 >= near > far > 0.0


def test_without_length_in_it_nothing_can_move():
    assert overlap_of_rankings(make_texts(), Bm25Config(1.2, 0.0, 20.0), 500.0) == 1.0


def test_texts_too_short_for_a_query_say_nothing():
    assert overlap_of_rankings([["a"], []], Bm25Config(), 5.0) == 1.0
