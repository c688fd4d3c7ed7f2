"""A damaged record is made whole from what is right in it and what its points say, and points are made to fit."""

import os

import pytest
from record_damage import DAMAGES, RECORD, TEXTS, change, index, path_of, replace, request
from small_service import serve

from minicoil.errors import CollectionError, DamagedRecordError
from tasks.adoption.attaching import AttachRequest, attach_collection
from tasks.adoption.mending import mend_collection
from tasks.catalogue.registry import (
    read_collection_record,
    read_registry,
    update_collection,
)
from tasks.collections.searching import search_collection
from tasks.releases.pruning import prune_releases
from tasks.rewriting.promotion import promote
from tasks.rewriting.verification import verify_collection
from tasks.store.damage import forget_damage
from tasks.store.object_store import ASIDE


@pytest.fixture
def points(place):
    with place.points() as points:
        yield points


@pytest.fixture(autouse=True)
def nothing_was_named():
    forget_damage()
    yield
    forget_damage()


@pytest.mark.parametrize(
    "damage",
    [
        "null",
        "NaN",
        "text for a number",
        "another schema",
        "cut",
        "empty",
        "a folder",
        "a link to nothing",
        "releases that are none",
    ],
)
def test_the_command_that_was_named_mends_it(place, points, damage):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    before = read_collection_record(store, "docs")
    found = search_collection(place, "docs", "pod kernel", 5)["results"]
    was = b"" if damage in ("a folder", "a link to nothing") else None
    DAMAGES[damage](path_of(place))
    was = path_of(place).read_bytes() if was is None else was
    mended = mend_collection(place, points, request(avg_len=before.avg_len))
    assert mended.record == read_collection_record(store, "docs") == before and mended.n_rewritten == 0
    assert search_collection(place, "docs", "pod kernel", 5)["results"] == found
    assert mended.kept_at.startswith(f"{ASIDE}{RECORD}")
    if was:
        assert store.read(mended.kept_at) == was
    assert os.path.lexists(path_of(place, mended.kept_at))
    assert mend_collection(place, points, request(avg_len=before.avg_len)) is None
    answer = index(place, points)
    assert (answer["n_written"], answer["n_skipped"]) == (0, len(TEXTS))


def test_another_mean_length_has_every_point_written_again(place, points):
    serve(place, 1)
    index(place, points, avg_len=5)
    change(avg_len=None)(path_of(place))
    mended = mend_collection(place, points, request(avg_len=80))
    assert mended.record.avg_len == 80 and mended.n_rewritten == len(TEXTS)
    assert "24 points were written again" in mended.row()["message"]
    assert verify_collection(place, points, mended.record).is_sound
    assert index(place, points)["n_written"] == 0


def test_without_a_mean_length_it_is_measured_on_the_points(place, points):
    store = place.objects()
    measured = index(place, points)["avg_len"]
    replace(path_of(place), b"")
    mended = mend_collection(place, points, request())
    assert mended.record.avg_len == measured and mended.n_rewritten == 0 and store.read(mended.kept_at) == b""


def test_a_collection_that_holds_two_releases_keeps_both_when_it_is_mended(place, points):
    store = place.objects()
    serve(place, 1)
    index(place, points)
    promote(place, "production", 2)
    before = read_collection_record(store, "docs")
    assert before.readable == (2, 1)
    change(avg_len=None)(path_of(place))
    assert read_registry(store).damaged[0].releases == {1, 2}
    assert mend_collection(place, points, request(avg_len=before.avg_len)).record == before


def test_mending_that_was_stopped_is_taken_up_and_keeps_the_releases_meanwhile(place, points):
    store = place.objects()
    serve(place, 1)
    avg_len = index(place, points)["avg_len"]
    serve(place, 2)
    replace(path_of(place), b"{")
    store.set_aside(RECORD)  # and killed before the whole record was written
    assert prune_releases(store, keep_last=0)["pruned"] == []
    mended = mend_collection(place, points, request(avg_len=avg_len))
    assert (
        mended.kept_at == "" and mended.record.release == 2 and mended.record == read_collection_record(store, "docs")
    )
    assert verify_collection(place, points, mended.record).is_sound
    assert prune_releases(store, keep_last=0)["pruned"] == [3]


def test_points_without_any_record_may_be_another_stores_and_are_left_alone(place, points):
    index(place, points)
    before = [point for page in points.scroll("docs") for point in page]
    path_of(place).unlink()
    assert mend_collection(place, points, request(avg_len=50)) is None
    with pytest.raises(CollectionError, match="exists in Qdrant but was not made by this service"):
        index(place, points)
    assert [point for page in points.scroll("docs") for point in page] == before


def test_points_of_somebody_else_are_not_written(place, points):
    index(place, points)
    update_collection(place.objects(), "docs", lambda found: found.model_copy(update={"attached_at": 0}))
    change(avg_len=None)(path_of(place))
    with pytest.raises(DamagedRecordError, match="minicoil attach docs --vector V --text T"):
        mend_collection(place, points, request(avg_len=3))
    answer = attach_collection(place, points, AttachRequest("docs", "production", "minicoil", "{text}"))
    assert answer["n_matching"] and read_collection_record(place.objects(), "docs").attached_at == 0
