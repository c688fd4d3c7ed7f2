"""What an owner says of readers: one thing at a time, checked, taken down with who said it, and shown as it is then."""

import time

import pytest

from minicoil.errors import CollectionError, EngineUnavailableError, ReleaseError, UsageError
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import CollectionRecord, open_record, register_collection
from tasks.place import Place
from tasks.points.engine import EdgeEngine
from tasks.points.records import CollectionSchema, Point
from tasks.readers import readers
from tasks.readers.confirmation import (
    ReadersRequest,
    acknowledge,
    declare_readers,
    forget_acknowledgement,
    settle_readers,
)
from tasks.readers.readers import list_readers
from tasks.store.audit import list_deeds


class OpenEngine(EdgeEngine):
    """The engine of a home in this process, as a place gives it."""

    is_shared = False

    def __enter__(self):
        return self

    def __exit__(self, *details):
        pass


@pytest.fixture(autouse=True)
def engine(tmp_path, monkeypatch):
    engine = OpenEngine(tmp_path / "engine")
    monkeypatch.setattr(Place, "points", lambda self: engine)
    yield engine
    engine.close()


def add_collection(place, engine, name="docs", **values):
    """A collection with one point that holds cells beside, and one that does not."""
    given = {"release": 3, "previous": 2, "kept": (1,), "readers": "unknown", **values}
    record = CollectionRecord(
        name=name, channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x",
        encoder_digest="0", **given,
    )  # fmt: skip
    register_collection(place.objects(), record)
    engine.ensure(name, CollectionSchema(sparse=("minicoil",), integer=("mc_union",)))
    engine.upsert(name, [Point(1, {"mc_union": 2}), Point(2, {"mc_union": -1})])


@pytest.fixture
def served(place, engine):
    """`production` serves release 3, and a collection holds the cells of 2 and 1 beside it."""
    for release, before in ((1, None), (2, 1), (3, 2)):
        set_pending(place.objects(), "production", release, before)
        move_current(place.objects(), "production", release)
    add_collection(place, engine)
    return place


def test_a_registration_ends_on_its_day(place, monkeypatch):
    settle_readers(place, ReadersRequest("production", name="trial", release=1, days=2))
    now = time.time()
    monkeypatch.setattr(readers.time, "time", lambda: now + 1.9 * 86_400)
    assert [reader.name for reader in list_readers(place.objects(), "production")] == ["trial"]
    monkeypatch.setattr(readers.time, "time", lambda: now + 2.1 * 86_400)
    assert list_readers(place.objects()) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "x"}, "--register NAME --release N"),
        ({"release": 2}, "--register NAME --release N"),
        ({"days": 2.0}, "--register NAME --release N"),
        ({"name": "../x", "release": 2}, "cannot name a reader"),
        ({"unregister": "../x"}, "cannot name a reader"),
        ({"acknowledged": ("1",), "known": True}, "--ack and --known are two requests"),
        ({"acknowledged": ("one",)}, "--ack one: a release's number was expected, or 'all'"),
        ({"collections": ("docs",)}, "--collection goes with"),
    ],
)
def test_requests_that_make_no_sense_are_refused(place, values, message):
    with pytest.raises(UsageError, match=message):
        settle_readers(place, ReadersRequest("production", **values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"name": "x", "release": 1, "unregister": "y", "known": False},
            "--register and --unregister and --known are two requests; make them one after the other",
        ),
        (
            {"name": "x"},
            "a reader is registered by --register NAME --release N, and --days D where it will go",
        ),
        ({"acknowledged": ("1", "-2")}, "--ack -2: a release's number was expected, or 'all'"),
        ({"collections": ("docs",)}, "--collection goes with --ack, --known or --unknown"),
    ],
)
def test_a_request_that_contradicts_itself_says_how_it_is_made(values, message):
    with pytest.raises(UsageError) as said:
        ReadersRequest("production", **values)
    assert str(said.value) == message


@pytest.mark.parametrize(
    ("acknowledged", "releases"), [(("2", "1"), [2, 1]), (("all",), None), (("1", "all"), None), ((), [])]
)
def test_all_stands_for_every_release_that_is_not_served(acknowledged, releases):
    assert ReadersRequest("production", acknowledged=acknowledged).releases == releases


