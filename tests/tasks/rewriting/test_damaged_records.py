"""Damage of one document: told once with what mends it, and in nobody else's way; nothing is deleted for it."""

import json
import os

import pytest
from record_damage import DAMAGES, RECORD, change, index, path_of, replace
from small_service import serve

from minicoil.errors import BusyError, CollectionError, DamagedRecordError, DamagedReleaseError
from tasks.catalogue.approvals import hold_release, list_waiting
from tasks.catalogue.channels import begin_anew, list_channels, move_current, read_channel, set_pending
from tasks.catalogue.registry import (
    CollectionRecord,
    choose_collections,
    list_collections,
    read_collection_record,
)
from tasks.catalogue.requests import find_request
from tasks.collections.searching import search_collection
from tasks.place import Place
from tasks.readers.readers import list_readers, register_reader, unregister_reader
from tasks.releases.pruning import needed_releases, prune_releases
from tasks.report.inspecting import list_all_releases
from tasks.rewriting.abandoning import abandon_promotion
from tasks.rewriting.promotion import contract_channel, promote, roll_back_channel, sweep_channel
from tasks.store.damage import forget_damage, named_damage
from tasks.store.formats import salvage_fields


@pytest.fixture
def points(place):
    with place.points() as points:
        yield points


@pytest.fixture(autouse=True)
def nothing_was_named():
    forget_damage()
    yield
    forget_damage()


KNOWS_ITS_RELEASES = {"null", "NaN", "infinity", "huge", "text for a number", "true for a number"}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_others_go_on_it_is_told_once_and_no_release_of_it_is_deleted(place, points, damage):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    index(place, points, "other")
    serve(place, 2)
    promote_others = [record.name for record in list_collections(store)]
    assert promote_others == ["docs", "other"]
    DAMAGES[damage](path_of(place))
    assert [record.name for record in list_collections(store, "production")] == ["other"]
    assert [entry["release"] for entry in list_all_releases(place)["releases"]] == [1, 2, 3]
    assert search_collection(place, "other", "pod", 3)["results"]
    assert [row["name"] for row in sweep_channel(place, "production")] == ["other"]
    answer = promote(place, "production", 3)
    assert answer["promoted"] and [row["name"] for row in answer["collections"]] == ["other"]
    contract_channel(place, "production")
    assert read_channel(store, "production").previous == 2  # nobody knows of which release the damaged one has cells
    (said,) = named_damage()
    assert said.what == RECORD and "'docs'" in said.message and "\n" not in said.message
    assert "minicoil index docs --corpus SPEC --avg-len X" in said.message
    # release 1 is what its points have, nobody else wants it
    pruned = prune_releases(store, keep_last=0)
    assert pruned["pruned"] == [] and {row["release"] for row in pruned["kept"]} == {1, 2, 3}
    why = needed_releases(store)[1]
    assert "'docs'" in why and ("may be read with it" in why) == (damage in KNOWS_ITS_RELEASES)
    for read in (
        lambda: read_collection_record(store, "docs"),
        lambda: choose_collections(store, "production", ["docs"]),
        lambda: search_collection(place, "docs", "pod", 3),
        lambda: index(place, points),
    ):
        with pytest.raises(DamagedRecordError, match="'docs'.* is damaged"):
            read()
    assert len(named_damage()) == 1
    with pytest.raises(CollectionError, match="on channel"):
        choose_collections(store, "production", ["nope"])


def test_a_record_or_channel_under_another_name_is_no_record_of_it(place, points):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    store.write("collections/copy.json", store.read(RECORD))
    store.write("channels/copy.json", store.read("channels/production.json"))
    assert [record.name for record in list_collections(store)] == ["docs"]
    assert [state.name for state in list_channels(store)[0]] == ["production"]
    assert ["it is that of collection 'docs'" in named_damage()[0].message, len(named_damage())] == [True, 2]


def test_cells_stay_for_a_reader_whose_registration_is_damaged(place, points):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    promote(place, "production", 2)
    register_reader(store, "shop", "production", 1)
    replace(path_of(place, "readers/registered/shop.json"), b"{")
    with pytest.raises(BusyError, match="stay for reader 'shop'"):
        contract_channel(place, "production")
    assert read_collection_record(store, "docs").readable == (2, 1)
    assert unregister_reader(store, "shop") is None
    assert contract_channel(place, "production") == ["docs"]


