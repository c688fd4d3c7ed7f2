"""Corpora that several schedules share: `var:NAME` in a form stands for what a variable of the Prefect server holds.

It is looked up when a run begins, so whoever changes the variable changes every schedule that names it. What the run
asks for is what the variable held: the same corpus asked for by name and by SPEC is the same request.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel

from flows.orchestration import under_prefect
from minicoil.errors import UsageError

PREFIX = "var:"
CORPUS_VARIABLE = "minicoil_corpus"  # of the nightly and weekly schedules; `minicoil deploy --corpus` sets it
_NAME = re.compile(r"[a-z0-9_-]{1,255}")  # as the server takes them
_LISTS, _SINGLE = ("corpus", "also"), "background"
Form = TypeVar("Form", bound=BaseModel)


def with_shared_corpora(parameters: Form) -> Form:
    """The form with what its variables hold in the place of their names; the form itself where it names none.

    Raises:
        UsageError: no server keeps this run, it has no such variable, or the variable holds no SPEC.
    """
    changed: dict[str, Any] = {}
    for field in _LISTS:
        specs = getattr(parameters, field, None) or []
        if any(spec.startswith(PREFIX) for spec in specs):
            changed[field] = [held for spec in specs for held in _held(spec)]
    single = getattr(parameters, _SINGLE, None)
    if single is not None and single.startswith(PREFIX):
        held = _held(single)
        if len(held) > 1:
            raise UsageError(f"{_SINGLE} {single}: the variable holds {len(held)} SPECs, and one was expected")
        changed[_SINGLE] = held[0]
    return parameters.model_copy(update=changed) if changed else parameters


def _held(spec: str) -> list[str]:
    if not spec.startswith(PREFIX):
        return [spec]
    name = spec.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"corpus {spec}: '{name}' is no name of a variable; small letters, digits, _ and - were expected"
        )
    if not under_prefect():
        raise UsageError(
            f"corpus {spec} is a variable of a Prefect server, and none keeps this run; give the SPEC itself, or name "
            "the server by --prefect-url or PREFECT_API_URL"
        )
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        variable = client.read_variable_by_name(name)
    if variable is None:
        raise UsageError(
            f"corpus {spec}: the Prefect server has no variable '{name}'; make it under Variables, or with `prefect "
            f"variable set {name} SPEC`"
        )
    return read_specs(name, variable.value)


def read_specs(name: str, value: object) -> list[str]:
    """The SPECs that variable `name` holds: one text, or a list of them.

    Raises:
        UsageError: it holds something else, nothing, or the name of another variable.
    """
    specs = [value] if isinstance(value, str) else value
    if not isinstance(specs, list) or not specs or not all(isinstance(spec, str) and spec.strip() for spec in specs):
        raise UsageError(f"variable '{name}' holds {str(value)[:80]!r}; a corpus SPEC was expected, or a list of them")
    for spec in specs:
        if spec.startswith(PREFIX):
            raise UsageError(f"variable '{name}' holds {spec}, another variable; put that one's SPEC into it")
    return specs
