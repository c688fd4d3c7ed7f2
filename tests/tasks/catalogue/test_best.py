"""The best release that a channel served is noted with its questions, and a damaged note is written over."""

import pytest

from tasks.catalogue.best import BestServed, keep_best, list_bests, read_best
from tasks.store.damage import forget_damage, named_damage
from tasks.store.local_store import LocalStore


@pytest.fixture
def store(tmp_path):
    forget_damage()
    yield LocalStore(tmp_path)
    forget_damage()


def best(release=1, name="production", **documents):
    return BestServed(name=name, release=release, at="2026-01-01", documents=documents)


def test_a_channel_has_one_best_and_the_last_that_was_noted_is_it(store):
    assert read_best(store, "production") is None and list_bests(store) == []
    keep_best(store, best(1, docs=(1, 2)))
    noted = keep_best(store, best(2, docs=(7, "0d000000-0000-0000-0000-000000000000")))
    assert read_best(store, "production") == noted == best(2, docs=(7, "0d000000-0000-0000-0000-000000000000"))
    keep_best(store, best(5, "staging"))
    assert [(found.name, found.release) for found in list_bests(store)] == [("production", 2), ("staging", 5)]


@pytest.mark.parametrize("data", [b"", b"{", b'{"name": "production", "release": 0, "at": ""}'])
def test_a_damaged_note_is_none_told_once_with_the_way_out_and_written_over(store, data):
    store.write("best/production.json", data)
    keep_best(store, best(3, "staging"))
    for _ in range(2):
        assert read_best(store, "production") is None and [found.release for found in list_bests(store)] == [3]
    (said,) = named_damage()
    assert "the note of the best release of channel 'production'" in said.message
    assert said.message.endswith("delete best/production.json: the release that is served then counts as the best")
    assert keep_best(store, best(4)).release == read_best(store, "production").release == 4


def test_a_note_under_another_channels_name_is_no_note_of_it(store):
    keep_best(store, best(3, "staging"))
    store.write("best/production.json", store.read("best/staging.json"))
    assert read_best(store, "production") is None
    assert "is damaged: it is that of channel 'staging'" in named_damage()[0].message
