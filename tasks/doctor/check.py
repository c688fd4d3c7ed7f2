"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Check:
    """What was found of one thing.

    Attributes:
        name: Of the thing.
        state: "good"; "odd" works and differs from what was tested; "wrong" keeps work from being done.
        found: What is there, and who says so.
        fix: What to do; empty where it is good.
    """

    name: str
    state: Literal["good", "odd", "wrong"]
    found: str
    fix: str = ""

    def row(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def first_to_fix(checks: Sequence[Check]) -> Check | None:
    """The first check that is wrong: those before it are what it rests on."""
    return next((check for check in checks if check.state == "wrong"), None)
