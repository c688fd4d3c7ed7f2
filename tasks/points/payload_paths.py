"""Values of a payload by their path, as Qdrant writes one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any


def read_field(payload: Mapping[str, Any], name: str) -> Any:
    """The value at a path as Qdrant writes it: dots lead into objects, `[]` into every entry of a list.

    None where it is absent, null or empty, which Qdrant does not tell apart either; under `[]` a list of what is there.

    >>> read_field({"meta": {"title": "Pods"}, "tags": []}, "meta.title"), read_field({"tags": []}, "tags")
    ('Pods', None)
    >>> read_field({"parts": [{"text": "Pods run."}, {"no": 1}, {"text": ["They", "stop."]}]}, "parts[].text")
    ['Pods run.', 'They', 'stop.']
    """
    head, dot, rest = name.partition(".")
    value = payload.get(head.removesuffix("[]"))
    if head.endswith("[]"):
        entries = value if isinstance(value, list) else []
        found = [_inside(entry, rest) if dot else entry for entry in entries]
        lists = [each if isinstance(each, list) else [each] for each in found if each is not None]
        return list(chain.from_iterable(lists)) or None
    if dot:
        return _inside(value, rest)
    return None if value == [] else value


def _inside(value: Any, path: str) -> Any:
    return read_field(value, path) if isinstance(value, Mapping) else None


def field_root(name: str) -> str:
    """The payload key that a path begins with, which is what Qdrant is asked for.

    >>> field_root("parts[].text"), field_root("meta.title"), field_root("body")
    ('parts', 'meta', 'body')
    """
    return name.split(".")[0].removesuffix("[]")
