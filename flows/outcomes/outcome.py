"""The answer of a flow: a document that does not change any more, its best known keys as fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn, Self

from flows.outcomes.shown_parts import show_mapping

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Outcome(dict[str, Any]):
    """What a flow answers.

    It is the JSON document of the command line (`outcome["release"]`, `outcome == {...}`, and json takes it), and
    has a field for each key that its flow may answer with; a field whose key is left out is None or empty.

    >>> outcome = Outcome.of({"release": 7, "message": "served"})
    >>> outcome.message, outcome["release"], outcome.get("parent")
    ('served', 7, None)

    Attributes:
        message: What a person has to know beside the figures.
    """

    message: str | None = None

    def __post_init__(self) -> None:
        if not self:
            dict.update(
                self, {name: value for name in _names(type(self)) if (value := getattr(self, name)) is not None}
            )

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The outcome of this document, whose keys keep their order; a key that has no field stays in the document."""
        known = {name: document[name] for name in _names(cls) if name in document}
        outcome = cls(**known)
        dict.clear(outcome)
        dict.update(outcome, document)
        return outcome

    def to_json(self) -> dict[str, Any]:
        """A copy of the document that its owner may change."""
        return dict(self)

    def show(self) -> None:
        """Print it for a person."""
        show_mapping(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("an outcome does not change; `to_json()` is a copy that may")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse  # who could, should not


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TimedOutcome(Outcome):
    """Of a flow of several steps.

    Attributes:
        seconds: By step.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)


def _names(kind: type[Outcome]) -> list[str]:
    return [entry.name for entry in fields(kind)]