def test_a_promotion_is_not_given_up_while_nobody_knows_what_a_collection_holds(place, points):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    set_pending(store, "production", 2, 1)
    change(b=2)(path_of(place))
    with pytest.raises(DamagedRecordError):
        abandon_promotion(place, "production")
    assert read_channel(store, "production").pending == 2


def test_a_rollback_goes_on_beside_a_damaged_record(place, points):
    serve(place, 1)
    index(place, points)
    index(place, points, "other")
    promote(place, "production", 2)
    change(avg_len=None)(path_of(place))
    assert roll_back_channel(place, "production")["release"] == 1


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "garbage", "a list", "another schema", "not UTF-8", "a folder", "a link to nothing"]
)
def test_a_damaged_manifest_stops_nobody_else(place, damage):
    store = place.objects()
    serve(place, 3)
    path = path_of(place, "releases/2/manifest.json")
    if damage == "not UTF-8":
        replace(path, path.read_bytes() + b"\xff")
    else:
        DAMAGES[damage](path)
    rows = list_all_releases(place)["releases"]
    assert [row["release"] for row in rows] == [1, 2, 3] and rows[1]["created_at"] == "damaged"
    assert rows[2]["channels"] == ["production"]
    (said,) = named_damage()
    assert (
        said.what == "releases/2/manifest.json" and "restore it from a backup; `minicoil release list`" in said.message
    )
    assert find_request(store, "r") is None
    assert prune_releases(store, keep_last=0)["pruned"] == [1]
    assert path_of(place, "releases/2/minicoil.triplet.model.npy").exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "another schema", "a folder", "a link to nothing"])
def test_a_damaged_channel_stops_nobody_else_and_begins_anew_on_command(place, points, damage):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    set_pending(store, "staging", 2, None)
    move_current(store, "staging", 2)
    DAMAGES[damage](path_of(place, "channels/production.json"))
    assert [state.name for state in list_channels(store)[0]] == ["staging"]
    assert list_all_releases(place)["releases"][1]["channels"] == ["staging"]
    assert prune_releases(store, keep_last=0)["pruned"] == []
    (said,) = named_damage()
    assert "minicoil release promote N --channel production --force" in said.message
    with pytest.raises(DamagedReleaseError):
        promote(place, "production", 1)
    kept_at = begin_anew(store, "production")
    assert os.path.lexists(path_of(place, kept_at)) and begin_anew(store, "production") is None
    assert promote(place, "production", 1)["promoted"] and read_channel(store, "production").current == 1
    assert prune_releases(store, keep_last=0)["pruned"] == [3]


def test_a_damaged_registration_keeps_everything_and_is_mended_by_registering(place):
    store = place.objects()
    serve(place, 3)
    register_reader(store, "shop", "production", 1)
    path = path_of(place, "readers/registered/shop.json")
    replace(path, path.read_bytes().replace(b'"release": 1', b'"release": NaN'))
    assert list_readers(store) == [] and prune_releases(store, keep_last=0)["pruned"] == []
    (said,) = named_damage()
    assert "minicoil release readers --register shop --release N" in said.message
    register_reader(store, "shop", "production", 1)
    assert [reader.release for reader in list_readers(store)] == [1]
    assert prune_releases(store, keep_last=0)["pruned"] == [2]


def test_a_damaged_note_of_a_release_that_waits_keeps_that_release(place):
    store = place.objects()
    serve(place, 3)
    hold_release(store, "production", 2, ["why"], 14)
    replace(path_of(place, "waiting/production/2.json"), b"{}")
    assert list_waiting(store) == [] and prune_releases(store, keep_last=0)["pruned"] == [1]
    (said,) = named_damage()
    assert "minicoil release promote 2 --channel production --force" in said.message


def test_what_is_right_in_a_damaged_record_is_found_field_by_field():
    document = {"name": "docs", "k": 1.2, "b": 7, "avg_len": None, "release": 3, "kept": [1, 2], "more": 1, "text": 5}
    fields = salvage_fields(CollectionRecord, json.dumps(document).encode())
    assert fields == {"name": "docs", "k": 1.2, "release": 3, "kept": (1, 2)}
    assert salvage_fields(CollectionRecord, b"[]") == salvage_fields(CollectionRecord, b"{") == {}


def test_a_place_of_its_own_for_a_report_named_like_a_document_is_no_damage(place):
    """Collections may be called "a.json", and their reports lie in a folder of that name."""
    store = Place.at(place.home).objects()
    store.write("reports/reencode/a.json/1.json", b"{}")
    assert [entry.key for entry in store.list("reports/")] == ["reports/reencode/a.json/1.json"]
