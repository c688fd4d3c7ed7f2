"""Qdrant's filters over points in dictionaries: payload paths, conditions, and which points a filter can only mean.

Source: lib/segment/src/json_path, payload_storage/query_checker.rs and condition_checker.rs of Qdrant 1.18.3.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qdrant_client.local.siphash import point_id_slice
from qdrant_double_matches import EXPECTED_CONDITION, BadFilterError, match_test, range_test, within

Check = Callable[[Any, Any], bool]  # (id, stored point) -> whether the condition holds
Path = tuple[Any, ...]  # str: a key; int: an index; None: every element
CLAUSES = ("must", "must_not", "should", "min_should")  # in the order in which Qdrant walks them


def parse_path(key: str) -> Path:
    """The steps of a payload key.

    >>> parse_path('meta.pages[].n'), parse_path('"a.b"[0]')
    (('meta', 'pages', None, 'n'), ('a.b', 0))
    """
    if not _WHOLE_PATH.fullmatch(key):
        raise BadFilterError(f"Invalid json path: '{key}'")
    steps: list[Any] = []
    for quoted, index, plain in _STEP.findall(key):
        steps.append(quoted[1:-1] if quoted else plain if plain else int(index[1:-1]) if index != "[]" else None)
    return tuple(steps)


_NAME, _INDEX = r'(?:"[^"\\]*"|[^.\[\]"]+)', r"\[\d*\]"
_WHOLE_PATH = re.compile(rf"{_NAME}(?:{_INDEX})*(?:\.{_NAME}(?:{_INDEX})*)*")
_STEP = re.compile(r'("[^"\\]*")|(\[\d*\])|([^.\[\]"]+)')


def values_at(value: Any, path: Path) -> list[Any]:
    """Everything that a path leads to; an array at its end is one value."""
    if not path:
        return [value]
    head, rest = path[0], path[1:]
    if isinstance(head, str):
        return values_at(value[head], rest) if isinstance(value, dict) and head in value else []
    if not isinstance(value, list):
        return []
    if head is None:
        return [found for one in value for found in values_at(one, rest)]
    return values_at(value[head], rest) if head < len(value) else []


def conditions_of(where: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The conditions of a filter itself, not those inside of its conditions."""
    for clause in CLAUSES:
        yield from _clause(where, clause)


def count_conditions(where: Mapping[str, Any] | None) -> int:
    """As Qdrant counts them for rates and bounds: nested ones, each once."""
    if not where:
        return 0
    return sum(
        count_conditions(one["nested"]["filter"])
        if "nested" in one
        else count_conditions(one)
        if _is_filter(one)
        else 1
        for one in conditions_of(where)
    )


