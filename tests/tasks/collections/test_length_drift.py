"""Whether texts are still as long as the mean that vectors are made with, told only where it is more than chance."""

import pytest
from small_service import index, serve

from tasks.catalogue.registry import open_record, update_collection
from tasks.collections.length_drift import LengthDrift, measure_drift
from tasks.documents.lengths import TextLengths
from tasks.points import Point


@pytest.mark.parametrize(
    ("mean", "deviation", "n", "much"),
    [
        (10.0, 5.0, 400, False),
        (12.0, 5.0, 400, False),  # a fifth exactly
        (12.1, 5.0, 400, True),
        (7.9, 5.0, 400, True),
        (12.1, 5.0, 4, False),  # so few texts may be that long by chance
        (13.0, 0.0, 1, True),
    ],
)
def test_a_drift_is_much_where_it_is_a_fifth_and_no_chance(mean, deviation, n, much):
    drift = LengthDrift("docs", 10.0, TextLengths(mean, deviation, n, 10**6 if n > 1 else 1))
    assert drift.is_much is much and drift.row()["is_much"] is much


def test_what_it_says_and_what_renews_it():
    lengths = TextLengths(15.25, 10.0, 400, 1_000_000)
    drift = LengthDrift("docs", 10.0, lengths, 0.876)
    assert drift.command == "minicoil rebuild docs docs-2 --avg-len 15.25"
    assert drift.message == (
        "its texts have 15.2 +- 0.5 words (400 were counted), and its vectors are made for avg_len 10.0; 88% of the "
        "first ten results stay the same with it"
    )
    assert "stay the same" not in LengthDrift("docs", 10.0, lengths).message
    assert drift.row() == {"fixed": 10.0, **lengths.row(), "overlap": 0.876, "is_much": True}


@pytest.fixture
def points(place):
    with place.points() as embedded:
        yield embedded


def test_texts_that_grew_are_found_and_the_overlap_is_asked_for_then_only(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:40])
    record = open_record(place.objects(), "docs")
    same = measure_drift(place, points, record)
    assert same.lengths.mean == same.fixed == record.avg_len and not same.is_much and same.overlap is None
    long = " ".join(texts[:8])
    points.upsert("docs", [Point(i, {"text": f"{long} {i}"}) for i in range(40)])
    grown = measure_drift(place, points, record)
    assert grown.is_much and grown.lengths.mean > 2 * grown.fixed and 0 <= grown.overlap <= 1
    assert grown.lengths.n_sampled == grown.lengths.n_texts == 80


def test_a_collection_whose_texts_are_not_at_hand_has_no_drift(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:5])
    record = update_collection(
        place.objects(), "docs", lambda found: found.model_copy(update={"text": "{absent}", "corpus": ()})
    )
    assert measure_drift(place, points, record) is None
    joined = record.model_copy(update={"corpus": ("nowhere.jsonl",), "attached_at": 1})
    assert measure_drift(place, points, joined) is None  # nobody joined it here
