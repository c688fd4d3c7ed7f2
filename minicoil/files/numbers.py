"""What counts as a number: finite, of its kind, within bounds. One place says so for options, calls and documents."""

from __future__ import annotations

import math
import numbers
import typing
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any

from minicoil.errors import UsageError

MOST = 1_000_000_000  # of anything that is counted or measured here; JSON, float64 and every engine hold it exactly
_SHOWN = 40  # characters of a number in a message


@dataclass(frozen=True)
class Number:
    """A kind of number, as metadata of a type: read by `check_numbers` and by pydantic alike.

    >>> Number(0, 1).check(0.75)
    0.75
    >>> Number(0, 10, above=True).check(float("inf"))
    Traceback (most recent call last):
    ValueError: a number above 0 and at most 10 was expected, found inf
    >>> Number(1, 10, whole=True).check(True)
    Traceback (most recent call last):
    ValueError: a whole number from 1 to 10 was expected, found true

    Attributes:
        low, high: Smallest and largest value.
        above: Whether `low` itself is too small.
        whole: Whether only whole numbers are taken; 3.0 is one, as in JSON Schema.
    """

    low: float
    high: float = MOST
    above: bool = False
    whole: bool = False

    def check(self, value: object) -> int | float:
        """The number itself.

        Raises:
            ValueError: it is none of this kind; the message says what was expected and what was found.
        """
        if isinstance(value, bool) or not isinstance(value, numbers.Real):  # numpy's numbers say that they are some
            raise ValueError(f"{self} was expected, found {_show(value)}")
        number: Any = value
        # comparing first: an int of any length compares, and not every one of them can be made a float
        inside = self.low < number <= self.high if self.above else self.low <= number <= self.high
        if not inside or (self.whole and number != int(number)):
            raise ValueError(f"{self} was expected, found {_show(value)}")
        if self.whole:
            return int(number)
        return value if isinstance(value, int | float) else float(number)

    def __str__(self) -> str:
        noun = "a whole number" if self.whole else "a number"
        if self.above:
            return f"{noun} above {self.low:,} and at most {self.high:,}"
        return f"{noun} from {self.low:,} to {self.high:,}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # only pydantic comes by here; the library does without it

        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """The bounds, so that a form refuses before it sends."""
        form: dict[str, Any] = handler(schema)
        return {**form, "exclusiveMinimum" if self.above else "minimum": self.low, "maximum": self.high}


Positive = Annotated[float, Number(0, above=True)]
NotNegative = Annotated[float, Number(0)]
Fraction = Annotated[float, Number(0, 1)]
Count = Annotated[int, Number(1, whole=True)]  # of something that is asked for: none of it would be no request
Size = Annotated[int, Number(0, whole=True)]
Release = Annotated[int, Number(1, whole=True)]
ReleaseOrEmpty = Annotated[int, Number(0, whole=True)]  # 0 is the empty vocabulary
Days = Annotated[float, Number(0, 365_000, above=True)]  # a thousand years: more leave the calendar
DaysFromNow = Annotated[float, Number(-365_000, 365_000)]  # past ones too: what has expired
Hours = Annotated[float, Number(0, 24 * 365_000)]
Bytes = Annotated[int, Number(0, 2**60, whole=True)]
Moment = Annotated[float, Number(0, 1e12)]  # seconds since 1970


def check_numbers(record: Any) -> None:
    """Hold a dataclass's fields against the numbers that their annotations name; for its `__post_init__`.

    None passes where the annotation allows it.

    Raises:
        UsageError: a field holds something else; the message names it.
    """
    for name, (number, may_be_none) in _numbers_of(record.__class__).items():
        value = getattr(record, name)
        if value is None and may_be_none:
            continue
        check_number(name, value, number)


def check_number(name: str, value: object, kind: Any) -> None:
    """Hold one argument of a function against a kind of number.

    Args:
        name: Of the argument.
        value: As it was given.
        kind: A `Number`, or a type annotated with one.

    Raises:
        UsageError: it is none.
    """
    number = kind if isinstance(kind, Number) else _number_in(kind)
    assert number is not None
    try:
        number.check(value)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


@cache
def _numbers_of(kind: Any) -> dict[str, tuple[Number, bool]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    found = {field.name: hints[field.name] for field in fields(kind)}
    return {
        name: (number, type(None) in typing.get_args(hint))
        for name, hint in found.items()
        if (number := _number_in(hint)) is not None
    }


def _number_in(hint: Any) -> Number | None:
    """The number that a type is annotated with, alone or beside None."""
    for entry in (*getattr(hint, "__metadata__", ()), *typing.get_args(hint)):
        if isinstance(entry, Number):
            return entry
        if typing.get_origin(entry) is Annotated and (found := _number_in(entry)):
            return found
    return None


def _show(value: object) -> str:
    """A value as a message quotes it: numbers as they are; of anything else only what it is, for it may be a secret."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else str(value)
    if isinstance(value, int) and value.bit_length() > 4 * _SHOWN:  # Python itself refuses to print thousands of digits
        return f"a number of some {int(value.bit_length() * math.log10(2)) + 1:,} digits"
    if isinstance(value, int):
        return str(value)
    return "text" if isinstance(value, str) else f"something of type {type(value).__name__}"
