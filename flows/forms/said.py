"""How a field of a form is said on the command line, where that does not follow from the form itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """Metadata of a field, as in `Annotated[list[Name], Said("--collection")]`; the form that the UI shows ignores it.

    A field without it is an option of its own name: `max_points` is `--max-points`, a choice where the form has one, a
    flag where it is off by default, `--promote / --no-promote` where it is on, and may be repeated where it is a list.

    Attributes:
        option: Its spelling, where that is not the field's name; a flag that switches off begins with `--no-`.
        is_path: A file or folder: the shell completes it.
        help: Where the option says the opposite of the field; else the field's description is its help.
    """

    option: str = ""
    is_path: bool = False
    help: str = ""
