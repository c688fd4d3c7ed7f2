"""`minicoil doctor`: one page of what is installed, reachable and writable, and the one thing to fix."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from flows.command_line.options import common_options, open_place
from minicoil.errors import MiniCoilError

_VARIABLES = {"home": "MINICOIL_HOME", "store": "MINICOIL_STORE", "qdrant_url": "MINICOIL_QDRANT_URL"}
_OPTIONS = {"home": "--home", "store": "--store", "qdrant_url": "--qdrant-url"}


@click.command()
@click.option(
    "--documents",
    type=click.IntRange(1, 10**9),
    default=10_000,
    show_default=True,
    help="Documents that you plan to index and learn from: disk and memory are checked for so many.",
)
@common_options
def doctor(place: dict[str, Any], documents: int) -> Any:
    """What is installed, reachable and writable, which addresses are used and why; exit status 1 names what to fix."""
    from tasks.doctor import check_installation, check_surroundings, first_to_fix

    opened = open_place(place)
    named_by = {name.removesuffix("_url"): _named_by(name) for name in _OPTIONS}
    checks = [*check_installation(), *check_surroundings(opened, named_by, documents), _check_prefect(opened.home)]
    wrong = first_to_fix(checks)
    return {
        "checks": [check.row() for check in checks],
        "fix": None if wrong is None else {"name": wrong.name, "found": wrong.found, "fix": wrong.fix},
        "refused": wrong is not None,
    }


def _named_by(name: str) -> str:
    context = click.get_current_context()
    if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return _OPTIONS[name]
    return _VARIABLES[name] if os.environ.get(_VARIABLES[name]) else "default"


def _check_prefect(home: Path) -> Any:
    """Which server keeps runs, and whether it answers; none is as good."""
    from flows.orchestration import find_server, profiles_problem
    from tasks.doctor import Check

    try:
        server = find_server(home, click.get_current_context().meta["prefect_url"])
    except MiniCoilError as error:
        return Check("Prefect", "wrong", str(error), "set the address right, or give --prefect-url ''")
    if server is None:
        found = "no server keeps runs: commands run in their own process (nobody named one)"
    else:
        found = f"{server.url} (by {server.named_by})"
        if (silence := _ask(server.url)) is not None:
            fix = "start it, or give --prefect-url '' to run without one"
            return Check("Prefect", "wrong", f"{found}: {silence}", fix)
        found = f"{found}, answers"
    if (damaged := profiles_problem()) is not None:
        return Check("Prefect", "odd", f"{found}; {damaged}", "mend or remove that file")
    return Check("Prefect", "good", found)


def _ask(url: str) -> str | None:
    """Why a server's API does not answer; None where it does."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(f"{url.rstrip('/')}/health", timeout=5):  # an http address: `PrefectServer` takes no other
            return None
    except HTTPError as error:  # a cloud's API wants its key here too: whoever asks for one is there
        return None if error.code in (401, 403) else f"answers with status {error.code}"
    except (OSError, ValueError) as error:
        return f"no answer ({error})"
