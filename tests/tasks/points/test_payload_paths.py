"""A value of a payload is found by its path as Qdrant finds it, and what is absent, null or empty is all the same."""

import pytest
from hypothesis import given, strategies as st

from tasks.points.payload_paths import field_root, read_field

PAYLOAD = {
    "text": "pods",
    "empty": [],
    "null": None,
    "zero": 0,
    "blank": "",
    "meta": {"title": "Pods", "tags": ["a", "b"], "deep": {"er": 1}},
    "parts": [{"text": "one"}, {"no": 1}, {"text": None}, {"text": ["two", "three"]}, "four", {"text": []}],
    "rows": [{"cells": [{"v": 1}, {"v": 2}]}, {"cells": []}, {"cells": [{"v": [3]}]}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("text", "pods"),
        ("absent", None),
        ("null", None),
        ("empty", None),
        ("zero", 0),  # a value as any other
        ("blank", ""),
        ("meta.title", "Pods"),
        ("meta.deep.er", 1),
        ("meta.absent.er", None),
        ("text.title", None),  # no object
        ("meta.tags", ["a", "b"]),
        ("meta.tags[]", ["a", "b"]),
        ("parts[].text", ["one", "two", "three"]),
        ("parts.text", None),  # a list is not an object: Qdrant wants the brackets
        ("parts[].absent", None),
        ("text[]", None),
        ("empty[]", None),
        ("rows[].cells[].v", [1, 2, 3]),
        ("absent[].text", None),
    ],
)
def test_a_path_leads_to_what_qdrant_finds_there(path, value):
    assert read_field(PAYLOAD, path) == value


KEYS = st.text("abc", min_size=1, max_size=3)


@given(st.lists(KEYS, min_size=1, max_size=4), st.text() | st.integers())
def test_whatever_was_put_at_a_path_is_found_there_and_its_root_is_the_key_to_ask_for(keys, value):
    payload = value
    for key in reversed(keys):
        payload = {key: payload}
    assert read_field(payload, ".".join(keys)) == value
    assert field_root(".".join(keys)) == field_root(f"{keys[0]}[].x") == keys[0]
    listed = {keys[0]: [payload[keys[0]]] * 2}
    path = ".".join([f"{keys[0]}[]", *keys[1:]])
    assert read_field(listed, path) == [value, value]
