"""Documents of the object store that cannot be read: damaged, or written by a newer version of this program."""

from __future__ import annotations

from pydantic import ValidationError


def describe_damage(error: ValidationError, what: str, version: int) -> str:
    """What is wrong with a document, and the way out.

    Args:
        error: What its model said.
        what: Its name, for people.
        version: Newest format that this program reads; older ones it reads as they are.
    """
    problems = error.errors()
    for problem in problems:
        if problem["loc"] == ("version",) and isinstance(problem["input"], int) and problem["input"] > version:
            return (
                f"{what} has format {problem['input']}, and this program reads up to {version}: a newer version of it "
                "wrote here; upgrade this one, nothing was changed"
            )
    where = ".".join(map(str, problems[0]["loc"]))
    return f"{what} is damaged at {where}: {problems[0]['msg']}; restore it from a backup"
