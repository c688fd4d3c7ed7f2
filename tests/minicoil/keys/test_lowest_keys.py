import numpy as np
import pytest
from hypothesis import given, strategies as st

from minicoil.keys import lowest_keys
from minicoil.keys.lowest_keys import LowestKeys


@pytest.mark.parametrize("waiting", [0, 7, 10**6])
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=20), max_size=8), st.integers(1, 5))
def test_they_are_the_lowest_of_all_that_were_put_in(waiting, batches, most):
    before, lowest_keys._WAITING = lowest_keys._WAITING, waiting
    try:
        lowest = LowestKeys(4, most)
        for batch in batches:
            lowest.add(np.array([w for w, _ in batch], np.int32), np.array([k for _, k in batch], np.uint64))
        for word in range(4):
            expected = sorted({key for batch in batches for owner, key in batch if owner == word})[:most]
            assert lowest.of(word).tolist() == expected and lowest.of(word).dtype == np.uint64
    finally:
        lowest_keys._WAITING = before
