"""What is asked of an adoption reaches the task whole, and what contradicts itself is refused."""

import pytest
from pydantic import ValidationError

from flows.forms.adoption_parameters import AdoptParameters


def test_a_shells_escapes_are_line_breaks():
    asked = AdoptParameters(collection="docs", text="{title}\\n{body}\\t{tags}")
    assert asked.text == asked.request().text == "{title}\n{body}\t{tags}"
    assert AdoptParameters(collection="docs").text is None


def test_a_request_has_all_that_was_asked():
    values = {
        "collection": "docs", "channel": "staging", "text": "{body}", "encoder": "acme", "dims": 8, "vector": "v",
        "bm25": False, "k": 1.5, "b": 0.5, "avg_len": 44.0, "importance": "3", "language": "de",
    }  # fmt: skip
    request = AdoptParameters(**values).request()
    values["plain"] = values.pop("bm25")
    assert {name: getattr(request, name) for name in values} == values


def test_pace_and_share_are_options():
    options = AdoptParameters(collection="docs", part="2/4", points_per_second=50.0).options()
    assert (options.part, options.points_per_second) == ((1, 4), 50.0)
    assert AdoptParameters(collection="docs").options().part is None


def test_what_is_taken_back_is_taken_back_whole():
    with pytest.raises(ValidationError, match="undo goes over the whole collection; leave part out"):
        AdoptParameters(collection="docs", undo=True, part="1/2")
    assert AdoptParameters(collection="docs", undo=True).undo


@pytest.mark.parametrize(
    "wrong", [{"vector": ""}, {"k": 0}, {"b": 2}, {"avg_len": 0}, {"importance": "some"}, {"dims": 5}]
)
def test_settings_that_are_none_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        AdoptParameters(collection="docs", **wrong)
