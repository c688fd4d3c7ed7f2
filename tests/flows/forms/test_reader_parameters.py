"""What is said of readers reaches the task as it was said, and a release is a number or all of them."""

import pytest
from pydantic import ValidationError

from flows.forms.reader_parameters import ReadersParameters


def test_a_request_has_all_that_was_said_and_no_address():
    asked = ReadersParameters(
        home="/h", channel="staging", acknowledged=["6", "all"], name="shop-api", release=7, days=3, known=False,
        collections=["docs"],
    )  # fmt: skip
    request = asked.request()
    assert (request.channel, request.acknowledged, request.collections) == ("staging", ("6", "all"), ("docs",))
    assert (request.name, request.release, request.days, request.unregister, request.known) == (
        "shop-api", 7, 3, None, False,
    )  # fmt: skip
    assert ReadersParameters().request().known is None


@pytest.mark.parametrize("value", ["", "six", "-1", "1.5", "ALL", "1234567890"])
def test_what_is_no_release_is_refused_by_what_it_is(value):
    with pytest.raises(ValidationError, match=f"'{value}': a release's number was expected, or 'all'"):
        ReadersParameters(acknowledged=[value])


@pytest.mark.parametrize("wrong", [{"release": 0}, {"days": 0}, {"name": "a b"}, {"unregister": ""}])
def test_numbers_and_names_have_their_bounds(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ReadersParameters(**wrong)
