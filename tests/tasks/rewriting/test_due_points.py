"""How many points wait is counted without writing one, exactly where that is quick, and else as at least so many."""

import pytest
from promotions import affected_ids, index, serve, stored

from tasks.catalogue.channels import set_pending
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import read_collection_record, update_collection
from tasks.points import Point
from tasks.rewriting import due_points
from tasks.rewriting.due_points import DuePoints, claim_unused_number, count_due


@pytest.fixture
def filled(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:60])
    return read_collection_record(place.objects(), "docs")


def test_nothing_is_due_where_every_point_is_as_its_release_says(place, points, filled):
    assert count_due(place, points, filled, None) == DuePoints(60)
    assert DuePoints(60).row()["is_exact"] is True


def test_what_strangers_wrote_and_what_a_promotion_will_change_is_due(place, points, filled):
    n_pending = len(affected_ids(place, stored(points), 1, 2))
    points.upsert("docs", [Point(i, {"text": f"a stranger's pods {i}"}, {}) for i in range(4)])
    before = {i: point.payload for i, point in stored(points).items()}
    found = count_due(place, points, filled, None)
    assert (found.n_points, found.n_due, found.n_pending) == (64, 4, 0)
    set_pending(place.objects(), "production", 2, 1)
    found = count_due(place, points, filled, 2)
    assert (found.n_due, found.n_pending) == (4 + n_pending, n_pending) and n_pending > 10 and found.is_exact
    assert {i: point.payload for i, point in stored(points).items()} == before  # nothing was written
    assert count_due(place, points, filled, 1).n_pending == 0  # what it can be read with already


def test_where_there_was_no_time_it_is_at_least_so_many(place, points, filled, monkeypatch):
    monkeypatch.setattr(due_points, "MOST_TEXTS", 1)
    found = count_due(place, points, filled, 2)
    assert not found.is_exact and 0 < found.n_due <= len(affected_ids(place, stored(points), 1, 2))
    monkeypatch.setattr(due_points, "MOST_TEXTS", 10**6)
    monkeypatch.setattr(due_points, "MOST_SECONDS", -1.0)
    assert not count_due(place, points, filled, 2).is_exact


def test_points_of_another_time_are_strange(place, points, filled):
    some = list(stored(points))[:3]
    points.set_payload("docs", some, {STAMP_FIELD: 77})
    assert count_due(place, points, filled, None).n_strange == 3


def test_a_corpus_that_was_not_read_here_is_said_and_nothing_counted(place, points, filled):
    record = update_collection(
        place.objects(), "docs", lambda found: found.model_copy(update={"corpus": ("absent.jsonl",), "join": "id"})
    )
    found = count_due(place, points, record, 2)
    assert (found.n_points, found.n_due) == (60, 0)
    assert found.note == (
        "not counted: the texts lie in a corpus that this machine has not read; `minicoil reencode` reads it"
    )


def test_a_number_that_points_are_stamped_with_is_not_given_out_again(place, points, filled):
    """The object store may come back from an older backup than the collections."""
    gone = filled.model_copy(update={"name": "gone"})
    points.set_payload("docs", list(stored(points))[:1], {STAMP_FIELD: 4})
    assert claim_unused_number(place, points, [filled, gone]) == 5
    assert claim_unused_number(place, points, []) == 6
