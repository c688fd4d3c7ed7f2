"""What is said of readers reaches the task as it was said, and a release is a number or all of them."""

import pytest
from pydantic import ValidationError

from flows.forms.reader_parameters import ReadersParameters
from minicoil.errors import UsageError


def test_a_request_has_all_that_was_said_and_no_address():
    for said in (
        {"acknowledged": ["6", "all"], "collections": ["docs"]},
        {"name": "shop-api", "release": 7, "days": 3},
        {"unregister": "shop-api"},
        {"known": False},
        {},
    ):
        request = ReadersParameters(home="/h", channel="staging", **said).request()
        expected = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
        assert request.channel == "staging" and {name: getattr(request, name) for name in said} == expected
        assert request.known is said.get("known")


def test_two_requests_at_once_are_refused():
    with pytest.raises(UsageError, match="--ack and --known are two requests; make them one after the other"):
        ReadersParameters(acknowledged=["6"], known=True).request()


@pytest.mark.parametrize("value", ["", "six", "-1", "1.5", "ALL", "1234567890"])
def test_what_is_no_release_is_refused_by_what_it_is(value):
    with pytest.raises(ValidationError, match=f"'{value}': a release's number was expected, or 'all'"):
        ReadersParameters(acknowledged=[value])


@pytest.mark.parametrize("wrong", [{"release": 0}, {"days": 0}, {"name": "a b"}, {"unregister": ""}])
def test_numbers_and_names_have_their_bounds(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ReadersParameters(**wrong)
