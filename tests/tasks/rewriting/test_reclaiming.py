"""Ids given out again on real engines: only when nothing has their old meaning, and mended where it comes back."""

import contextlib
import shutil

import numpy as np
import pytest
from local_server import share_server
from qdrant_places import KINDS
from small_service import index, serve

from minicoil.errors import CollectionError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.words.reclaiming import reclaim_ids, retired_ids, reused_ids
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import open_record
from tasks.catalogue.releases import publish_release
from tasks.models.bundles import open_model, open_parent
from tasks.place import Place
from tasks.points import Point, PointFilter
from tasks.readers.readers import register_reader, unregister_reader
from tasks.releases.pruning import prune_releases
from tasks.rewriting import reclaiming
from tasks.rewriting.promotion import contract_channel, promote, sweep_channel
from tasks.rewriting.reclaiming import check_meanings, reclaimable_ids, reused_by, with_reclaimed_ids
from tasks.rewriting.verification import verify_collection


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


@pytest.fixture
def texts(texts):
    return [*texts, *[f"the garden and a window in the morning {i}" for i in range(40)]]


def vocabulary_of(place, release):
    return check_bundle(open_model(place, release, "minilm", 4))[1]


def free(place, points, release=3):
    return reclaimable_ids(place, points, release, vocabulary_of(place, release))[0]


def go_to(place, release):
    promote(place, "production", release)
    contract_channel(place, "production")


def make_release_four(place, points, tmp_path):
    """Grown from 3 as a run does that is short of ids: "garden" and "window" take ids of words that are gone."""
    parent = with_reclaimed_ids(place, points, open_parent(place, "production", "minilm", 4))
    vocabulary, fresh = parent.vocabulary.apply(add={"garden": ["gardens"], "window": ["windows"]})
    again = reused_ids(vocabulary_of(place, 3), vocabulary)
    rng, width = np.random.default_rng(4), read_shape(BundleLayout(parent.folder).stack)[1]
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(parent.folder, tmp_path / "four", vocabulary, rows)
    facts = {"dims": 4, "reused_ids": {str(i): 4 for i in again}}
    assert publish_release(place.objects(), tmp_path / "four", 3, facts).release == 4
    return again, fresh


@pytest.fixture
def short_of_ids(monkeypatch):
    monkeypatch.setattr(reclaiming, "SHORT_OF_IDS", 10**9)


def test_an_id_comes_back_only_when_points_readers_and_stored_releases_have_let_go(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    contract_channel(place, "production")
    promote(place, "production", 3)
    retired = retired_ids(vocabulary_of(place, 3))
    assert len(retired) >= 4 and free(place, points) == ()  # release 2 is offered for rollback, 1 can be promoted
    contract_channel(place, "production")
    assert free(place, points) == ()
    register_reader(place.objects(), "shop", "production", 2)
    assert prune_releases(place.objects(), keep_last=0)["pruned"] == [1]
    of_two = {i for i in retired if " " in vocabulary_of(place, 2).words[i - 1]}
    assert {*free(place, points)} == of_two and of_two < {*retired}
    unregister_reader(place.objects(), "shop")
    assert free(place, points) == tuple(sorted(of_two))  # nobody reads 2, and it is still there to be promoted
    prune_releases(place.objects(), keep_last=0)
    assert free(place, points) == retired


def test_an_id_whose_cells_are_in_a_point_stays_whoever_wrote_it(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    before = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    retired, pod = retired_ids(vocabulary_of(place, 3)), vocabulary_of(place, 3).words.index("<retired 1 pod>") + 1
    assert pod in free(place, points)
    old = next(p for p in before.values() if "pods" in p.payload["text"].split())
    points.upsert("docs", [old])  # a writer that was asleep
    assert pod not in free(place, points) and {*free(place, points)} < {*retired}
    sweep_channel(place, "production")
    assert pod not in free(place, points)  # its release was pruned, so nobody can tell that it is late
    points.drop("docs")
    assert free(place, points) == ()  # a snapshot of it may come back


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("channels/other.json", b"{"),
        ("collections/other.json", b"[]"),
        ("readers/registered/shop.json", b""),
        ("damaged/collections/lost.json.x", b"{}"),
        ("releases/2/manifest.json", b"{"),
    ],
)
def test_where_anything_is_in_doubt_no_id_comes_back(place, points, texts, key, data):
    serve(place, 1)
    index(place, points, texts)
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    assert free(place, points)
    place.objects().write(key, data)
    assert free(place, points) == ()


