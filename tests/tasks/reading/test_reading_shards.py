"""Shards of a reading say all that a worker needs, the same ones every time, and do nothing twice."""

import json
from dataclasses import fields

import pytest

from minicoil.errors import StoreError
from tasks.corpus.pieces import Piece
from tasks.place import Place
from tasks.reading import reading_shards
from tasks.reading.counting import CountingRun
from tasks.reading.reading_shards import cut_counting, cut_splitting, read_shard

SCOPE = "reading/0123456789ab/"
PIECES = [Piece(f"corpus-{number}") for number in range(7)]


@pytest.fixture
def place(tmp_path):
    return Place.at(tmp_path / "home")


def said(place, key):
    return json.loads(place.objects().read(key))


@pytest.mark.parametrize("n_shards", [None, 1, 3, 7, 50])
def test_every_piece_is_in_one_shard_and_there_are_at_most_so_many(place, n_shards):
    keys = cut_splitting(place.objects(), SCOPE, PIECES, n_shards)
    assert len(set(keys)) == len(keys) == min(n_shards or 7, 7)
    assert all(key.startswith(f"{SCOPE}shards/") for key in keys)
    rows = [row for key in keys for row in said(place, key)["pieces"]]
    assert sorted(Piece.from_row(row).spec for row in rows) == [piece.spec for piece in PIECES]
    sizes = [len(said(place, key)["pieces"]) for key in keys]
    assert max(sizes) - min(sizes) <= 1
    assert cut_splitting(place.objects(), SCOPE, PIECES, n_shards) == keys  # the same command finds what there is


def test_nothing_to_do_is_no_shard(place):
    assert cut_splitting(place.objects(), SCOPE, [], 3) == cut_splitting(place.objects(), SCOPE, [], None) == []


def test_english_says_nothing_of_its_language_as_shards_always_did(place):
    (english,) = cut_splitting(place.objects(), SCOPE, PIECES, 1)
    (german,) = cut_splitting(place.objects(), SCOPE, PIECES, 1, "de")
    assert "language" not in said(place, english) and said(place, german)["language"] == "de"


@pytest.fixture
def done(monkeypatch):
    """What was asked of pieces; nothing is done."""
    calls = []
    monkeypatch.setattr(
        reading_shards,
        "split_piece",
        lambda place, scope, piece, language: calls.append((scope, piece.spec, language.code)) or 5,
    )
    monkeypatch.setattr(reading_shards, "count_piece", lambda place, run, digest: calls.append((run, digest)) or 3)
    return calls


def test_a_shard_of_splitting_is_done_for_its_reading_and_in_its_language(place, done):
    (key,) = cut_splitting(place.objects(), SCOPE, PIECES[:2], 1, "de")
    answer = read_shard(place, key)
    assert answer["n_sentences"] == 10 and answer.keys() == {"n_sentences", "seconds", "cpu_seconds"}
    assert done == [(SCOPE, "corpus-0", "de"), (SCOPE, "corpus-1", "de")]


def test_a_shard_of_counting_takes_its_run_along(place, done):
    values = {field.name: f"{field.name} of it" for field in fields(CountingRun)}
    run = CountingRun(**{**values, "scope": SCOPE})
    first, second = cut_counting(place.objects(), run, ["d1", "d2", "d3"], 2)
    assert read_shard(place, first)["n_sentences"] == 6 and read_shard(place, second)["n_sentences"] == 3
    assert done == [(run, "d1"), (run, "d3"), (run, "d2")]


@pytest.mark.parametrize(
    "text",
    [
        "{oops",
        "[]",
        "null",
        '{"pieces": []}',
        '{"stage": "other", "pieces": []}',
        '{"stage": "split"}',
        '{"stage": "split", "pieces": [{"spec": "x"}]}',
        '{"stage": "split", "pieces": 3}',
        '{"stage": "split", "pieces": [], "language": "xx"}',
        '{"stage": "split", "pieces": [], "language": 3}',
        '{"stage": "count", "pieces": [], "run": {"strange": 1}}',
        '{"stage": "count", "pieces": []}',
        '{"stage": ["split"], "pieces": []}',
    ],
)
def test_whatever_is_no_shard_is_removed_and_told_and_nothing_is_done(place, done, text):
    key = f"{SCOPE}shards/0123456789abcdef01234567.json"
    place.objects().write(key, text.encode())
    with pytest.raises(StoreError) as told:
        read_shard(place, key)
    assert str(told.value).startswith(f"{place.objects().url}/{key} is damaged (")
    assert place.objects().stat(key) is None and done == []


def test_a_shard_that_is_none_is_removed_and_told(tmp_path):
    place = Place.at(tmp_path / "home")
    key = f"{SCOPE}shards/0123456789abcdef01234567.json"
    for text in ("{oops", '{"stage": "other", "pieces": []}', '{"stage": "count"}', "[]"):
        place.objects().write(key, text.encode())
        with pytest.raises(StoreError, match="is damaged .*; it was removed, run the same command again"):
            read_shard(place, key)
        assert place.objects().stat(key) is None
