"""A form filled in: values checked against it, and what is wrong with them said in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic

from minicoil.errors import UsageError
from tasks.store import describe_problems

Form = TypeVar("Form", bound=pydantic.BaseModel)


def fill_in(form: type[Form], name: str, values: Mapping[str, Any]) -> Form:
    """The form with `values` in it.

    Args:
        form: Of a flow.
        name: Of the flow; the message begins with it.
        values: By field; what is missing has its default.

    Raises:
        UsageError: a value is missing or out of bounds; the message names each and what was expected.
    """
    try:
        return form.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise UsageError(f"{name}: {describe_problems(error)}") from error
