"""How much a form takes: Prefect's server keeps the parameters of every run, and bounds their size."""

from __future__ import annotations

import pydantic

from minicoil.errors import UsageError
from minicoil.files import write_json

# what to do about the fields that can grow; the others are names, numbers and addresses
_INSTEAD = {
    "words": "write the words into a file, one a line, and give that to extend with --words-file (removing takes "
    "several runs)",
    "corpus": "give the folder of these files instead of each of them",
    "judged_sets": "judge on fewer sets at once",
    "collections": "leave the collections out, which means every one on the channel, or take several runs",
}


def check_size(name: str, parameters: pydantic.BaseModel, most: int) -> None:
    """Refuse parameters that a server would refuse, before anything is asked of it.

    Args:
        name: Of the flow.
        parameters: Its form, filled in.
        most: Bytes that a server takes; 0 is no bound.

    Raises:
        UsageError: they are larger; it names the largest field and what to give instead.

    Source: Prefect 3.9.1, `validate_parameter_size`: compact JSON of ASCII, so a letter beyond takes 6 bytes or 12.
    """
    sizes = {field: json_size(value) for field, value in parameters.model_dump(mode="json").items()}
    whole = json_size({"parameters": parameters.model_dump(mode="json")})
    if most <= 0 or whole <= most:
        return
    field = max(sizes, key=lambda key: sizes[key])
    title = type(parameters).model_fields[field].title or field
    raise UsageError(
        f"{name}: what was asked for is {whole:,} bytes as a form and Prefect's server takes {most:,}; most of it is "
        f"'{title}' ({sizes[field]:,} bytes): {_INSTEAD.get(field, 'give a shorter one')}"
    )


def json_size(value: object) -> int:
    """Bytes of a value as Prefect counts them."""
    return len(write_json(value, ascii_only=True, compact=True))
