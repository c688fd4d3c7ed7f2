"""A measurement is of one thing, which is said before anything is read."""

import pytest
from pydantic import ValidationError

from flows.forms.proof_parameters import CompareParameters, EvaluateParameters


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "give a BEIR folder, or a collection to make queries from"),
        ({"folder": "f", "model": "m", "release": 3}, "give a release or a model folder, not both"),
        (
            {"folder": "f", "collection": "docs", "release": 3},
            "a collection is searched with the release it is served with; leave release and model out",
        ),
        (
            {"folder": "f", "collection": "docs", "model": "m"},
            "a collection is searched with the release it is served with; leave release and model out",
        ),
    ],
)
def test_requests_that_contradict_themselves_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        EvaluateParameters(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"folder": "f"},
        {"folder": "f", "release": 3},
        {"folder": "f", "model": "m"},
        {"folder": "f", "collection": "docs"},
        {"collection": "docs", "release": 3},  # queries made from it, a release of one's choice
        {"collection": "docs", "model": "m"},
    ],
)
def test_all_others_are_measured(values):
    assert EvaluateParameters(**values).model_dump(exclude_defaults=True) == values


@pytest.mark.parametrize("wrong", [{"one": -1}, {"limit": 0}, {"limit": 101}, {"collection": "a b"}, {"one": True}])
def test_a_comparison_has_two_releases_plain_bm25_among_them_and_a_depth(wrong):
    common = {"one": 0, "other": 7, "collection": "docs", "queries": "q.txt"}
    assert CompareParameters(**common).limit == 10
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        CompareParameters(**{**common, **wrong})
