import math

import numpy as np
import pytest

from minicoil.retrieval.effectiveness import difference, measure


def test_measures_are_those_one_computes_on_paper():
    relevant = {"a": {"x": 1, "y": 1}, "b": {"z": 1}, "c": {"z": 1}}
    found = measure(relevant, {"a": ["w", "x"], "b": ["z"]})
    ideal = 1 + 1 / math.log2(3)
    np.testing.assert_allclose(found["ndcg@10"], [1 / math.log2(3) / ideal, 1.0, 0.0])
    np.testing.assert_allclose(found["mrr@10"], [0.5, 1.0, 0.0])
    np.testing.assert_allclose(found["recall@100"], [0.5, 1.0, 0.0])  # a query without ranking counts 0


def test_grades_are_gains_in_proportion_and_every_one_above_0_is_relevant():
    relevant = {"a": {"x": 1.0, "y": 0.5}, "b": {"z": 0.25}}
    found = measure(relevant, {"a": ["y", "w", "x"], "b": ["w", "z"]})
    ideal = 1 + 0.5 / math.log2(3)
    np.testing.assert_allclose(found["ndcg@10"], [(0.5 + 1 / math.log2(4)) / ideal, 1 / math.log2(3)])
    np.testing.assert_allclose(found["mrr@10"], [1.0, 0.5])
    np.testing.assert_allclose(found["recall@100"], [1.0, 1.0])


@pytest.mark.parametrize("grades", [(0.123456, 1.0), (3, 10**12), (0.001, 700.5)])
def test_grades_of_any_size_cost_no_memory_and_keep_their_proportions(grades):
    low, high = grades
    found = measure({"q": {"l": low, "h": high}}, {"q": ["l", "h"]})
    expected = (low + high / math.log2(3)) / (high + low / math.log2(3))
    assert found["ndcg@10"][0] == pytest.approx(expected, abs=2e-4)


def test_the_engines_order_decides_not_the_documents_names():
    found = measure({"q": {"a": 1}}, {"q": ["z", "y", "a"]})
    assert found["mrr@10"][0] == pytest.approx(1 / 3)


def test_ids_that_are_equal_up_to_a_zero_byte_do_not_end_the_process():
    ranking = ["d\0a", "d\0b"]
    found = measure({"q\0one": {"d\0a": 1}, "q\0two": {"d\0b": 1}}, {"q\0one": ranking, "q\0two": ranking})
    assert found["mrr@10"].tolist() == [1.0, 0.5]


def test_an_interval_holds_the_mean_and_is_wider_where_queries_come_in_groups():
    rng = np.random.default_rng(1)
    per_group = rng.normal(0.05, 0.1, 20)
    one = np.repeat(per_group, 10) + rng.normal(0, 0.01, 200)
    alone, grouped = (
        difference(one, np.zeros(200)),
        difference(one, np.zeros(200), groups=np.repeat(np.arange(20), 10).astype(str).tolist()),
    )
    assert alone.low < alone.mean < alone.high and alone.n == 200
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert difference(np.zeros(0), np.zeros(0)).n == 0