def normal_id(value: Any) -> Any:
    """An id as it is stored: an integer of 64 bits, or a UUID in its canonical form; `BadFilterError` otherwise."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    if isinstance(value, str):
        try:
            return str(uuid.UUID(value))
        except ValueError:
            pass
    raise BadFilterError(
        f"value {value} is not a valid point ID, valid values are either an unsigned integer or a UUID"
    )


def id_bound(where: Mapping[str, Any] | None) -> set[Any] | None:
    """Ids outside of which the filter cannot hold; None where it says nothing of ids."""
    if not where:
        return None
    bounds = [b for one in _clause(where, "must") if (b := _condition_bound(one)) is not None]
    if should := _clause(where, "should"):
        among = [_condition_bound(one) for one in should]
        if all(b is not None for b in among):
            bounds.append(set().union(*[b for b in among if b is not None]))
    return set.intersection(*bounds) if bounds else None


def _condition_bound(one: Mapping[str, Any]) -> set[Any] | None:
    if "has_id" in one:
        return {normal_id(i) for i in one["has_id"]}
    return id_bound(one) if _is_filter(one) else None


def compile_filter(
    where: Mapping[str, Any] | None, schema: Mapping[str, Any], version: tuple[int, int] = (1, 18), nested: str = ""
) -> Check:
    """The filter as a function; `schema` says which fields have an index, which changes what matches.

    Raises:
        BadFilterError: a condition that the version does not know.
    """
    if not where:
        return lambda point_id, stored: True
    if not isinstance(where, dict):
        raise BadFilterError(EXPECTED_CONDITION)
    for name in where.keys() - set(CLAUSES):
        known = "`should`, `min_should`, `must`, `must_not`"
        raise BadFilterError(f"unknown field `{name}`, expected one of {known}")
    parts: dict[str, list[Check]] = {
        clause: [_condition(one, schema, version, nested) for one in _clause(where, clause)] for clause in CLAUSES
    }
    must, must_not, should, min_should = (parts[clause] for clause in CLAUSES)
    least = where["min_should"]["min_count"] if where.get("min_should") else 0

    def check(point_id: Any, stored: Any) -> bool:
        return (
            all(one(point_id, stored) for one in must)
            and not any(one(point_id, stored) for one in must_not)
            and (not should or any(one(point_id, stored) for one in should))
            and (not min_should or sum(one(point_id, stored) for one in min_should) >= least)
        )

    return check


def _clause(where: Mapping[str, Any], clause: str) -> list[Any]:
    given = where.get(clause)
    if clause == "min_should" and given is not None:
        return list(given["conditions"])
    return [] if given is None else given if isinstance(given, list) else [given]


def _is_filter(one: Mapping[str, Any]) -> bool:
    return any(clause in one for clause in CLAUSES)


def _condition(one: Any, schema: Mapping[str, Any], version: tuple[int, int], nested: str) -> Check:
    if not isinstance(one, dict):
        raise BadFilterError(EXPECTED_CONDITION)
    if "key" in one:
        return _field(one, schema, nested)
    if "is_empty" in one or "is_null" in one:
        how = "is_empty" if "is_empty" in one else "is_null"
        path = parse_path(one[how]["key"])
        if how == "is_empty":
            return lambda _, stored: all(v is None or v == [] for v in values_at(stored.payload, path))
        null = _has_null if nested + one[how]["key"] in schema else _is_null  # an index looks into arrays
        return lambda _, stored: any(null(v) for v in values_at(stored.payload, path))
    if "has_id" in one:
        try:
            ids = {normal_id(i) for i in one["has_id"]}
        except BadFilterError:
            raise BadFilterError(EXPECTED_CONDITION) from None
        return lambda point_id, _: point_id in ids
    if "has_vector" in one:
        return lambda _, stored: one["has_vector"] in stored.vectors
    if "nested" in one:
        return _nested(one["nested"], schema, version)
    if "slice" in one and version >= (1, 19):
        index, total = one["slice"]["index"], one["slice"]["total"]
        return lambda point_id, _: point_id_slice(point_id, total) == index
    if _is_filter(one) or not one:
        return compile_filter(one, schema, version, nested)
    raise BadFilterError(EXPECTED_CONDITION)


class _Element:
    """One object of an array, looked at as if it were a point."""

    vectors: Mapping[str, Any] = {}

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload


def _nested(given: Mapping[str, Any], schema: Mapping[str, Any], version: tuple[int, int]) -> Check:
    path = parse_path(given["key"])
    path = path if path[-1] is None else (*path, None)
    inner = compile_filter(given["filter"], schema, version, nested=given["key"].removesuffix("[]") + "[].")

    def check(_: Any, stored: Any) -> bool:
        return any(inner(None, _Element(v)) for v in values_at(stored.payload, path) if isinstance(v, dict))

    return check


def _field(one: Mapping[str, Any], schema: Mapping[str, Any], nested: str) -> Check:
    path = parse_path(one["key"])
    if one.keys() & {"geo_radius", "geo_bounding_box", "geo_polygon"}:
        raise NotImplementedError("this double has no geography")
    if one.get("values_count") is not None:
        inside = within(one["values_count"], float)

        def counts(value: Any) -> bool:
            return inside(len(value) if isinstance(value, list) else 0 if value is None else 1)

        return lambda _, stored: any(counts(v) for v in values_at(stored.payload, path))
    for how, empty in (("is_empty", lambda v: v is None or v == []), ("is_null", _has_null)):
        if one.get(how) is not None:
            wanted = bool(one[how])
            absent = wanted if how == "is_empty" else not wanted
            return lambda _, stored, wanted=wanted, absent=absent, empty=empty: (
                any(empty(v) == wanted for v in found) if (found := values_at(stored.payload, path)) else absent
            )
    index = schema.get(nested + one["key"])
    tests = []
    if one.get("match") is not None:
        tests.append(match_test(one["match"], index))
    if one.get("range") is not None:
        tests.append(range_test(one["range"]))
    if not tests:
        raise BadFilterError("At least one field condition must be specified")

    def check(_: Any, stored: Any) -> bool:
        for value in values_at(stored.payload, path):
            for element in value if isinstance(value, list) else (value,):
                if any(test(element) for test in tests):
                    return True
        return False

    return check


def _is_null(value: Any) -> bool:
    return value is None


def _has_null(value: Any) -> bool:
    return value is None or (isinstance(value, list) and any(v is None for v in value))
