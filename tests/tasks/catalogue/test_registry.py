"""Collections are registered once, changed in place, and say which releases they can be read with."""

import json

import pytest
from collection_records import make_record as record
from hypothesis import given, settings, strategies as st

from minicoil.errors import CollectionError, DamagedRecordError
from tasks.catalogue.adoption import Adoption
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import (
    RECORD_VERSION,
    CollectionRecord,
    choose_collections,
    collections_aside,
    list_collections,
    open_record,
    read_collection_record,
    read_registry,
    register_collection,
    remove_collection,
    replace_damaged,
    salvage_record,
    served_release,
    update_collection,
)
from tasks.store.damage import forget_damage, named_damage
from tasks.store.local_store import LocalStore

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
RELEASES = st.integers(0, 9)
RECORDS = st.builds(
    lambda release, previous, kept, acknowledged: record(
        release=release, previous=previous, kept=tuple(kept), acknowledged=tuple(acknowledged)
    ),
    RELEASES,
    st.none() | RELEASES,
    st.lists(RELEASES, max_size=3),
    st.lists(RELEASES, max_size=3),
)


@pytest.fixture
def local(tmp_path):
    forget_damage()
    yield LocalStore(tmp_path)
    forget_damage()


def damage(store, name="docs", **fields):
    """Make a field of a record wrong."""
    key = f"collections/{name}.json"
    store.write(key, json.dumps({**json.loads(store.read(key)), **fields}).encode())


def test_collections_are_registered_once_and_updated_in_place(store):
    register_collection(store, record("docs"))
    assert register_collection(store, record("docs").model_copy(update={"k": 2.0})).k == 1.2
    update_collection(store, "docs", lambda r: r.model_copy(update={"release": 3}))
    assert [r.release for r in list_collections(store, "production")] == [3]


@settings(max_examples=50)
@given(RECORDS)
def test_every_release_that_points_can_be_read_with_is_named_once_the_newest_of_the_others_first(made):
    assert made.readable == (made.release, *made.others)
    assert len(set(made.readable)) == len(made.readable) and list(made.others) == sorted(made.others, reverse=True)
    assert {*made.kept, made.previous} - {None} <= set(made.readable)


@settings(max_examples=50)
@given(RECORDS, st.none() | RELEASES)
def test_searches_use_the_channels_release_as_long_as_points_hold_its_cells(made, current):
    assert made.served(current) == (current if current in made.readable else made.release)


@settings(max_examples=50)
@given(RECORDS, st.integers(10, 12), st.none() | RELEASES)
def test_expanding_adds_a_release_and_takes_none_away_and_the_served_one_is_the_one_before(made, target, current):
    after = made.expanded(target, current)
    assert after.release == target and set(after.readable) == {target, *made.readable}
    assert after.previous == made.served(current)
    assert after.served(current) == (current if current in made.readable else target)
    assert set(after.acknowledged) <= set(after.others)


@settings(max_examples=50)
@given(RECORDS, st.sets(st.integers(0, 12)), st.none() | RELEASES)
def test_contracting_keeps_what_is_wanted_and_what_is_served_and_nothing_else(made, keep, current):
    after, served = made.contracted(keep, current), made.served(current)
    assert set(after.readable) == ({*made.readable} & keep) | {served}
    assert after.release == (made.release if made.release in keep else served)
    assert after.served(current) == served and set(after.acknowledged) <= set(after.others)
    assert after.contracted(keep, current) == after


