"""JSON as its standard has it, read and written: no NaN, no Infinity, no number that is too large for one."""

from __future__ import annotations

import json
import math
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """What JSON says.

    >>> parse_json('{"k": 1.2}')
    {'k': 1.2}
    >>> parse_json('{"k": 1e309}')
    Traceback (most recent call last):
    ValueError: 1e309 is no number that can be computed with

    Raises:
        ValueError: it is none, is nested deeper than the interpreter goes, or holds a number that is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_parse_float)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def write_json(
    document: Any,
    indent: int | None = None,
    sort_keys: bool = False,
    ascii_only: bool = False,
    compact: bool = False,
) -> str:
    """A document as JSON that every reader takes; `compact` without a space between its parts.

    >>> write_json({"k": 1.2}, indent=None)
    '{"k": 1.2}'

    Raises:
        ValueError: it holds NaN or infinity: what computed it is wrong, and no reader could take it.
    """
    parts = (",", ":") if compact else None
    return json.dumps(
        document, indent=indent, sort_keys=sort_keys, ensure_ascii=ascii_only, allow_nan=False, separators=parts
    )


def finite(value: Any) -> Any:
    """A report's document with null in place of each number that is none: a figure that could not be computed."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    return [finite(entry) for entry in value] if isinstance(value, list | tuple) else value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON knows")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        shown = text if len(text) < 40 else f"{text[:40]}..."
        raise ValueError(f"{shown} is no number that can be computed with")
    return number
