"""What could not be used: why, how often, and the first few places; nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

MAX_EXAMPLES = 5
Where = TypeVar("Where")


@dataclass(frozen=True)
class Problem:
    """One reason why things could not be used, how many, and the first few places."""

    reason: str
    n: int
    examples: tuple[Any, ...] = ()

    @staticmethod
    def of(reason: str, places: Sequence[Any]) -> Problem:
        """Of all the places where it is so."""
        return Problem(reason, len(places), tuple(places[:MAX_EXAMPLES]))

    def row(self) -> dict[str, Any]:
        """For reports."""
        return {"reason": self.reason, "n": self.n, "examples": list(self.examples)}


class Problems(Generic[Where]):
    """Problems in the order in which they were first met, counted while something is read.

    >>> problems = Problems[str]()
    >>> for line in (3, 9):
    ...     problems.note("lines that are not JSON", f"a.jsonl:{line}")
    >>> [problem.row() for problem in problems]
    [{'reason': 'lines that are not JSON', 'n': 2, 'examples': ['a.jsonl:3', 'a.jsonl:9']}]
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.examples: dict[str, list[Where]] = {}

    def note(self, reason: str, where: Where) -> None:
        """Count one thing that could not be used, and remember the first few places."""
        self.count(reason, 1)
        examples = self.examples[reason]
        if len(examples) < MAX_EXAMPLES:
            examples.append(where)

    def count(self, reason: str, n: int) -> None:
        """Count `n` things whose places nobody needs."""
        self.counts[reason] = self.counts.get(reason, 0) + n
        self.examples.setdefault(reason, [])

    def add(self, problem: Problem) -> None:
        """Count what somebody else met, whose places come after those that were met so far."""
        self.count(problem.reason, problem.n)
        examples = self.examples[problem.reason]
        examples += problem.examples[: MAX_EXAMPLES - len(examples)]

    def __iter__(self) -> Iterator[Problem]:
        for reason, n in self.counts.items():
            yield Problem(reason, n, tuple(self.examples[reason]))

    def __str__(self) -> str:
        """Counts and reasons, each with its first place: for the message where nothing is left."""
        return ", ".join(
            f"{problem.n} {problem.reason}" + (f", such as {problem.examples[0]}" if problem.examples else "")
            for problem in self
        )
