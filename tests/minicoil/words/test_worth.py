"""Which words are worth their points: an order in which shared points are paid for once."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minicoil.words.worth import Spread, expected_gain, frontier_prefixes, order_by_worth, words_within


def spread_of(points_of, n_points, weight=1.0):
    pairs = [(word, point) for word, points in enumerate(points_of) for point in sorted(points)]
    words, points = (np.asarray(column, np.int64) for column in zip(*pairs, strict=True)) if pairs else ([], [])
    return Spread(np.asarray(words, np.int64), np.asarray(points, np.int64), np.full(n_points, weight))


def test_a_gain_grows_with_each_of_its_factors_and_is_never_negative():
    least = expected_gain(0.01, 2.0, 0.05)
    assert expected_gain(0.02, 2.0, 0.05) == pytest.approx(2 * least)
    assert expected_gain(0.01, 4.0, 0.05) > least and expected_gain(0.01, 2.0, 0.1) > least > 0
    assert expected_gain(0.01, 2.0, -0.1) == 0


def test_words_come_by_gain_per_point_and_one_whose_points_are_paid_for_is_free():
    spread = spread_of([{0, 1, 2, 3}, {4}, {0, 1}, {5, 6}], 7)
    # word 1: 2 a point; word 0: 1 a point, after which word 2 is free; word 3: half a point
    assert order_by_worth([4.0, 2.0, 0.1, 1.0], spread) == [1, 0, 2, 3]


def test_what_must_come_first_does_and_makes_its_points_free():
    spread = spread_of([{0}, {0, 1, 2, 3}, {1, 2}], 4)
    assert order_by_worth([5.0, 0.0, 1.0], spread) == [0, 2, 1]
    assert order_by_worth([5.0, 0.0, 1.0], spread, first=[1]) == [1, 0, 2]


def test_points_are_counted_once_and_a_word_that_is_too_much_makes_way():
    spread = spread_of([{0, 1}, {1, 2, 3, 4}, {0}, {2}], 5)
    assert words_within([0, 1, 2, 3], spread, 3) == [0, 2, 3]  # {0, 1} and {2}; the sum would be 4
    assert words_within([0, 1, 2, 3], spread, 5) == [0, 1, 2, 3]
    assert words_within([0, 1, 2, 3], spread, 0) == []


def test_a_drawn_point_stands_for_several():
    assert words_within([0, 1], spread_of([{0}, {1}], 2, weight=10.0), 19) == [0]


def test_prefixes_show_the_whole_order_and_where_most_of_the_gain_is():
    spread = spread_of([{n} for n in range(50)], 50)
    gains = [40.0, *[0.2] * 49]
    found = frontier_prefixes(list(range(50)), gains, spread)
    assert found[0] == 1 and found[-1] == 50 and 10 <= len(found) <= 12
    assert frontier_prefixes([], [], spread_of([], 0)) == []


@given(st.lists(st.tuples(st.floats(0, 10), st.sets(st.integers(0, 11), max_size=12)), min_size=1, max_size=10))
def test_every_word_is_in_the_order_once_and_the_first_has_the_best_rate(words):
    gains, points_of = [gain for gain, _ in words], [points for _, points in words]
    spread = spread_of(points_of, 12)
    order = order_by_worth(gains, spread)
    assert sorted(order) == list(range(len(words)))

    def rate(word):
        return gains[word] / len(points_of[word]) if points_of[word] else np.inf

    assert rate(order[0]) == pytest.approx(max(map(rate, range(len(words)))))
    most = len(set().union(*points_of))
    assert words_within(order, spread, most) == order
    within = words_within(order, spread, most / 2)
    assert len(set().union(*(points_of[word] for word in within))) <= most / 2
    assert set(frontier_prefixes(order, gains, spread)) <= set(range(1, len(words) + 1))
