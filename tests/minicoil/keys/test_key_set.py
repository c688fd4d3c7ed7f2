import tracemalloc

import numpy as np
from hypothesis import given, strategies as st

from minicoil.keys.key_set import KeySet


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 20) | st.integers(2**10 - 3, 2**10 + 3)))
def test_it_answers_as_a_set_of_integers_does(keys):
    found, expected = KeySet(), set()
    for key in keys:
        assert (key in found) == (key in expected)
        assert found.add(key) == (key not in expected)
        expected.add(key)
    assert len(found) == len(expected)
    assert found.sorted_keys().tolist() == sorted(expected) and found.sorted_keys().dtype == np.uint64


def test_it_stays_right_while_it_grows_and_takes_a_third_of_what_a_set_takes():
    keys = np.random.default_rng(0).integers(1, 2**63, 100_000, dtype=np.uint64)

    def measure(make):
        tracemalloc.start()
        kept = make()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return kept, size

    def fill():
        found = KeySet()
        for key in keys.tolist():
            found.add(key)
        return found

    (found, ours), (_, theirs) = measure(fill), measure(lambda: set(keys.tolist()))
    assert np.array_equal(found.sorted_keys(), np.unique(keys))
    assert all(key in found for key in keys[:1000].tolist())
    assert ours <= 24 * len(keys) + 10_000 and 3 * ours < theirs
