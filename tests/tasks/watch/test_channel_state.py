"""Where a channel stands, over the embedded engine and Qdrant servers: served, stuck, due, safe or not."""

import contextlib
import time
from datetime import UTC, datetime, timedelta

import pytest
from local_server import share_server
from qdrant_places import KINDS
from small_service import index, serve

from tasks.adoption.detaching import detach_collection
from tasks.catalogue.approvals import hold_release, list_waiting
from tasks.catalogue.channels import read_channel, set_pending
from tasks.catalogue.manifest import release_key
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import open_record, read_registry, update_collection
from tasks.place import Place
from tasks.points import PointFilter
from tasks.readers.confirmation import declare_readers
from tasks.readers.readers import announce_reader
from tasks.rewriting import due_points
from tasks.rewriting.promotion import promote, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions, expand_collection
from tasks.watch.channel_state import Look, channel_status


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


def look(place, points, busy=""):
    registry = read_registry(place.objects())
    state = read_channel(place.objects(), "production")
    return channel_status(
        Look(place, points, busy=busy), state, registry.records, registry.damaged, list_waiting(place.objects())
    )


def as_dict(vector):
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


def kinds(status):
    return [notice.kind for notice in status.notices]


def the(status, kind):
    (notice,) = [notice for notice in status.notices if notice.kind == kind]
    return notice


