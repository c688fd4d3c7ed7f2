"""What was met while a corpus was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minicoil.problems import MAX_EXAMPLES, Problem, Problems
from tasks.documents.telling_apart import Clash


@dataclass
class CorpusReport:
    """What was read and what was not, counted while reading.

    Attributes:
        n_read: Documents.
        n_duplicates: Documents with the text of an earlier one, left out.
        n_clashes: Documents with the id of another one; `clashes` are the first of them.
        problems: What could not be used, and where.
    """

    n_read: int = 0
    n_duplicates: int = 0
    n_clashes: int = 0
    clashes: list[Clash] = field(default_factory=list)
    problems: Problems[str] = field(default_factory=Problems)

    @property
    def n_unusable(self) -> dict[str, int]:
        """Reason -> how many."""
        return self.problems.counts

    @property
    def examples(self) -> dict[str, list[str]]:
        """Reason -> the first few places."""
        return self.problems.examples

    def refuse(self, reason: str, where: str) -> None:
        """Count one thing that could not be used, and remember the first few places."""
        self.problems.note(reason, where)

    def tell(self, clash: Clash) -> None:
        """Count a document whose id another one has, and remember the first few."""
        self.n_clashes += 1
        if len(self.clashes) < MAX_EXAMPLES:
            self.clashes.append(clash)

    def rows(self) -> list[dict[str, Any]]:
        """For reports: reason, n, examples; the most frequent first."""
        problems = sorted(self.problems, key=lambda problem: -problem.n)
        if self.n_clashes:
            told = tuple(map(str, self.clashes))
            problems.append(Problem("documents told apart from another with their id", self.n_clashes, told))
        if self.n_duplicates:
            problems.append(Problem("duplicates left out", self.n_duplicates))
        return [problem.row() for problem in problems]
