"""A collection is taken off the list with its record in the audit; its points stay as they are."""

import pytest
from collection_records import make_record

from minicoil.errors import CollectionError
from tasks.adoption.detaching import detach_collection
from tasks.catalogue.registry import collections_aside, list_collections, read_collection_record, register_collection
from tasks.place import Place
from tasks.store.audit import list_deeds


@pytest.fixture
def place(tmp_path, monkeypatch):
    found = Place.at(tmp_path)
    for name in ("docs", "notes"):
        register_collection(found.objects(), make_record(name, release=3, previous=2))
    monkeypatch.setattr(Place, "points", lambda self: pytest.fail("nobody asks the engine"))
    return found


def test_it_is_off_the_list_and_the_audit_keeps_what_makes_it_again(place):
    store = place.objects()
    record = read_collection_record(store, "docs")
    assert detach_collection(place, "docs") == {
        "collection": "docs",
        "channel": "production",
        "message": "collection 'docs' is off the list; its points stay as they are, and are searched by nobody here",
    }
    assert [found.name for found in list_collections(store)] == ["notes"]
    (deed,) = list_deeds(store)
    assert deed.action == "detach" and deed.facts["collection"] == "docs"
    assert type(record).model_validate(deed.facts["record"]) == record


def test_a_damaged_record_is_kept_aside_and_its_collection_is_off_the_list_all_the_same(place):
    store = place.objects()
    store.write("collections/docs.json", b"{")
    assert detach_collection(place, "docs")["channel"] is None
    (deed,) = list_deeds(store)
    kept = deed.facts["record"]
    assert store.read(kept["kept"]) == b"{" and "the record of collection 'docs'" in kept["damaged"]
    assert [found.name for found in list_collections(store)] == ["notes"]
    assert collections_aside(store) == []  # nobody takes it for a record that is being mended


def test_a_collection_whose_mending_was_stopped_is_taken_off_too(place):
    store = place.objects()
    store.set_aside("collections/docs.json")
    assert collections_aside(store) == ["docs"]
    assert detach_collection(place, "docs")["channel"] is None
    assert collections_aside(store) == [] and list_deeds(store)[0].facts == {"collection": "docs", "record": {}}


def test_what_is_not_registered_is_told_with_those_that_are_and_leaves_no_deed(place):
    with pytest.raises(
        CollectionError, match="collection 'absent' was not found; collections here: docs, notes; create"
    ):
        detach_collection(place, "absent")
    assert list_deeds(place.objects()) == []
    assert len(list_collections(place.objects())) == 2
