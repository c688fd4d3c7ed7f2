"""Whether one value of a payload matches. Source: lib/segment/src/payload_storage/condition_checker.rs of Qdrant 1.18.3."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

EXPECTED_CONDITION = (
    'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some other '
    "mentioned in the documentation: https://qdrant.tech/documentation/concepts/filtering/#filtering-conditions"
)
NO_MATCH = "data did not match any variant of untagged enum MatchInterface"


class BadFilterError(Exception):
    """No filter that this version of the server can read."""


def match_test(match: Mapping[str, Any], index: Any) -> Callable[[Any], bool]:
    """Whether one element of a field's value matches; `index` is the field's, which sees values of its kind only."""
    if "value" in match:
        wanted = match["value"]
        if not isinstance(wanted, (str, int)):
            raise BadFilterError(NO_MATCH)
        return _as_indexed(index, wanted, lambda v: type(v) is type(wanted) and v == wanted)
    if "any" in match or "except" in match:
        return _among_test(match, index)
    if "text" in match or "phrase" in match or "text_any" in match:
        return _text_test(match, _text_params(index))
    raise BadFilterError(NO_MATCH)


def _among_test(match: Mapping[str, Any], index: Any) -> Callable[[Any], bool]:
    listed = match["any"] if "any" in match else match["except"]
    kinds = {type(v) for v in listed}
    if kinds - {str, int} or len(kinds) > 1:
        raise BadFilterError(NO_MATCH)
    values, kind = set(listed), kinds.pop() if kinds else str
    if "any" in match:
        return _as_indexed(index, kind(), lambda v: type(v) is kind and v in values)
    return _as_indexed(index, kind(), lambda v: v is not None and not (type(v) is kind and v in values))


def _as_indexed(index: Any, like: Any, test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The test on what a keyword or integer index holds, where it answers conditions of this kind."""
    kind = index if isinstance(index, str) or index is None else index["type"]
    if kind == "keyword" and isinstance(like, str):
        return lambda v: isinstance(v, str) and test(v)
    if kind == "integer" and type(like) is int:
        return lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and test(int(v))
    return test


def _text_test(match: Mapping[str, Any], words: Mapping[str, Any] | None) -> Callable[[Any], bool]:
    """Of tokens, where the field has a full-text index; else of parts of the text."""
    if "text_any" in match:
        if words is None:
            pieces = match["text_any"].split()
            return lambda v: isinstance(v, str) and any(piece in v for piece in pieces)
        some = set(tokenize(match["text_any"], words))
        return lambda v: isinstance(v, str) and not some.isdisjoint(tokenize(v, words))
    text = match.get("text", match.get("phrase"))
    if words is None:
        return lambda v: isinstance(v, str) and text in v
    tokens = tokenize(text, words)
    if "phrase" in match:
        phrases = bool(words.get("phrase_matching"))
        return lambda v: phrases and isinstance(v, str) and _has_run(tokenize(v, words), tokens)
    return lambda v: isinstance(v, str) and bool(tokens) and set(tokens) <= set(tokenize(v, words))


def _text_params(index: Any) -> Mapping[str, Any] | None:
    """Parameters of a field's full-text index, if it has one."""
    if index == "text":
        return {"type": "text"}
    return index if isinstance(index, dict) and index.get("type") == "text" else None


def _has_run(tokens: list[str], wanted: list[str]) -> bool:
    return bool(wanted) and any(tokens[i : i + len(wanted)] == wanted for i in range(len(tokens)))


def tokenize(text: str, params: Mapping[str, Any]) -> list[str]:
    """Tokens of the word and whitespace tokenizers; folding, stemming and stopwords are not doubled."""
    split = text.split() if params.get("tokenizer") == "whitespace" else re.split(r"[\W_]+", text)
    tokens = [t.lower() if params.get("lowercase") is not False else t for t in split if t]
    least, most = params.get("min_token_len") or 0, params.get("max_token_len") or len(text)
    return [t for t in tokens if least <= len(t) <= most]


def range_test(bounds: Mapping[str, Any]) -> Callable[[Any], bool]:
    if any(isinstance(v, str) for v in bounds.values()):
        inside = within(bounds, _instant)
        return lambda v: isinstance(v, str) and (at := _instant(v)) is not None and inside(at)
    numbers = within(bounds, float)
    return lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and numbers(v)


def within(bounds: Mapping[str, Any], read: Callable[[Any], Any]) -> Callable[[Any], bool]:
    low, high = ([read(bounds[k]) if bounds.get(k) is not None else None for k in keys] for keys in _SIDES)

    def inside(value: Any) -> bool:
        return (
            (low[0] is None or value > low[0])
            and (low[1] is None or value >= low[1])
            and (high[0] is None or value < high[0])
            and (high[1] is None or value <= high[1])
        )

    return inside


_SIDES = (("gt", "gte"), ("lt", "lte"))


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
