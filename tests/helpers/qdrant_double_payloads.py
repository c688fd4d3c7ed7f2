"""What is done to a payload, and which of its fields are shown. Source: lib/segment/src/json_path/mod.rs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from qdrant_double_filters import Path, parse_path


def merged(payload: Mapping[str, Any], given: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
    """The payload with the given fields in it, or in the object at `key`; null removes a field."""
    result = deepcopy(dict(payload))
    if key is None:
        _merge(result, given)
    else:
        _set(result, parse_path(key), given)
    return result


def _merge(target: dict[str, Any], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = deepcopy(value)


def _set(target: Any, path: Path, given: Mapping[str, Any]) -> None:
    head, rest = path[0], path[1:]
    places = [head] if isinstance(head, str) else range(len(target)) if head is None else [head]
    for place in places:
        if isinstance(place, int) and place >= len(target):
            continue
        wanted: type = dict if not rest or isinstance(rest[0], str) else list
        there = target.get(place) if isinstance(target, dict) else target[place]
        if not isinstance(there, wanted):
            there = target[place] = wanted()
        if rest:
            _set(there, rest, given)
        else:
            _merge(there, given)


def without(payload: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    """The payload without what the keys lead to."""
    result = deepcopy(dict(payload))
    for key in keys:
        _remove(result, parse_path(key))
    return result


def _remove(target: Any, path: Path) -> None:
    head, rest = path[0], path[1:]
    if isinstance(head, str):
        if isinstance(target, dict) and head in target:
            if rest:
                _remove(target[head], rest)
            else:
                del target[head]
    elif isinstance(target, list):
        if rest:
            for one in target if head is None else target[head : head + 1]:
                _remove(one, rest)
        elif head is None:
            target.clear()
        elif head < len(target):
            del target[head]


def shown(payload: Mapping[str, Any], selector: Any) -> Mapping[str, Any]:
    """The payload as it was asked for: all of it, some fields, or all but some."""
    if selector is True:
        return payload
    if isinstance(selector, list):
        selector = {"include": selector}
    if selector.get("include") is not None:
        paths = [parse_path(key) for key in selector["include"]]
        return _filtered(payload, (), lambda at: any(_agree(at, path) for path in paths))
    paths = [parse_path(key) for key in selector["exclude"]]
    return _filtered(payload, (), lambda at: not any(at[: len(path)] == path for path in paths))


def _agree(at: Path, path: Path) -> bool:
    return all(a == b for a, b in zip(at, path, strict=False))


def _filtered(value: Any, at: Path, keeps: Any) -> Any:
    if isinstance(value, dict):
        return {k: _filtered(v, (*at, k), keeps) for k, v in value.items() if keeps((*at, k))}
    if isinstance(value, list):
        return [
            _filtered(v, (*at, None), keeps) for v in value if not isinstance(v, (dict, list)) or keeps((*at, None))
        ]
    return value