def test_a_channel_that_is_well_has_nothing_to_say(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    status = look(place, points)
    assert (status.current, status.pending, status.safe, kinds(status)) == (1, None, True, [])
    assert status.since == read_channel(place.objects(), "production").history[-1].at
    (docs,) = status.collections
    assert (docs.name, docs.served, docs.beside) == ("docs", 1, ())
    assert (docs.due.n_points, docs.due.n_due, docs.due.is_exact) == (240, 0, True)


def test_a_promotion_that_stopped_is_interrupted_and_its_points_are_due_but_searches_stay_safe(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    set_pending(place.objects(), "production", 2, 1)
    record = open_record(place.objects(), "docs")
    everything = look(place, points).collections[0].due.n_pending
    expand_collection(place, points, record, 2, ExpansionOptions(part=(0, 2)))
    status = look(place, points)
    notice = the(status, "interrupted")
    assert status.safe and notice.is_alert and notice.command == "minicoil reencode"
    assert "release 2 began" in notice.message and "searches use release 1" in notice.message
    due = status.collections[0].due
    assert 0 < due.n_pending < everything and due.n_due == due.n_pending and due.is_exact
    assert "due" not in kinds(status)  # nobody misses anything by them: the promotion says it
    with_somebody = look(place, points, busy="`minicoil reencode` works here")
    assert kinds(with_somebody) == ["lock"] and "works here" in the(with_somebody, "lock").message
    assert promote(place, "production", 2)["promoted"]
    assert look(place, points).collections[0].due.n_due == 0


def test_points_of_other_writers_are_due_and_the_sweep_takes_them(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    ids = [p.id for p in points.sample("docs", PointFilter(), 7)]
    rows = points.get("docs", ids, vectors=True)
    for row in rows:
        payload = {key: value for key, value in row.payload.items() if key != STAMP_FIELD}
        points.upsert("docs", [type(row)(row.id, payload, row.vectors)])
    status = look(place, points)
    notice = the(status, "due")
    assert "7 of 240 points wait" in notice.message and notice.command == "minicoil reencode docs"
    assert not notice.is_alert  # how long they wait is for whoever looks every hour
    sweep_channel(place, "production")
    assert kinds(look(place, points)) == []


def test_a_look_that_has_no_time_for_all_says_at_least(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts)
    set_pending(place.objects(), "production", 2, 1)
    whole = look(place, points).collections[0].due
    monkeypatch.setattr(due_points, "MOST_TEXTS", 1)
    monkeypatch.setattr("tasks.collections.finding.PAGE", 8)
    part = look(place, points).collections[0].due
    assert whole.is_exact and not part.is_exact and 0 < part.n_due < whole.n_due


def test_a_collection_that_its_owner_deleted_is_unsafe_and_detaching_it_frees_the_channel(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    index(place, points, texts[:20], "others")
    points.drop("docs")
    notice = the(look(place, points), "unsafe")
    assert notice.about == "collection docs" and "deleted or renamed" in notice.message
    assert notice.command == "minicoil detach docs" and not look(place, points).safe
    answer = detach_collection(place, "docs")
    assert answer["channel"] == "production" and look(place, points).safe
    assert promote(place, "production", 2)["promoted"]


def test_stamps_of_releases_that_nobody_had_mean_that_store_and_collection_are_not_of_one_time(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    ids = [p.id for p in points.sample("docs", PointFilter(), 3)]
    points.set_payload("docs", ids, {STAMP_FIELD: 77})
    notice = the(look(place, points), "unsafe")
    assert "3 points are stamped with releases that this channel never had" in notice.message


def test_a_collection_without_the_served_release_is_not_safe(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    serve(place, 2)  # as a store that was restored from another day says
    notice = the(look(place, points), "unsafe")
    assert "has the cells of release 1, and its channel serves 2" in notice.message
    assert notice.command == "minicoil reencode" and look(place, points).collections[0].served == 1


def test_readers_that_say_nothing_and_those_that_follow_are_named(place, points, texts):
    serve(place, 1)
    index(place, points, texts, known=False)
    promote(place, "production", 2)
    notice = the(look(place, points), "readers")
    assert notice.command == "minicoil release readers --ack 1 --collection docs" and not notice.is_alert
    declare_readers(place, "production", known=True)
    assert kinds(look(place, points)) == ["contraction"]
    announce_reader(place.objects(), "web-1", "production", 1)
    notice = the(look(place, points), "readers")
    assert "web-1" in notice.message and notice.command == "minicoil release readers --collection docs"


def test_a_contraction_that_was_stopped_leaves_points_to_be_done(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    update_collection(place.objects(), "docs", lambda found: found.contracted([], 2))  # and nothing of the points
    assert "hold cells of releases that nobody reads" in the(look(place, points), "due").message
    sweep_channel(place, "production")
    assert "due" not in kinds(look(place, points))


def test_a_release_that_waits_for_a_person_says_why_and_an_expired_one_wakes_nobody(place, points, texts):
    serve(place, 1)
    hold_release(place.objects(), "production", 2, ["mean ordering too low"], 14)
    notice = the(look(place, points), "approval")
    assert notice.is_alert and notice.command == "minicoil release promote 2" and "too low" in notice.message
    hold_release(place.objects(), "production", 3, ["too low as well"], -1)
    first, second = [n for n in look(place, points).notices if n.kind == "approval"]
    assert {first.is_alert, second.is_alert} == {True, False}


def test_a_damaged_served_release_is_unsafe_with_the_way_back(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    place.objects().delete(release_key(2, "manifest.json"))
    status = look(place, points)
    assert not status.safe
    assert "minicoil release rollback" in [n.command for n in status.notices if n.kind == "unsafe"]


def test_without_an_engine_everything_else_is_told(place, texts):
    with place.points() as points:
        serve(place, 1)
        index(place, points, texts)
    registry, state = read_registry(place.objects()), read_channel(place.objects(), "production")
    status = channel_status(Look(place, None, "the server does not answer"), state, registry.records, [], [])
    assert (status.current, status.safe) == (1, False)
    assert the(status, "unreachable").message == "the server does not answer"


def test_a_look_writes_nothing(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    set_pending(place.objects(), "production", 2, 1)
    store = place.objects()

    def content():
        rows = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
        vectors = {i: {name: as_dict(vector) for name, vector in p.vectors.items()} for i, p in rows.items()}
        return {i: p.payload for i, p in rows.items()}, vectors, {entry.key: entry.tag for entry in store.list("")}

    before = content()
    look(place, points)
    assert content() == before


def test_the_time_of_a_notice_is_that_of_the_move(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    set_pending(place.objects(), "production", 2, 1)
    at = datetime.fromisoformat(look(place, points).pending_since)
    assert datetime.now(UTC) - at < timedelta(minutes=5) and at.timestamp() <= time.time()


def test_texts_that_became_longer_than_the_collection_was_made_for_are_told_with_the_command(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    fixed = open_record(place.objects(), "docs").avg_len
    (docs,) = look(place, points).collections
    assert docs.drift.fixed == fixed and not docs.drift.is_much and docs.drift.overlap is None
    index(place, points, [f"{text} {texts[i - 1]} {texts[i - 2]} {texts[i - 3]}" for i, text in enumerate(texts)])
    status = look(place, points)
    (drift,) = [entry.drift for entry in status.collections]
    assert drift.lengths.mean > 2 * fixed and 0.0 < drift.overlap < 1.0
    notice = the(status, "drift")
    assert notice.command == f"minicoil rebuild docs docs-2 --avg-len {drift.lengths.mean}" and not notice.is_alert
    assert f"avg_len {fixed:.1f}" in notice.message and "stay the same with it" in notice.message
