"""A copy has what is its owner's to the bit, and vectors that this service makes anew."""

import numpy as np

from minicoil.sparse.cells import SparseVector
from tasks.adoption.copying import same_vectors


def test_equal_to_the_bit_but_for_the_length_that_an_engine_sets():
    left, right = np.array([0.6, 0.8], np.float32), np.array([0.6000001, 0.8], np.float32)
    assert same_vectors({"a": left}, {"a": right}, cosine=("a",)) and not same_vectors({"a": left}, {"a": right})
    assert not same_vectors({"a": left}, {})
    one, other = (
        SparseVector(np.array([3, 1]), np.array([1, 2], np.float32)),
        SparseVector(np.array([1, 3]), np.array([2, 1], np.float32)),
    )
    assert same_vectors({"s": one}, {"s": other})
    empty = SparseVector(np.zeros(0, np.int32), np.zeros(0, np.float32))
    assert same_vectors({"s": empty}, {}) and not same_vectors({"s": one}, {"s": empty})
