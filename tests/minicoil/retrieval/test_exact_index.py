import math

import numpy as np

from minicoil.retrieval.exact_index import ExactIndex, best, inverse_frequency
from minicoil.sparse.cells import SparseVector


def vector(**cells):
    return SparseVector(np.asarray([int(c[1:]) for c in cells], np.int32), np.asarray(list(cells.values()), np.float32))


def test_idf_is_qdrants_formula():
    assert math.isclose(inverse_frequency(3, np.array([2]))[0], math.log(1 + 1.5 / 2.5))
    assert inverse_frequency(10, np.array([10]))[0] > 0


def test_a_score_is_the_sum_over_shared_cells():
    index = ExactIndex([vector(c1=2.0), vector(c1=1.0, c5=-1.0), vector(c9=3.0)])
    scores, matched = index.contribution(vector(c1=1.0, c5=0.5))
    once, twice = math.log(1 + 2.5 / 1.5), math.log(1 + 1.5 / 2.5)
    np.testing.assert_allclose(scores, [2 * twice, twice - 0.5 * once, 0.0])
    assert matched.tolist() == [True, True, False]


def test_documents_that_share_no_cell_are_never_found_and_equals_keep_their_order():
    index = ExactIndex([vector(c1=1.0), vector(c2=1.0), vector(c1=1.0), vector(c1=2.0)])
    assert index.search(vector(c1=1.0), 10).places.tolist() == [3, 0, 2]
    assert index.search(vector(c1=1.0), 2).places.tolist() == [3, 0]
    assert index.search(vector(c7=1.0), 10).places.tolist() == []
    assert ExactIndex([]).search(vector(c1=1.0), 10).places.tolist() == []


def test_a_score_of_zero_or_below_is_still_a_match():
    assert best(np.array([-1.0, 0.0, 5.0]), np.array([True, True, False]), 5).places.tolist() == [1, 0]
