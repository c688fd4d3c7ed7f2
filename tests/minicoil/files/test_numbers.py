"""What a number is: the same for dataclasses, for pydantic, and for numpy's own."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from minicoil import load
from minicoil.config import Bm25Config, SamplingConfig, TrainingConfig
from minicoil.errors import UsageError
from minicoil.files.numbers import Count, Fraction, Number, Positive, Size, check_number, check_numbers

NONE_OF_THEM = [
    float("nan"),
    float("inf"),
    float("-inf"),
    1e309,
    -(10**400),
    10**400,
    True,
    False,
    "1",
    None,
    [1],
    b"1",
]


@dataclass(frozen=True)
class Record:
    share: Fraction
    length: Positive | None = None
    n: Count = 1
    name: str = "x"

    def __post_init__(self):
        check_numbers(self)


class Document(BaseModel):
    share: Fraction
    n: Count = 1


@pytest.mark.parametrize("value", NONE_OF_THEM)
def test_what_is_no_number_is_refused_in_one_line_that_names_the_field(value):
    for make in (lambda: Record(value), lambda: Record(0.5, n=value), lambda: check_number("share", value, Fraction)):
        with pytest.raises(UsageError, match="^(share|n): a .*number from .* was expected, found ") as caught:
            make()
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 200
    for fields in ({"share": value}, {"share": 0.5, "n": value}):
        with pytest.raises(ValidationError, match="was expected, found"):
            Document(**fields)


def test_none_is_a_number_only_where_the_type_allows_it():
    assert Record(0.5, None).length is None
    with pytest.raises(UsageError, match="length: a number above 0 .* found 0"):
        Record(0.5, 0)


@pytest.mark.parametrize(
    "document", ['{"share": NaN}', '{"share": 1e309}', '{"share": -Infinity}', '{"share": "0.5"}', '{"share": true}']
)
def test_json_through_pydantic_alone_is_held_to_the_same(document):
    with pytest.raises(ValidationError, match="a number from 0 to 1 was expected"):
        Document.model_validate_json(document)


def test_numpys_numbers_are_numbers_and_whole_ones_may_be_written_with_a_point():
    assert check_number("n", np.int64(3), Count) is None
    assert Number(1, whole=True).check(np.int64(3)) == 3 and type(Number(1, whole=True).check(3.0)) is int
    assert Bm25Config(k=np.float32(1.5), avg_len=np.float64(3)).avg_len == 3
    with pytest.raises(UsageError):
        check_number("n", np.float64("nan"), Size)
    with pytest.raises(UsageError):
        check_number("n", np.True_, Size)


@given(st.floats() | st.integers() | st.booleans() | st.text(max_size=3) | st.none())
def test_whatever_passes_is_finite_and_inside(value):
    for number in (Number(0, 1), Number(0, above=True), Number(1, 100, whole=True)):
        try:
            taken = number.check(value)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert number.low <= taken <= number.high and (taken > number.low or not number.above)
            assert type(taken) in (int, float)


def test_a_form_shows_the_bounds():
    class Form(BaseModel):
        k: Positive
        n: Annotated[int, Number(1, 100, whole=True)]

    fields = Form.model_json_schema()["properties"]
    assert fields["k"] == {"exclusiveMinimum": 0, "maximum": 1_000_000_000, "title": "K", "type": "number"}
    assert (fields["n"]["minimum"], fields["n"]["maximum"], fields["n"]["type"]) == (1, 100, "integer")


@pytest.mark.parametrize(
    "values",
    [
        {"k": -1},
        {"k": float("inf")},
        {"b": 1.1},
        {"b": float("nan")},
        {"avg_len": 0},
        {"avg_len": "44"},
        {"avg_len": float("inf")},
    ],
)
def test_a_python_caller_is_told_too(bundle, values):
    (name,) = values
    with pytest.raises(UsageError, match=f"^{name}: "):
        load(bundle, **values)


def test_more_calls_from_python(bundle):
    with pytest.raises(UsageError, match="threads"):
        load(bundle, threads=-1)
    for name, value in (("batch_size", 0), ("parallel", -1), ("parallel", True)):
        with pytest.raises(UsageError, match=name):
            list(load(bundle).embed(["a pod"], **{name: value}))
    with pytest.raises(UsageError, match="seed"):
        SamplingConfig(seed=float("nan"))
    with pytest.raises(UsageError, match="learning_rate"):
        TrainingConfig(learning_rate=float("inf"))