def test_whose_collection_it_is_follows_from_how_it_came_here():
    added = Adoption(vectors=("minicoil",), indexes=())
    for made, has_owner, is_ours in (
        (record(), False, True),
        (record(adopted=added), True, True),
        (record(attached_at=0), True, False),
    ):
        assert (made.has_owner, made.is_ours) == (has_owner, is_ours)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"k": True},
        {"b": 1.5},
        {"avg_len": float("nan")},
        {"dims": 0},
        {"release": -1},
        {"kept": (-1,)},
        {"importance": "A" * 64},
        {"importance": "a" * 63},
        {"language": "english"},
        {"readers": "some"},
        {"version": RECORD_VERSION + 1},
        {"more": 1},
    ],
)
def test_a_record_that_says_what_cannot_be_is_none(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        record(**wrong)


def test_a_collection_that_is_not_registered_is_told_with_those_that_are(local):
    assert read_collection_record(local, "docs") is None
    for name in ("notes", "code"):
        register_collection(local, record(name))
    with pytest.raises(CollectionError) as caught:
        open_record(local, "docs")
    assert str(caught.value) == (
        "collection 'docs' was not found; collections here: code, notes; create it with `minicoil index docs --corpus "
        "SPEC`"
    )
    assert open_record(local, "code").name == "code"
    with pytest.raises(CollectionError, match="'docs' is not registered; `minicoil index docs --corpus SPEC` creates"):
        update_collection(local, "docs", lambda found: found)


def test_the_served_release_is_the_channels_where_the_points_hold_it(local):
    made = register_collection(local, record(release=2, previous=1))
    assert served_release(local, made) == 2
    for number, served in ((1, 1), (3, 2)):
        set_pending(local, "production", number, None if number == 1 else 1)
        move_current(local, "production", number)
        assert served_release(local, made) == served


def test_collections_of_a_channel_are_chosen_in_the_order_in_which_they_are_named(local):
    for name, channel in (("c", "production"), ("a", "production"), ("b", "staging")):
        register_collection(local, record(name, channel=channel))
    assert [found.name for found in choose_collections(local, "production")] == ["a", "c"]
    assert [found.name for found in choose_collections(local, "production", ["c", "a"])] == ["c", "a"]
    assert [found.name for found in list_collections(local)] == ["a", "b", "c"]
    assert choose_collections(local, "other") == []
    with pytest.raises(CollectionError) as caught:
        choose_collections(local, "production", ["a", "b", "x"])
    assert str(caught.value) == (
        "collection b, x is not on channel 'production'; collections there: a, c; `minicoil index NAME --corpus SPEC` "
        "creates one, `minicoil attach NAME` adopts one"
    )


def test_damage_of_one_is_told_once_and_stops_none_of_the_others(local):
    for name in ("docs", "notes"):
        register_collection(local, record(name, release=2, previous=1, kept=(0,)))
    damage(local, avg_len=None)
    for _ in range(2):
        found = read_registry(local, "production")
        assert [made.name for made in found.records] == ["notes"] and [lost.name for lost in found.damaged] == ["docs"]
    (said,) = named_damage()
    assert said.what == "collections/docs.json" and "`minicoil index docs --corpus SPEC --avg-len X`" in said.message
    assert (found.damaged[0].channel, found.damaged[0].releases) == ("production", {0, 1, 2})
    assert "avg_len" not in found.damaged[0].fields and found.damaged[0].fields["k"] == 1.2
    assert read_registry(local, "staging").damaged == []  # it says itself whose it is
    assert [made.name for made in choose_collections(local, "production", ["notes"])] == ["notes"]
    with pytest.raises(DamagedRecordError, match="the record of collection 'docs'.* is damaged at avg_len"):
        choose_collections(local, "production", ["docs"])


def test_a_record_whose_channel_is_lost_may_be_any_channels(local):
    register_collection(local, record())
    damage(local, channel=7, release="x")
    (lost,) = read_registry(local, "staging").damaged
    assert lost.channel is None and lost.releases is None


def test_of_a_record_that_is_gone_or_no_json_nothing_can_be_told(local):
    error = DamagedRecordError("why")
    assert salvage_record(local, "docs", error).fields == {}
    local.write("collections/docs.json", b"{")
    lost = salvage_record(local, "docs", error)
    assert (lost.name, lost.channel, lost.releases, lost.fields, lost.error) == ("docs", None, None, {}, error)


def test_a_whole_record_takes_the_place_of_a_damaged_one_which_is_kept(local):
    register_collection(local, record())
    damage(local, b=7)
    was = local.read("collections/docs.json")
    assert collections_aside(local) == []
    kept_at = replace_damaged(local, record(k=2))
    assert local.read(kept_at) == was and open_record(local, "docs").k == 2
    assert collections_aside(local) == []  # a whole one stands in its place


def test_mending_that_was_stopped_is_known_and_a_collection_that_was_removed_is_none_of_it(local):
    """Nothing is pruned while a record may be mended: one that is gone for good must not hold everything for ever."""
    for name in ("docs", "notes"):
        register_collection(local, record(name))
        damage(local, name, b=7)
        replace_damaged(local, record(name))
    local.delete("collections/notes.json")
    remove_collection(local, "docs")
    assert collections_aside(local) == ["notes"] and list_collections(local) == []
    register_collection(local, record("docs"))
    assert collections_aside(local) == ["notes"]
    remove_collection(local, "docs")
    remove_collection(local, "notes")
    assert collections_aside(local) == []


def test_a_record_that_is_put_aside_after_its_collection_was_removed_and_made_again_counts(local, monkeypatch):
    register_collection(local, record())
    damage(local, b=7)
    replace_damaged(local, record())
    remove_collection(local, "docs")
    local.write("collections/docs.json", b"{")
    aside = local.set_aside("collections/docs.json")
    later = aside.replace(aside.rpartition(".json.")[2][:4], "9999")  # some seconds pass between the two
    local.copy(aside, later)
    assert collections_aside(local) == ["docs"]


def test_a_record_of_an_earlier_version_is_read_as_it_is_and_written_as_one_of_this(local):
    document = record().model_dump(mode="json", exclude={"importance", "language", "kept"}) | {"version": 3}
    local.write("collections/docs.json", json.dumps(document).encode())
    found = open_record(local, "docs")
    assert (found.version, found.importance, found.language, found.kept) == (3, "", "en", ())
    assert update_collection(local, "docs", lambda made: made).version == 3  # nothing changed, nothing is written
    assert local.read("collections/docs.json") == json.dumps(document).encode()
    assert update_collection(local, "docs", lambda made: made.model_copy(update={"k": 2.0})).version == RECORD_VERSION
    assert CollectionRecord.model_validate_json(local.read("collections/docs.json")).version == RECORD_VERSION


def test_what_a_newer_version_wrote_stops_whoever_looks_at_all_of_them(local):
    register_collection(local, record("notes"))
    register_collection(local, record())
    damage(local, version=RECORD_VERSION + 1, more=1)
    with pytest.raises(CollectionError, match=f"has format {RECORD_VERSION + 1}, and this program reads up to"):
        read_registry(local)
    with pytest.raises(CollectionError, match="newer version of it wrote here"):
        register_collection(local, record(k=9))
