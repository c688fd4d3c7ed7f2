"""A release that is not there, or whose time has passed, is promoted by nobody."""

import pytest

from flows.forms.release_parameters import PromoteParameters
from flows.promote_release import promote_release
from minicoil.errors import DamagedReleaseError, ReleaseError
from tasks.catalogue.approvals import hold_release, read_waiting
from tasks.catalogue.channels import read_channel
from tasks.catalogue.releases import publish_release
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_release_that_is_not_there_moves_no_channel(tmp_path):
    with pytest.raises(ReleaseError, match="release 7"):
        promote_release(PromoteParameters(home=str(tmp_path), release=7))
    assert read_channel(Place.at(tmp_path).objects(), "production").pending is None


def test_a_release_whose_time_to_be_approved_has_passed_needs_force(tmp_path, monkeypatch):
    store = Place.at(tmp_path).objects()
    hold_release(store, "production", 3, ["nDCG@10 fell"], 1)
    monkeypatch.setattr("tasks.catalogue.approvals.WaitingRelease.has_expired", True)
    with pytest.raises(ReleaseError, match="release 3.*force"):
        promote_release(PromoteParameters(home=str(tmp_path), release=3))
    assert read_waiting(store, "production", 3) is not None


def test_a_damaged_channel_is_put_aside_by_force_alone(tmp_path):
    store = Place.at(tmp_path / "home").objects()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("# A model\n")
    release = publish_release(store, tmp_path / "model", None, {}).release
    store.write("channels/production.json", b"{")
    asked = {"home": str(tmp_path / "home"), "release": release}
    with pytest.raises(DamagedReleaseError, match="production"):
        promote_release(PromoteParameters(**asked))
    assert store.read("channels/production.json") == b"{"
    answer = promote_release(PromoteParameters(**asked, force=True))
    assert answer.promoted and "the damaged document of channel 'production' is kept at" in answer.message
    assert read_channel(store, "production").current == release
