"""What a collection's strict mode refuses, and how its rates are limited.

Source: lib/collection/src/operations/verification, problems/unindexed_field.rs, lib/common/common/src/rate_limiting.rs.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Mapping
from typing import Any

from qdrant_double_bodies import Refused, bad_request
from qdrant_double_filters import CLAUSES, conditions_of, count_conditions

ALL_KINDS = (
    *("bool", "datetime", "float", "geo", "integer", "keyword", "text"),
    *("text (with phrase_matching: true)", "uuid"),
)


def _help(text: str, move: str) -> Refused:
    return bad_request(f"{text}. Help: {move}")


def check_bound(value: int, bound: int | None, name: str) -> None:
    if bound is not None and value > bound:
        move = f'Reduce the "{name}" parameter to or below {bound}.'
        raise _help(f'Limit exceeded {value} > {bound} for "{name}"', move)


def check_filter(
    where: Mapping[str, Any] | None, schema: Mapping[str, Any], strict: Mapping[str, Any], writes: bool
) -> None:
    """Refuse a filter by a field without an index, where that is asked for, and one of too many conditions."""
    if not where:
        return
    if strict.get("unindexed_filtering_update" if writes else "unindexed_filtering_retrieve") is False:
        lacking = _first_unindexed(where, schema, "")
        if lacking is not None:
            key, kinds = lacking
            raise _help(
                f'Index required but not found for "{key}" of one of the following types: [{", ".join(sorted(kinds))}]',
                "Create an index for this key or use a different filter.",
            )
    count, bound = count_conditions(where), strict.get("filter_max_conditions")
    if bound is not None and count > bound:
        move = "Reduce the amount of conditions of your filter."
        raise _help(f"Filter condition limit reached ({count} > {bound})", move)
    size = max((_size(one) for one in conditions_of(where)), default=0)
    bound = strict.get("condition_max_size")
    if bound is not None and size > bound:
        raise _help(f"Condition size limit reached ({size} > {bound})", "Reduce the size of your condition.")


def _size(one: Mapping[str, Any]) -> int:
    """Number of values that a condition compares with."""
    if "has_id" in one:
        return len(one["has_id"])
    if "nested" in one:
        return max((_size(inner) for inner in conditions_of(one["nested"]["filter"])), default=0)
    if one.keys() & set(CLAUSES):
        return max((_size(inner) for inner in conditions_of(one)), default=0)
    match = one.get("match") or {}
    return len(match.get("any", match.get("except", ())))


def _first_unindexed(where: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> tuple[str, set[str]] | None:
    for one in conditions_of(where):
        if "nested" in one:
            inner = f"{prefix}{one['nested']['key'].removesuffix('[]')}[]."
            found = _first_unindexed(one["nested"]["filter"], schema, inner)
        elif one.keys() & set(CLAUSES):
            found = _first_unindexed(one, schema, prefix)
        else:
            found = _lacking(one, schema, prefix)
        if found is not None:
            return found
    return None


def _lacking(one: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> tuple[str, set[str]] | None:
    for how in ("is_empty", "is_null"):
        if how in one and "key" not in one:
            return _unless_indexed(prefix + one[how]["key"], set(ALL_KINDS), schema)
    if "key" not in one:
        return None
    kinds: set[str] = set()
    uses: set[str] = set()
    if match := one.get("match"):
        uses |= _match_uses(match)
    if one.get("range") is not None:
        dates = any(isinstance(v, str) for v in one["range"].values())
        uses |= {"datetime"} if dates else {"float", "integer range"}
    if any(one.get(k) is not None for k in ("geo_radius", "geo_bounding_box", "geo_polygon")):
        uses.add("geo")
    if any(one.get(k) is not None for k in ("values_count", "is_empty", "is_null")):
        uses |= {*ALL_KINDS, "integer range"}
    kinds = {use.removesuffix(" range").removesuffix(" match") for use in uses}
    return _unless_indexed(prefix + one["key"], kinds, schema, uses) if uses else None


def _match_uses(match: Mapping[str, Any]) -> set[str]:
    if "text" in match or "text_any" in match:
        return {"text"}
    if "phrase" in match:
        return {"text (with phrase_matching: true)"}
    values = [match["value"]] if "value" in match else match.get("any", match.get("except"))
    if not values:
        return set()
    if isinstance(values[0], bool):
        return {"bool"}
    if isinstance(values[0], int):
        return {"integer match"}
    return {"keyword", "uuid"} if all(_is_uuid(v) for v in values) else {"keyword"}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _unless_indexed(
    key: str, kinds: set[str], schema: Mapping[str, Any], uses: set[str] | None = None
) -> tuple[str, set[str]] | None:
    return None if key in schema and _abilities(schema[key]) & (uses or kinds) else (key, kinds)


def _abilities(entry: Any) -> set[str]:
    """What an index of a field is good for."""
    kind = entry if isinstance(entry, str) else entry["type"]
    able = {kind}
    if kind == "integer":
        able |= {f"integer {use}" for use, ask in (("match", "lookup"), ("range", "range")) if _asks(entry, ask)}
    if kind == "text" and isinstance(entry, dict) and entry.get("phrase_matching"):
        able.add("text (with phrase_matching: true)")
    return able


def _asks(entry: Any, option: str) -> bool:
    return isinstance(entry, str) or entry.get(option) is not False


class RateLimiter:
    """A bucket of tokens, filled evenly; full at first."""

    def __init__(self, per_minute: int, what: str) -> None:
        self._capacity, self._tokens, self._what = per_minute, float(per_minute), what
        self._looked = time.monotonic()

    def take(self, cost: int) -> None:
        """Refuse with 429 where there are too few; a request larger than the bucket for good."""
        if cost > self._capacity:
            raise Refused(
                429,
                f"Rate limiting exceeded: {self._what} rate limit exceeded, "
                "request larger than rate limiter capacity, please try to split your request",
            )
        now = time.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._looked) * self._capacity / 60)
        self._looked = now
        if self._tokens >= cost:
            self._tokens -= cost
            return
        seconds = math.ceil((cost - self._tokens) * 60 / self._capacity)
        raise Refused(
            429,
            f"Rate limiting exceeded: {self._what} rate limit exceeded: Operation requires {cost} tokens but only "
            f"{self._tokens:.1f} were available. Retry after {seconds}s",
            {"Retry-After": str(seconds)},
        )
