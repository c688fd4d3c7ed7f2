"""Places of keys, in the memory of two arrays."""

import random
import tracemalloc

from minicoil.keys.key_places import KeyPlaces


def test_every_key_keeps_the_place_it_was_given_last(monkeypatch):
    monkeypatch.setattr("minicoil.keys.key_places._RECENT", 64)
    monkeypatch.setattr("minicoil.keys.key_places._LONGEST_RUN", 512)
    rng = random.Random(3)
    places, expected = KeyPlaces(), {}
    for place in range(5000):
        key = rng.getrandbits(64) if place % 2 else rng.choice([*expected, 0, 2**64 - 1])
        places.put(key, place)
        expected[key] = place
    assert len(places) == len(expected)
    assert all(places.find(key) == place for key, place in expected.items())
    assert places.find(12345) is None and len(places._runs) > 3


def test_a_quarter_of_a_million_keys_take_sixteen_bytes_each():
    rng = random.Random(3)
    tracemalloc.start()
    places = KeyPlaces()
    for place in range(250_000):
        places.put(rng.getrandbits(64), place)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 250_000 * 16 + 12 * 2**20  # the last ones wait in a dictionary
