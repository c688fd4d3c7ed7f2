"""Texts of points: templates over payloads."""

import pytest

from tasks.collections.texts import PointTextError, TextTemplate
from tasks.points import Point

PAYLOAD = {"title": "Pods", "parts": [{"text": "They run."}, {"no": 1}, {"text": "They stop."}]}


def test_a_template_leads_through_lists():
    texts = TextTemplate("{title}\n{parts[].text}")
    point = Point("a", PAYLOAD)
    assert texts.read(point) == "Pods\nThey run.\nThey stop." and texts.fields == ("title", "parts")
    assert texts.guard(point) == {"title": "Pods", "parts[].text": ["They run.", "They stop."]}


@pytest.mark.parametrize("payload", [{}, {"parts": []}, {"parts": [{"no": 1}]}, {"parts": "none"}])
def test_lists_without_text_have_none(payload):
    with pytest.raises(PointTextError, match=r"point a has no parts\[\].text in its payload$"):
        TextTemplate("{parts[].text}").read(Point("a", payload))


def test_a_list_in_the_way_is_named_with_what_to_write():
    with pytest.raises(PointTextError, match=r"'parts' is a list there: write \{parts\[\].text\}"):
        TextTemplate("{parts.text}").read(Point("a", PAYLOAD))
