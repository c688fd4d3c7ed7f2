"""A form filled in: its defaults, and one line for everything that is wrong."""

import pytest

from flows.forms.filling_in import fill_in
from flows.forms.release_parameters import PromoteParameters
from minicoil.errors import UsageError


def test_what_is_missing_has_its_default():
    form = fill_in(PromoteParameters, "promote-release", {"release": 7})
    assert form == PromoteParameters(release=7) and form.channel == "production"


def test_everything_that_is_wrong_is_said_in_one_line_with_the_flow_and_the_fields():
    with pytest.raises(UsageError, match=r"^promote-release: points_per_second: [^\n]+; release: [^\n]+$"):
        fill_in(PromoteParameters, "promote-release", {"release": 0, "points_per_second": -1})
