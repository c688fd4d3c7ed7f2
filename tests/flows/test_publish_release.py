"""A folder that is no model becomes no release, and the channel stays where it is."""

import pytest

from flows.forms.release_parameters import PublishParameters
from flows.publish_release import publish_release
from minicoil.errors import MiniCoilError
from tasks.catalogue.channels import read_channel
from tasks.catalogue.releases import release_numbers
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_folder_that_is_no_model_is_named_and_nothing_is_published(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "empty"
    folder.mkdir()
    for wrong in (folder, tmp_path / "absent"):
        with pytest.raises(MiniCoilError, match=wrong.name):
            publish_release(PublishParameters(home=str(home), folder=str(wrong)))
    store = Place.at(home).objects()
    assert release_numbers(store) == [] and read_channel(store, "production").current is None
