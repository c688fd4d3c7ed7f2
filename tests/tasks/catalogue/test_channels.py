"""Where a channel stands, and what cannot be done with one that serves nothing."""

import pytest

from minicoil.errors import ReleaseError
from tasks.catalogue.channels import point_back


def test_a_channel_that_serves_nothing_cannot_go_back_and_names_what_makes_a_first_release(store):
    with pytest.raises(
        ReleaseError, match=r"serves nothing yet.*`minicoil extend .*--channel staging` makes a first one"
    ):
        point_back(store, "staging")
