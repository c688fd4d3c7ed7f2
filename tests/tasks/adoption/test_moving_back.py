"""An alias goes back to the collection that a copy was made of, whose record was kept where nobody expands it."""

import pytest
from collection_records import make_record

from minicoil.errors import CollectionError, UsageError
from tasks.adoption.moving_back import list_put_away, move_back, put_away, read_put_away, take_back
from tasks.catalogue.registry import list_collections, read_collection_record, register_collection
from tasks.place import Place
from tasks.points import CollectionSchema, Point


class WithAliases:
    """The embedded engine, which has none, with aliases as a server has them."""

    def __init__(self, engine):
        self._engine, self.aliases = engine, {}

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def resolve(self, name):
        return self.aliases.get(name, name)

    def point_alias(self, alias, name):
        self.aliases[alias] = name


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Place.at(tmp_path_factory.mktemp("home")).points() as points:
        for name in ("docs", "copy", "other"):
            points.ensure(name, CollectionSchema(sparse=("minicoil",)))
        points.upsert("docs", [Point(1, {}), Point(2, {})])
        yield points


@pytest.fixture
def points(engine):
    """A home where "live" leads to "copy", which was made of "docs"."""
    found = WithAliases(engine)
    found.point_alias("live", "copy")
    return found


@pytest.fixture
def place(tmp_path):
    found = Place.at(tmp_path)
    register_collection(found.objects(), make_record("docs", release=2, previous=1))
    put_away(found.objects(), "docs")
    register_collection(found.objects(), make_record("copy", release=3))
    return found


def test_what_is_put_away_is_off_its_channel_and_comes_back_as_it_was(place):
    store = place.objects()
    assert [found.name for found in list_collections(store)] == ["copy"] and list_put_away(store) == ["docs"]
    assert [found.readable for found in read_put_away(store)] == [(2, 1)]
    assert take_back(store, "docs") == read_collection_record(store, "docs") == make_record(release=2, previous=1)
    assert list_put_away(store) == [] and take_back(store, "docs") is None


def test_a_collection_without_a_record_has_none_to_put_away(place):
    put_away(place.objects(), "nobody")
    assert list_put_away(place.objects()) == ["docs"] and take_back(place.objects(), "nobody") is None


def test_a_record_that_was_made_anew_meanwhile_wins_over_the_kept_one(place):
    store = place.objects()
    register_collection(store, make_record("docs", release=9))
    assert take_back(store, "docs").release == 9 and list_put_away(store) == []


def test_a_damaged_kept_record_is_named_and_stays_and_others_are_read(place):
    store = place.objects()
    store.write("replaced/bad.json", b"{")
    assert [found.name for found in read_put_away(store)] == ["docs"] and list_put_away(store) == ["bad", "docs"]
    with pytest.raises(CollectionError) as caught:
        take_back(store, "bad")
    assert str(caught.value).startswith(
        f"the kept record of collection 'bad' ({store.url}/replaced/bad.json) is damaged: it is no JSON document"
    )
    assert store.read("replaced/bad.json") == b"{"


def test_an_alias_goes_back_with_the_record_and_the_copy_is_put_away(place, points):
    answer = move_back(place, points, "docs", "copy", "live")
    assert answer == {
        "collection": "docs",
        "alias": "live",
        "release": 2,
        "n_points": 2,
        "message": "'live' leads to 'docs' again; `minicoil reencode docs` brings it up to its channel",
    }
    assert points.aliases == {"live": "docs"} and list_put_away(place.objects()) == ["copy"]
    assert [found.name for found in list_collections(place.objects())] == ["docs"]
    assert move_back(place, points, "docs", "copy", "live") == answer  # stopped anywhere, the same call goes on


def test_a_collection_that_never_had_vectors_of_this_service_is_gone_back_to_as_well(place, points):
    answer = move_back(place, points, "other", "copy", "live")
    assert answer["release"] is None and points.aliases == {"live": "other"}
    assert answer["message"] == "'live' leads to 'other' again, which has no miniCOIL vectors of this service"


def test_a_move_back_that_makes_no_sense_is_refused(place, points):
    with pytest.raises(UsageError, match="--alias"):
        move_back(place, points, "docs", "copy", None)
    with pytest.raises(CollectionError, match="'nope' was not found; collections here: copy, docs, other"):
        move_back(place, points, "nope", "copy", "live")
    points.point_alias("elsewhere", "docs")
    with pytest.raises(CollectionError) as caught:
        move_back(place, points, "other", "copy", "elsewhere")
    assert str(caught.value) == "alias 'elsewhere' leads to 'docs', not to the copy 'copy'; nothing was moved"
    assert list_put_away(place.objects()) == ["docs"] and points.aliases["live"] == "copy"


def test_a_damaged_kept_record_moves_nothing(place, points):
    place.objects().write("replaced/docs.json", b"{")
    with pytest.raises(CollectionError, match="kept record"):
        move_back(place, points, "docs", "copy", "live")
    assert points.aliases == {"live": "copy"} and read_collection_record(place.objects(), "copy") is not None
