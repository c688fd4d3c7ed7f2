"""A release is found by its number or by the channel that serves it, and what is neither is told what there is."""

import pytest

from minicoil.errors import ReleaseError
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.release_names import find_release
from tasks.catalogue.releases import publish_release
from tasks.place import Place


@pytest.fixture
def place(folder, tmp_path):
    """Two releases; "production" serves the first, "coming" none yet."""
    found = Place.at(tmp_path / "home")
    publish_release(found.objects(), folder, None, {"n": 1})
    publish_release(found.objects(), folder, 1, {"n": 2})
    set_pending(found.objects(), "production", 1, None)
    move_current(found.objects(), "production", 1)
    set_pending(found.objects(), "coming", 2, None)
    return found


@pytest.mark.parametrize(("name", "release"), [("1", 1), ("2", 2), ("002", 2), ("production", 1)])
def test_a_number_and_a_channel_lead_to_a_release(place, name, release):
    assert find_release(place, name).release == release


def test_what_is_neither_is_told_which_channels_there_are(place, tmp_path):
    for name in ("coming", "nothing", "-1", "\u00b2", ""):
        with pytest.raises(ReleaseError) as caught:
            find_release(place, name)
        assert str(caught.value) == (
            f"'{name}' is neither a release number nor a channel that serves one; channels: coming, production; "
            "`minicoil release list` shows all releases"
        )
    with pytest.raises(ReleaseError, match="channels: none"):
        find_release(Place.at(tmp_path / "other"), "production")


def test_a_number_of_no_release_is_told_with_the_store(place):
    with pytest.raises(ReleaseError) as caught:
        find_release(place, "7")
    assert str(caught.value) == (f"release 7 was not found in {place.store_url}; `minicoil release list` shows them")
