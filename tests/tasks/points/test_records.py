"""What crosses to an engine holds what it says: filters and guards read payloads as Qdrant does."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import CollectionError
from tasks.points import wire
from tasks.points.records import (
    CollectionSchema,
    CollectionShape,
    PointFilter,
    VectorUpdate,
    id_order,
    not_found,
    probes,
)


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (PointFilter(), True),
        (PointFilter(any_of={"tags": ["x", "b"]}), True),
        (PointFilter(any_of={"tags": ["x"]}), False),
        (PointFilter(any_of={"tags": []}), False),
        (PointFilter(any_of={"absent": ["x"]}), False),
        (PointFilter(equal={"n": 1}), True),
        (PointFilter(equal={"tags": "a"}), True),  # one of a list is enough
        (PointFilter(equal={"n": 2}), False),
        (PointFilter(equal={"absent": 1}), False),
        (PointFilter(not_equal={"n": 2, "absent": 1}), True),  # what is missing is different
        (PointFilter(not_equal={"tags": "a"}), False),
        (PointFilter(missing=["absent", "null", "empty", "meta.absent"]), True),
        (PointFilter(missing=["meta.title"]), False),
        (PointFilter(equal={"meta.title": "Pods", "n": 1}), True),
        (PointFilter(equal={"meta.title": "Pods", "n": 2}), False),
        (PointFilter(equal={"parts[].no": 2}), True),
        (PointFilter(any_of={"meta": ["Pods"]}), False),  # an object is no value
        (PointFilter(text_any={"text": ["nowhere"]}), True),  # full text is the engine's
    ],
)
def test_a_filter_holds_where_all_its_conditions_on_fields_do(where, holds):
    payload = {"n": 1, "tags": ["a", "b"], "null": None, "empty": [], "meta": {"title": "Pods"}, "text": "pods"}
    payload["parts"] = [{"no": 1}, {"no": 2}]
    assert where.holds(payload) is holds


FIELDS = ("a", "b", "c", "d", "e")


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(FIELDS)))
def test_a_filter_of_some_fields_looks_at_no_other_and_forgets_ids_and_slice(fields):
    where = PointFilter(
        any_of={"a": ["x"]},
        text_any={"b": ["x"]},
        equal={"c": 1},
        not_equal={"d": 1},
        missing=["e"],
        ids=[1],
        slice=(0, 2),
        has="words",
        lacks="role",
    )
    part = where.of_fields(fields)
    assert where.fields == set(FIELDS) and part.fields == fields
    assert (part.ids, part.slice, part.has, part.lacks) == (None, None, None, None)
    if fields == set(FIELDS):
        assert (part.any_of, part.not_equal) == (where.any_of, where.not_equal)


def test_records_come_over_the_wire_as_they_went():
    """Lists and tuples are one thing there: what compared as equal before must do so after."""
    for record in (
        CollectionSchema(dense={"role": 3}, sparse=("words",), keyword=("a",), integer=("n",), text=("t",)),
        CollectionShape({"role": 3}, {"words": True}, ("a",), 2, 0.1, 7, ("role",)),
        PointFilter(missing=["a"], slice=(1, 3)),
    ):
        assert wire.unpack(wire.pack(record)) == record


@pytest.mark.parametrize(
    ("unchanged", "payload", "holds"),
    [
        ({}, {"text": "anything"}, True),
        ({"text": "pods"}, {"text": "pods", "more": 1}, True),
        ({"text": "pods"}, {"text": "nodes"}, False),
        ({"text": None}, {}, True),
        ({"text": None}, {"text": []}, True),  # Qdrant does not tell them apart either
        ({"text": None}, {"text": ""}, False),
        ({"meta.title": "Pods"}, {"meta": {"title": "Pods"}}, True),
        (
            {"parts[].text": ["a", "b"]},
            {"parts": [{"text": "b"}, {"text": "a"}]},
            False,
        ),  # another order is another text
        ({"text": "pods", "n": 1}, {"text": "pods", "n": 2}, False),
    ],
)
def test_an_update_is_written_only_while_the_point_has_what_it_was_made_from(unchanged, payload, holds):
    assert VectorUpdate(1, {}, unchanged).holds(payload) is holds


def test_probes_touch_each_cell_once_and_no_two_cancel_under_both():
    one, other = probes([9, 7, 9, 2**31 - 1])
    assert one.indices.tolist() == other.indices.tolist() == [7, 9, 2**31 - 1]
    for vector in (one, other):
        assert vector.values.dtype == np.float32 and ((vector.values >= 0.5) & (vector.values < 1)).all()
    # of values that cancel under the first weights: not under the second
    values = np.array([1 / one.values[0], -1 / one.values[1], 0], np.float32)
    assert abs(values @ one.values) < 1e-6 < abs(values @ other.values)
    again, _ = probes([7, 9, 2**31 - 1])
    assert again.values.tolist() == one.values.tolist()  # the same question every time


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**63) | st.uuids().map(str), max_size=8))
def test_ids_are_ordered_as_engines_order_them_numbers_first(ids):
    ordered = sorted(ids, key=id_order)
    numbers = [entry for entry in ordered if isinstance(entry, int)]
    assert ordered == sorted(numbers) + sorted(entry for entry in ordered if isinstance(entry, str))


@pytest.mark.parametrize(
    ("names", "known"),
    [
        ([], "there are no collections here yet"),
        (["_sentences"], "there are no collections here yet"),  # the service's own is nobody's to search
        (["zoo", "_sentences", "docs"], "collections here: docs, zoo"),
    ],
)
def test_a_collection_that_is_not_there_is_named_with_those_that_are_and_how_to_make_it(names, known):
    error = not_found("nope", names)
    assert isinstance(error, CollectionError) and error.facts == {"name": "nope"}
    assert str(error) == (
        f"collection 'nope' was not found; {known}; create it with `minicoil index nope --corpus SPEC`"
    )
