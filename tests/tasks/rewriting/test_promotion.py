"""A release is served only when every collection holds its cells, and the one before can be gone back to until it is not."""

import time

import pytest
from promotions import affected_ids, check_against_encoding_anew, contents, index, publish_sibling, serve, stored

from minicoil.errors import BusyError, CollectionError, ConflictError, ReleaseError, UsageError
from tasks.catalogue.channels import read_channel
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.collections.searching import search_collection
from tasks.readers.readers import announce_reader, withdraw_reader
from tasks.rewriting import promotion
from tasks.rewriting.promotion import contract_channel, plan_promotion, promote, roll_back_channel
from tasks.rewriting.reencoding import CollectionChange


def test_a_plan_counts_and_shows_without_writing(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    before = stored(points)
    (row,) = plan_promotion(place, "production", 2)
    assert row["n_affected"] == len(affected_ids(place, before, 1, 2)) and row["n_rewritten"] == 0
    assert row["seconds_expected"] > 0
    words = {entry["word"]: entry for entry in row["words"]}
    assert {"pod", "graph", "cat", "shard", "lock"} <= words.keys()
    assert words["shard"]["n_points"] == sum("shards" in text for text in texts)
    assert all("pod" in text for text in words["pod"]["examples"]) and words["pod"]["examples"]
    assert all(now.payload == before[i].payload for i, now in stored(points).items())


def test_a_rolled_back_channel_can_grow_again_and_take_the_release_again(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    assert roll_back_channel(place, "production")["release"] == 1
    assert search_collection(place, "docs", "pods", 3)["release"] == 1
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 1)
    assert promote(place, "production", 2)["collections"][0]["n_rewritten"] > 0
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 2)
    promote(place, "production", 1)  # back after contraction: re-encodes
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 1)


def test_a_promotion_after_a_rollback_keeps_what_is_served(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    roll_back_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (2, 1)
    promote(place, "production", 3)  # grew from 2, but 1 is what searches use: its cells must stay
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (3, 1)
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 3)


def test_cells_stay_while_an_announced_reader_serves_them(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    reader = announce_reader(place.objects(), "host-1", "production", 1)
    with pytest.raises(BusyError, match="release 1 is still read by host-1"):
        contract_channel(place, "production")
    with pytest.raises(BusyError, match="release 1 is still read by host-1"):
        promote(place, "production", 3)
    assert read_collection_record(place.objects(), "docs").previous == 1
    withdraw_reader(place.objects(), reader.name)
    assert promote(place, "production", 3)["promoted"]


def test_the_grace_period_counts_from_the_move(place, points, monkeypatch):
    serve(place, 1)
    index(place, points, ["pods"])
    assert not promotion.is_grace_over(place, "production", 0)
    promote(place, "production", 2)
    assert promotion.is_grace_over(place, "production", 0) and not promotion.is_grace_over(place, "production", 1)
    now = time.time()
    monkeypatch.setattr(promotion.time, "time", lambda: now + 3601)
    assert promotion.is_grace_over(place, "production", 1)


def test_a_release_of_another_branch_is_refused_before_anything_is_announced(place, points, texts, tmp_path):
    serve(place, 1)
    index(place, points, texts)
    sibling = publish_sibling(place, tmp_path)
    promote(place, "production", 2)
    before = contents(points)
    with pytest.raises(
        CollectionError, match=f"release 2, which release {sibling} did not grow from; run the extension"
    ):
        promote(place, "production", sibling)
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending) == (2, None) and contents(points) == before
    assert promote(place, "production", 3)["promoted"]


def test_stamps_of_another_service_are_refused(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:20])
    points.set_payload("docs", list(stored(points))[:3], {STAMP_FIELD: 77})
    with pytest.raises(CollectionError, match="3 points are stamped with releases that this channel never had"):
        promote(place, "production", 2)


def test_without_a_release_before_there_is_no_way_back(place):
    serve(place, 1)
    with pytest.raises(ReleaseError):
        roll_back_channel(place, "production")
    assert read_channel(place.objects(), "production").current == 1


def test_a_promotion_that_nobody_began_needs_no_end(place, points):
    serve(place, 1)
    assert promotion.finish_pending(place, "production") is None


def test_a_promotion_that_was_interrupted_is_brought_to_its_end(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts[:30])
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(promotion, "move_current", lambda *a: (_ for _ in ()).throw(InterruptedError))
        promote(place, "production", 2)
    assert read_channel(place.objects(), "production").pending == 2
    with pytest.raises(UsageError, match="'production' is being moved to release 2; finish that first"):
        contract_channel(place, "production")
    answer = promotion.finish_pending(place, "production")
    assert answer["promoted"] and read_channel(place.objects(), "production").current == 2


def test_the_channel_moves_when_the_last_of_its_collections_is_expanded(place, points, texts):
    serve(place, 1)
    for name in ("docs", "more"):
        index(place, points, texts[:20], name)
    first = promote(place, "production", 2, ["more"])
    assert (first["promoted"], first["behind"]) == (False, ["docs"])
    assert read_channel(place.objects(), "production").current == 1
    second = promote(place, "production", 2, ["docs"])
    assert (second["promoted"], second["behind"]) == (True, [])


def test_a_release_that_is_none_and_a_channel_that_moved_change_nothing(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:10])
    before = contents(points)
    with pytest.raises(ReleaseError, match="77"):
        promote(place, "production", 77)
    with pytest.raises(ConflictError):
        promote(place, "production", 2, grown_from=3)
    assert contents(points) == before and read_channel(place.objects(), "production").pending is None


def test_a_collection_that_is_not_registered_any_more_has_no_report(place, points):
    with pytest.raises(CollectionError, match="^collection 'gone' is not registered any more$"):
        promotion.report_collection(place, "gone", "expand", CollectionChange("gone"))
