"""A release is pushed whole under its number, once, and to whoever may see it."""

from dataclasses import replace

import pytest

from minicoil.errors import ReleaseError
from tasks.catalogue.releases import publish_release
from tasks.hub.address import HubAddress
from tasks.hub.pulling import find_folder, pull_from_hub
from tasks.hub.pushing import push_release
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WHERE = HubAddress("acme/terms")


def test_the_same_release_pushed_twice_changes_nothing(hub, place):
    push_release(place, WHERE)
    before, asked = state(hub), hub.asked.copy()
    answer = push_release(place, WHERE, "2")
    assert state(hub) == before and not answer["pushed"] and "nothing to do" in answer["message"]
    assert hub.asked["POST commit"] == asked["POST commit"] and hub.asked["PUT large"] == asked["PUT large"]


def test_main_is_what_was_pushed_last_and_each_number_stays_what_it_was(hub, place, folders):
    push_release(place, WHERE, "1")
    n_large = hub.asked["PUT large"]
    assert n_large > 0
    push_release(place, WHERE, "2")
    assert hub.asked["PUT large"] - n_large < n_large  # the encoder lies there already
    repo = hub.repositories["acme/terms"]
    assert "only-in-one.txt" in repo.commits[repo.tags["1"]] and "only-in-one.txt" not in repo.commits[repo.head]
    assert find_folder(WHERE) == find_folder(replace(WHERE, revision="2")) != find_folder(replace(WHERE, revision="1"))


@pytest.mark.parametrize("kind", ["POST create", "POST preupload", "PUT large", "POST commit", "POST tag"])
def test_a_push_that_breaks_off_anywhere_is_finished_by_the_same_call(hub, place, kind, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's own tries
    hub.breaks[kind] = 1000
    with pytest.raises(ReleaseError, match=r"does not answer"):
        push_release(place, WHERE)
    assert not hub.repositories.get("acme/terms") or not hub.repositories["acme/terms"].tags
    hub.breaks.clear()
    n_large = hub.asked["PUT large"]
    assert push_release(place, WHERE)["pushed"]
    assert pull_from_hub(HubAddress.read("hf:acme/terms@2"))["release"] == 2
    commits = hub.repositories["acme/terms"].commits
    assert len(commits) == 2  # the repository's first one and the release, whenever it broke off
    if kind in ("POST commit", "POST tag"):
        assert hub.asked["PUT large"] == n_large  # what arrived is not sent again


def test_another_stores_release_of_the_same_number_is_refused(hub, place, folders, tmp_path):
    push_release(place, WHERE, "1")
    other = Place.at(tmp_path / "other")
    publish_release(other.objects(), folders / "two", None, {})
    before = state(hub)
    with pytest.raises(ReleaseError, match="another model than release 1 .* `minicoil release push hf:OWNER/NAME"):
        push_release(other, WHERE, "1")
    assert state(hub) == before


def test_a_public_repository_takes_nothing_unless_told_so(hub, place):
    push_release(place, WHERE, "1", public=True)
    with pytest.raises(ReleaseError, match="hf:acme/terms is public.*--public"):
        push_release(place, WHERE, "2")
    assert set(hub.repositories["acme/terms"].tags) == {"1"}
    assert push_release(place, WHERE, "2", public=True)["private"] is False


def state(hub):
    repo = hub.repositories[WHERE.repository]
    return dict(repo.commits), dict(repo.tags)
