import numpy as np
from hypothesis import given, strategies as st

from minicoil.keys import key_runs
from minicoil.keys.key_runs import KeyRuns

KEYS = st.integers(0, 2**64 - 1) | st.integers(0, 20)


@given(st.lists(st.lists(KEYS, max_size=30), max_size=12))
def test_it_answers_as_a_set_of_integers_does(arrays):
    found, expected = KeyRuns(), set()
    for keys in arrays:
        new = found.add(np.asarray(keys, np.uint64))
        for key, is_new in zip(keys, new.tolist(), strict=True):
            assert is_new == (key not in expected)
            expected.add(key)
        assert len(found) == len(expected)
    asked = np.asarray([key for keys in arrays for key in keys] + [21, 22], np.uint64)
    assert found.contain(asked).tolist() == [key in expected for key in asked.tolist()]
    assert found.sorted_keys().tolist() == sorted(expected) and found.sorted_keys().dtype == np.uint64


def test_runs_that_are_large_are_merged_no_more_and_stay_right(monkeypatch):
    monkeypatch.setattr(key_runs, "_LARGEST", 4000)
    keys = np.random.default_rng(0).integers(0, 2**63, 30_000, dtype=np.uint64)
    found = KeyRuns()
    for start in range(0, len(keys), 500):
        assert found.add(keys[start : start + 500]).all()
    assert 30_000 / 4000 <= len(found._runs) < 20
    assert not found.add(keys).any() and found.contain(keys[::7]).all()
    assert np.array_equal(found.sorted_keys(), np.sort(keys)) and len(found) == len(keys)