def test_what_is_confirmed_is_taken_down_once_and_told(served):
    answer = settle_readers(served, ReadersRequest("production", acknowledged=("1",)))
    assert answer["message"] == (
        "confirmed that nobody reads them any more: docs: release 1. Their cells go when the grace period is over or "
        "the next release comes; `minicoil reencode --contract` drops them now"
    )
    acknowledge(served, "production", [1, 2])
    assert open_record(served.objects(), "docs").acknowledged == (1, 2)
    (row,) = settle_readers(served, ReadersRequest("production"))["collections"]
    assert (row["beside"], row["waiting"], row["acknowledged"], row["n_points"]) == ([1, 2], [], [1, 2], 1)
    facts = [(deed.facts["releases"], deed.facts["collections"]) for deed in list_deeds(served.objects())]
    assert sorted(facts) == [([1], ["docs"]), ([1, 2], ["docs"])]


def test_what_cannot_be_confirmed_changes_nothing(served):
    for releases, message in (
        ([3], "release 3 is what channel 'production' serves or is about to; its cells stay"),
        (
            [1, 7, 8],
            "no collection here holds the cells of releases 7 and 8 beside what is served; there are those of: 1, 2",
        ),
    ):
        with pytest.raises(UsageError) as said:
            acknowledge(served, "production", releases)
        assert str(said.value) == message
    with pytest.raises(CollectionError, match="nope"):
        acknowledge(served, "production", [1], ["nope"])
    assert open_record(served.objects(), "docs").acknowledged == () and list_deeds(served.objects()) == []


def test_where_nothing_is_beside_there_is_nothing_to_confirm(place):
    answer = settle_readers(place, ReadersRequest("production", acknowledged=("all",)))
    assert answer == {
        "readers": [],
        "collections": [],
        "message": "nothing to confirm: no collection of 'production' holds cells of a release that is not served",
    }
    with pytest.raises(UsageError, match="there are those of: none$"):
        acknowledge(place, "production", [1])


def test_a_confirmation_of_one_collection_leaves_the_others(served, engine):
    add_collection(served, engine, "other", kept=())
    assert acknowledge(served, "production", None, ["other"]) == [{"collection": "other", "acknowledged": [2]}]
    assert open_record(served.objects(), "docs").acknowledged == ()
    assert acknowledge(served, "production", [1]) == [{"collection": "docs", "acknowledged": [1]}]


def test_a_release_that_is_served_again_has_its_readers_again(served):
    acknowledge(served, "production", [1, 2])
    forget_acknowledgement(served.objects(), "staging", 2)  # of another channel
    assert open_record(served.objects(), "docs").acknowledged == (1, 2)
    forget_acknowledgement(served.objects(), "production", 2)
    assert open_record(served.objects(), "docs").acknowledged == (1,)


def test_a_registration_is_told_with_what_the_reader_cannot_read(served, engine):
    add_collection(served, engine, "new", previous=None, kept=())
    answer = settle_readers(served, ReadersRequest("production", name="shop-api", release=2))
    assert answer["message"] == (
        "registered: 'shop-api' reads release 2 of channel 'production'; new cannot be read with it: give it the "
        "release that is served"
    )
    assert [(r["name"], r["release"], r["registered"]) for r in answer["readers"]] == [("shop-api", 2, True)]
    rows = {row["collection"]: row["readers"] for row in answer["collections"]}
    assert rows == {"docs": ["shop-api"], "new": []}
    assert settle_readers(served, ReadersRequest("production", unregister="shop-api"))["message"] == (
        "'shop-api' is off the list"
    )
    assert [(deed.action, deed.facts["release"]) for deed in list_deeds(served.objects())].count(
        ("register-reader", 2)
    ) == 1


def test_a_release_that_is_none_is_nobodys_to_read(served):
    with pytest.raises(ReleaseError):
        settle_readers(served, ReadersRequest("production", name="shop-api", release=77))
    assert list_readers(served.objects()) == [] and list_deeds(served.objects()) == []


def test_readers_that_are_all_known_are_said_to_be_and_the_cells_of_others_wait_for_nobody(served, engine):
    add_collection(served, engine, "other")
    answer = settle_readers(served, ReadersRequest("production", known=True, collections=("docs",)))
    assert answer["message"] == "docs: all readers are known"
    rows = {row["collection"]: (row["all_readers_known"], row["waiting"]) for row in answer["collections"]}
    assert rows == {"docs": (True, []), "other": (False, [1, 2])}
    assert declare_readers(served, "production", known=False) == ["docs", "other"]
    assert settle_readers(served, ReadersRequest("staging", known=True))["message"] == (
        "no collection: all readers are known"
    )


def test_the_list_is_shown_where_the_engine_does_not_answer(served, monkeypatch):
    def away(self, name, where=None):
        raise EngineUnavailableError("away")

    monkeypatch.setattr(EdgeEngine, "count", away)
    (row,) = settle_readers(served, ReadersRequest("production"))["collections"]
    assert row["n_points"] is None and row["waiting"] == [1, 2] and row["release"] == 3
