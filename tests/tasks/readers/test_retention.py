"""Cells of a release that is not served stay for as long as somebody may ask for them, and it is said for whom."""

from types import SimpleNamespace

import pytest

from tasks.catalogue.channels import move_current, point_back, set_pending
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.place import Place
from tasks.points.engine import EdgeEngine
from tasks.points.records import CollectionSchema, Point
from tasks.readers.readers import announce_reader, register_reader
from tasks.readers.retention import (
    Hold,
    Waiting,
    count_beside,
    find_waiting,
    has_known_readers,
    name_releases,
    waiting_rows,
)

SERVER, HOME = SimpleNamespace(is_shared=True), SimpleNamespace(is_shared=False)


@pytest.fixture
def place(tmp_path):
    return Place.at(tmp_path / "home", (tmp_path / "store").as_uri())


def record(**values):
    return CollectionRecord(
        name="docs", channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x",
        encoder_digest="0", **{"release": 3, "previous": 2, "kept": (1,), **values},
    )  # fmt: skip


def serve(place, *releases):
    current = None
    for release in releases:
        set_pending(place.objects(), "production", release, current)
        move_current(place.objects(), "production", release)
        current = release


def waits(place, points, **values):
    return find_waiting(place, points, record(**values)).releases


@pytest.mark.parametrize(
    ("readers", "points", "known"),
    [
        (None, HOME, True),  # nobody but this service can search there
        (None, SERVER, False),
        ("known", SERVER, True),
        ("unknown", HOME, False),
    ],
)
def test_readers_of_a_home_are_known_and_of_a_server_where_the_owner_said_so(place, readers, points, known):
    assert has_known_readers(points, record(readers=readers)) is known
    serve(place, 1, 2, 3)
    assert waits(place, points, readers=readers) == ([] if known else [1, 2])


def test_what_was_confirmed_waits_no_more_and_the_served_release_never_does(place):
    serve(place, 1, 2, 3)
    assert waits(place, SERVER, acknowledged=(1,)) == [2]
    assert waits(place, SERVER, acknowledged=(1, 2)) == []
    point_back(place.objects(), "production")  # to 2
    found = find_waiting(place, SERVER, record())
    assert (found.served, found.releases) == (2, [1, 3])


def test_a_release_that_nobody_can_have_yet_is_not_waited_for(place):
    serve(place, 1, 2)
    set_pending(place.objects(), "production", 3, 2)  # expanded for, and not served yet
    assert waits(place, SERVER) == [1]
    move_current(place.objects(), "production", 3)
    point_back(place.objects(), "production")
    assert waits(place, SERVER) == [1, 3]
    set_pending(place.objects(), "production", 3, 2)  # once more: it was given out before
    assert waits(place, SERVER) == [1, 3]


def test_the_empty_model_is_read_by_somebody_only_where_points_came_with_it(place):
    serve(place, 1)
    assert waits(place, SERVER, release=1, previous=0, kept=()) == []
    assert waits(place, SERVER, release=1, previous=0, kept=(), attached_at=0) == [0]


def test_readers_of_the_channel_hold_what_they_read_and_of_another_one_do_not(place):
    serve(place, 1, 2, 3)
    for name, channel, release in (("host-1", "production", 2), ("host-2", "production", 3), ("host-3", "staging", 1)):
        announce_reader(place.objects(), name, channel, release)
    register_reader(place.objects(), "shop-api", "production", 1)
    found = find_waiting(place, HOME, record())
    assert found.holds == (Hold(1, (), ("shop-api",), False), Hold(2, ("host-1",), (), False))
    assert found.row()["readers"] == ["host-1", "shop-api"] and not found.row()["unannounced"]


def test_of_a_registered_reader_whose_document_is_damaged_anything_may_be_read(place):
    serve(place, 1, 2, 3)
    place.objects().write("readers/registered/shop-api.json", b"{")
    assert [(hold.release, hold.registered) for hold in find_waiting(place, HOME, record()).holds] == [
        (1, ("shop-api",)),
        (2, ("shop-api",)),
    ]


def test_what_waits_is_said_with_for_whom_and_what_to_do():
    holds = (Hold(1, is_silent=True), Hold(2, ("host-1", "host-2"), ("shop-api",)), Hold(4, is_silent=True))
    waiting = Waiting("docs", "production", 3, holds, 1234)
    assert waiting.message == (
        "collection 'docs': the cells of releases 1 and 4 stay in 1,234 points, because readers that say nothing may "
        "still ask for them. When nobody does: `minicoil release readers --ack 1 --ack 4 --collection docs`; if all "
        "its readers follow the channel or are registered: `minicoil release readers --known --collection docs`. "
        "release 2 is still read by host-1, host-2; its cells stay. Wait until they have moved on or their lease ends "
        "(`minicoil release readers`), or stop them, then run the same command again. "
        "collection 'docs': the cells of release 2 stay for reader 'shop-api'. When it has moved on: `minicoil release "
        "readers --register shop-api --release 3`, or `--unregister shop-api`"
    )
    elsewhere = Waiting("docs", "staging", 3, (Hold(1, is_silent=True),))
    assert "the cells of release 1 stay, because" in elsewhere.message  # nobody counted
    assert "`minicoil release readers --ack 1 --collection docs --channel staging`" in elsewhere.message
    assert Waiting("docs", "production", 3, ()).message == ""


@pytest.mark.parametrize(
    ("releases", "named"), [([1], "release 1"), ([1, 2], "releases 1 and 2"), ([1, 2, 5], "releases 1, 2 and 5")]
)
def test_releases_are_named_as_in_a_sentence(releases, named):
    assert name_releases(releases) == named


def test_points_that_hold_more_than_one_release_are_counted(tmp_path, place, monkeypatch):
    engine = EdgeEngine(tmp_path / "engine")
    engine.ensure("docs", CollectionSchema(sparse=("minicoil",), integer=("mc_union",)))
    unions = [-1, -1, 2, [2, 1], 0, None, []]  # of two without: nothing was ever beside
    engine.upsert("docs", [Point(i, {} if union is None else {"mc_union": union}) for i, union in enumerate(unions)])
    assert count_beside(engine, record()) == 3
    assert count_beside(engine, record(previous=None, kept=())) == 0  # without asking
    engine.close()


class NoEngine:
    """What is never asked for a collection in which nothing is beside."""

    def __call__(self, place):
        raise AssertionError("the engine was opened")


def test_the_engine_is_left_alone_where_nothing_is_beside(place, monkeypatch):
    monkeypatch.setattr(Place, "points", NoEngine())
    register_collection(place.objects(), record(previous=None, kept=()))
    assert waiting_rows(place, "production") == []


@pytest.mark.parametrize("followers", [False, True])
def test_who_moves_on_by_itself_is_told_of_only_where_that_is_asked(tmp_path, place, monkeypatch, followers):
    class Engine(EdgeEngine):
        is_shared = False

        def __enter__(self):
            return self

        def __exit__(self, *details):
            self.close()

    engine = Engine(tmp_path / "engine")
    engine.ensure("docs", CollectionSchema(sparse=("minicoil",), integer=("mc_union",)))
    engine.upsert("docs", [Point(1, {"mc_union": 2})])
    monkeypatch.setattr(Place, "points", lambda self: engine)
    serve(place, 1, 2, 3)
    register_collection(place.objects(), record())
    announce_reader(place.objects(), "host-1", "production", 2)
    rows = waiting_rows(place, "production", followers=followers)
    assert [(row["collection"], row["waiting"], row["n_points"]) for row in rows] == (
        [("docs", [2], 1)] if followers else []
    )
