"""What a document is called: one rule, for every kind of value that rows hold."""

import math
import uuid
from decimal import Decimal

import pytest

from tasks.documents import documents
from tasks.documents.documents import RowPlace, document, id_text, point_id, row_id, row_texts

PLACE = RowPlace("/data/a.jsonl", "a.jsonl", "a.jsonl", 3)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0, "0"),
        ("0", "0"),
        (5, "5"),
        ("5", "5"),
        (-1, "-1"),
        (0.0, "0.0"),
        (False, "False"),
        (" 7", " 7"),
        (10**30, "1" + "0" * 30),
        ({"$oid": "x"}, "{'$oid': 'x'}"),
        ("a\ud800", "a?"),
        ("", ""),
        (None, ""),
        (math.nan, ""),
        (Decimal("NaN"), ""),
    ],
)
def test_each_value_is_one_id_or_none(value, name):
    assert id_text(value) == name
    made = row_texts({"_id": value, "text": "t"}, None, "Some text.", PLACE)
    assert made.doc == (name or "a.jsonl") and made.own_id == name
    made = row_texts({"doc": value, "text": "t"}, None, "Some text.", PLACE)
    assert made.doc == (name or "a.jsonl") and made.own_id == ""


def test_the_first_field_that_holds_an_id_gives_it():
    assert row_id({"_id": "a", "id": "b"}) == "a"
    assert row_id({"_id": None, "id": 0}) == 0
    assert row_id({"id": None, "_id": 5}) == 5
    assert row_id({"id": "", "_id": ""}) is None
    made = row_texts({"doc": "", "_id": None, "id": 0}, None, "Some text.", PLACE)
    assert (made.doc, made.own_id) == ("0", "0")


def test_ids_of_points_are_those_of_collections_that_are_there():
    """As earlier versions made them: a point under another id would be written a second time beside the old one."""
    assert document("a.md", "Title", "Body.").id == "14cbdcc0-e12f-540d-8f2b-65b93c5ffa37"
    assert document("7", "", "Body.", "7").id == "c4e2069f-8146-53cc-a917-76550f362151"
    assert document("7", "Other", "Text.", "7").id == document("7", "", "Body.", "7").id
    by_file = document("a.jsonl", "", "Body.")
    assert row_texts({"doc": 0}, None, "Body.", PLACE).id == by_file.id  # 0 was once taken for none
    assert row_texts({"doc": 0, "_id": 7}, None, "Body.", PLACE).id == document("7", "", "Body.", "7").id


def test_another_name_leaves_a_doc_that_the_row_gave():
    one = row_texts({"_id": 7}, None, "Body.", PLACE)
    assert one.named("b.jsonl#7").doc == "b.jsonl#7"
    part = row_texts({"_id": 7, "doc": "manual"}, None, "Body.", PLACE)
    assert part.named("b.jsonl#7").doc == "manual" and part.named("b.jsonl#7").id != part.id


@pytest.mark.parametrize(
    "parts", [("a.jsonl", "7"), ("", ""), ("caf\u00e9", "x" * 999), *((f"d{i}", "t") for i in range(64))]
)
def test_ids_of_points_are_uuids_of_version_5(parts):
    assert point_id(*parts) == str(uuid.uuid5(documents._NAMESPACE, "\0".join(parts)))