def test_a_reader_of_a_release_that_is_not_here_keeps_every_id(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    register_reader(place.objects(), "old-image", "production", 1)
    assert free(place, points) == ()


def test_with_ids_enough_none_comes_back_though_it_could(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    parent = open_parent(place, "production", "minilm", 4)
    assert with_reclaimed_ids(place, points, parent) is parent


def test_points_come_out_as_if_encoded_anew_where_ids_were_given_out_again(
    place, points, texts, tmp_path, short_of_ids
):
    serve(place, 1)
    index(place, points, texts)
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    again, fresh = make_release_four(place, points, tmp_path)
    assert {*again} == {*fresh.values()} and reused_by(place.objects(), 4) == dict.fromkeys(again, 4)
    answer = promote(place, "production", 4)
    assert answer["promoted"] and answer["collections"][0]["n_rewritten"] >= 40
    assert verify_collection(place, points, open_record(place.objects(), "docs"), 512).is_sound
    contract_channel(place, "production")
    assert verify_collection(place, points, open_record(place.objects(), "docs"), 512).is_sound


def test_a_snapshot_from_before_is_mended_point_by_point(place, points, texts, tmp_path, short_of_ids):
    """Of a release that was pruned nobody can tell by its words which points are late; by the ids one can."""
    serve(place, 1)
    index(place, points, texts)
    before = [Point(p.id, p.payload, p.vectors) for page in points.scroll("docs", vectors=True) for p in page]
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    again, _ = make_release_four(place, points, tmp_path)
    go_to(place, 4)
    cells = [cell for word_id in again for cell in reclaiming.cells_of_id(word_id, 4)]
    stale = [p for p in before if np.isin(p.vectors["minicoil"].indices, cells).any()]
    assert stale
    points.upsert("docs", stale)
    record = open_record(place.objects(), "docs")
    assert verify_collection(place, points, record, 16).n_due >= len(stale)
    sweep_channel(place, "production")
    assert verify_collection(place, points, record, 16).n_due == 0
    some = points.get("docs", [p.id for p in stale], vectors=True)
    assert {p.payload[STAMP_FIELD] for p in some} == {4}
    texts_of = {p.id: p.payload["text"] for p in some}
    has_new = {i for i, text in texts_of.items() if {"garden", "window"} & {*text.split()}}
    wrong = {p.id for p in some if np.isin(p.vectors["minicoil"].indices, cells).any()} - has_new
    assert not wrong and points.count("docs", PointFilter(equal={STAMP_FIELD: 1})) > 0


def test_a_late_point_is_mended_after_a_way_back_too_and_others_are_left_alone(
    place, points, texts, tmp_path, short_of_ids
):
    serve(place, 1)
    index(place, points, texts)
    before = [Point(p.id, p.payload, p.vectors) for page in points.scroll("docs", vectors=True) for p in page]
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    again, _ = make_release_four(place, points, tmp_path)
    promote(place, "production", 4)
    promote(place, "production", 3)  # release 4 stays readable beside
    record = open_record(place.objects(), "docs")
    assert record.readable == (3, 4) and verify_collection(place, points, record, 512).is_sound
    cells = [cell for word_id in again for cell in reclaiming.cells_of_id(word_id, 4)]
    late = next(p for p in before if np.isin(p.vectors["minicoil"].indices, cells).any())
    points.upsert("docs", [late])
    assert verify_collection(place, points, record, 16).n_due >= 1
    sweep_channel(place, "production")
    assert verify_collection(place, points, record, 512).is_sound


def test_a_pruned_release_that_came_back_is_refused_where_its_ids_are_other_words(
    place, points, texts, tmp_path, short_of_ids
):
    serve(place, 1)
    index(place, points, texts)
    shutil.copytree(place.home / "store" / "releases" / "1", tmp_path / "kept")
    go_to(place, 2)
    go_to(place, 3)
    prune_releases(place.objects(), keep_last=0)
    make_release_four(place, points, tmp_path)
    go_to(place, 4)
    shutil.rmtree(place.home / "store" / "releases" / "1")
    shutil.copytree(tmp_path / "kept", place.home / "store" / "releases" / "1")
    assert read_manifest(place.objects(), 1).release == 1
    with pytest.raises(CollectionError, match="gave 2 word ids of release 1 to other words.*cannot be gone back to"):
        promote(place, "production", 1)
    check_meanings(place, open_record(place.objects(), "docs"), 3)
    assert release_key(4) == "releases/4"


def test_a_retired_id_may_be_taken_back_by_hand_only_where_it_is_retired(place):
    vocabulary = vocabulary_of(place, 3)
    assert [" " in entry for entry in reclaim_ids(vocabulary, retired_ids(vocabulary)).words] == [
        " " in entry for entry in vocabulary.words
    ]
