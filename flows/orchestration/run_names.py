"""What a run is called, and tagged with, on a server's pages: its channel, and the words or collections it is about.

Prefect's own names ("auspicious-bear") tell nobody which of twenty runs taught which words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from minicoil.harmless import harmless_line

_MOST_NAMED = 3  # words; the run's parameters have all
_MOST_LETTERS = 120  # a name is one line of a list, and one column of the server's database
_NOTHING_NAMED = "the whole service"


def name_run(parameters: object) -> str:
    """The name of a run with these parameters, on one line.

    Args:
        parameters: The flow's form, filled in; or a mapping of its fields, where it was refused before it was one.

    >>> name_run({"channel": "production", "words": ["pod", "taint", "node", "drain", "lease"]})
    'production: pod, taint, node and 2 more'
    >>> name_run({"channel": "staging", "mine": 200, "dry_run": True})
    'staging: 200 mined words (dry run)'
    >>> name_run({"collection": "docs", "one": 3, "other": 4})
    'docs, releases 3 and 4'
    >>> name_run({"channel": "production"})
    'production'
    """
    fields = _fields(parameters)
    about = ", ".join([*_words(fields), *_places(fields), *_releases(fields)])
    name = harmless_line(": ".join(filter(None, (str(fields.get("channel") or ""), about))) or _NOTHING_NAMED)
    if len(name) > _MOST_LETTERS:
        name = name[: _MOST_LETTERS - 3] + "..."
    return f"{name} (dry run)" if fields.get("dry_run") else name


def tag_run(parameters: object) -> list[str]:
    """Tags to filter runs by: the channel, each collection that is named, and whether it only looks.

    >>> tag_run({"channel": "production", "collections": ["docs", "wiki"], "dry_run": True})
    ['channel:production', 'collection:docs', 'collection:wiki', 'dry-run']
    """
    fields = _fields(parameters)
    tags = [f"channel:{fields['channel']}"] if fields.get("channel") else []
    tags += [f"collection:{name}" for name in _collections(fields)]
    return [harmless_line(tag)[:_MOST_LETTERS] for tag in tags] + (["dry-run"] if fields.get("dry_run") else [])


def _fields(parameters: object) -> dict[str, Any]:
    return dict(parameters) if isinstance(parameters, BaseModel | Mapping) else {}


def _words(fields: Mapping[str, Any]) -> list[str]:
    words = fields.get("words")
    said = [_first(words)] if isinstance(words, list) and words else []
    said += [f"words of {PurePath(str(fields['words_file'])).name}"] if fields.get("words_file") else []
    for field, kind in (("mine", "mined"), ("common", "frequent"), ("ambiguous", "ambiguous")):
        if (n := fields.get(field)) is not None:
            said.append(f"{n} {kind} words")
    if not said and "mine" in fields:  # a form that was left empty
        said.append("mined words")
    if "below" in fields:
        said.append("served words" if fields["below"] is None else f"served words below {fields['below']}")
    return said


def _places(fields: Mapping[str, Any]) -> list[str]:
    said = [_first(_collections(fields))] if _collections(fields) else []
    said += [f"{fields['source']} to {fields.get('target')}"] if fields.get("source") else []
    said += [PurePath(str(fields["folder"])).name] if fields.get("folder") else []
    said += [str(fields["shard"])] if fields.get("shard") else []
    return said + ([f"part {fields['part']}"] if fields.get("part") else [])


def _releases(fields: Mapping[str, Any]) -> list[str]:
    if fields.get("one") is not None:
        return [f"releases {fields['one']} and {fields.get('other')}"]
    return [f"release {fields['release']}"] if fields.get("release") is not None else []


def _collections(fields: Mapping[str, Any]) -> list[str]:
    named = fields.get("collections")
    if isinstance(named, list):
        return [str(name) for name in named]
    return [str(fields["collection"])] if fields.get("collection") else []


def _first(names: Sequence[object]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(map(str, names[:_MOST_NAMED])) + (f" and {more:,} more" if more > 0 else "")
