"""The drills of the runbook: what status says in each, and that the command it names brings the service back."""

import contextlib
import shutil

import pytest
from local_server import share_server
from qdrant_places import KINDS
from small_service import index, serve

from minicoil.errors import CollectionError, ReleaseError
from tasks.adoption.detaching import detach_collection
from tasks.catalogue.approvals import list_waiting
from tasks.catalogue.channels import read_channel
from tasks.catalogue.registry import list_collections, open_record, read_registry
from tasks.catalogue.releases import publish_release
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.points import Point
from tasks.rewriting.due_points import claim_unused_number
from tasks.rewriting.promotion import contract_channel, promote, roll_back_channel, sweep_channel
from tasks.rewriting.verification import verify_collection
from tasks.store.audit import list_deeds
from tasks.watch.channel_state import Look, channel_status


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


def look(place, points):
    registry, state = read_registry(place.objects()), read_channel(place.objects(), "production")
    return channel_status(Look(place, points), state, registry.records, registry.damaged, list_waiting(place.objects()))


def said(place, points):
    return {notice.kind: notice for notice in look(place, points).notices}


def content(points):
    return [Point(p.id, p.payload, p.vectors) for page in points.scroll("docs", vectors=True) for p in page]


def is_sound(place, points):
    return verify_collection(place, points, open_record(place.objects(), "docs"), 512).is_sound


def test_a_snapshot_from_before_a_promotion_is_due_and_one_sweep_brings_it_back(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    snapshot = content(points)
    promote(place, "production", 2)
    contract_channel(place, "production")
    points.upsert("docs", snapshot)
    notice = said(place, points)["due"]
    assert notice.command == "minicoil reencode docs" and not is_sound(place, points)
    promised = look(place, points).collections[0].due
    (row,) = sweep_channel(place, "production")
    assert row["n_rewritten"] == promised.n_due > 0 and promised.is_exact
    assert is_sound(place, points) and "due" not in said(place, points)


def test_a_rollback_after_contraction_is_refused_and_promoting_the_older_one_goes_back(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    there = promote(place, "production", 2)
    contract_channel(place, "production")
    with pytest.raises(ReleaseError, match="its previous cells are gone; promote the older release instead"):
        roll_back_channel(place, "production")
    back = promote(place, "production", 1)
    assert back["promoted"] and back["collections"][0]["n_rewritten"] == there["collections"][0]["n_rewritten"]
    assert back["collections"][0]["seconds"] > 0  # what the report says it took
    assert read_channel(place.objects(), "production").current == 1 and is_sound(place, points)


def test_an_object_store_from_yesterday_is_found_out_and_promotions_refuse(place, points, texts, tmp_path):
    serve(place, 1)
    index(place, points, texts)
    shutil.copytree(place.home / "store", tmp_path / "yesterday")
    for number in (2, 3):
        shutil.rmtree(tmp_path / "yesterday" / "releases" / str(number))
    promote(place, "production", 2)
    newest = tmp_path / "newest"
    shutil.copytree(place.home / "store", newest)
    shutil.rmtree(place.home / "store")
    shutil.copytree(tmp_path / "yesterday", place.home / "store")
    notice = said(place, points)["unsafe"]
    assert "stamped with releases that this channel never had" in notice.message and not look(place, points).safe
    number = claim_unused_number(place, points, list_collections(place.objects()))
    assert number == 3  # 2 is free in this store, and points say that they are of it
    shutil.copytree(open_model(place, 1, "minilm", 4), tmp_path / "again")
    (tmp_path / "again" / "manifest.json").unlink()
    (tmp_path / "again" / "README.md").write_text("another release")
    publish_release(place.objects(), tmp_path / "again", 1, {}, number)
    with pytest.raises(CollectionError, match="stamped with releases that this channel never had"):
        promote(place, "production", number)
    shutil.rmtree(place.home / "store")
    shutil.copytree(newest, place.home / "store")  # a newer backup was found after all
    assert look(place, points).safe and is_sound(place, points)


def test_a_collection_deleted_by_its_owner_is_taken_off_the_list_and_its_channel_goes_on(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    index(place, points, texts[:30], "others")
    kept = content(points)
    points.drop("docs")
    assert said(place, points)["unsafe"].command == "minicoil detach docs"
    with pytest.raises(CollectionError, match="'docs'|was not found|not exist|deleted"):
        promote(place, "production", 2)
    detach_collection(place, "docs")
    assert promote(place, "production", 2)["promoted"] and look(place, points).safe
    (deed,) = [deed for deed in list_deeds(place.objects()) if deed.action == "detach"]
    assert deed.facts["record"]["name"] == "docs" and len(kept) == 240
