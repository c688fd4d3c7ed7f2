"""Prefect's settings without those of the working folder, which may be another project's.

Which server keeps a run is found by `servers`. Prefect itself, once it is imported, also reads `.env`,
`prefect.toml` and `pyproject.toml` of whatever folder a command is run in: the key, proxy or time-outs of another
project's server, or a file that is no TOML, with which it ends in a traceback.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from flows import screen

_FILES = {
    ".env": re.compile(r"^\s*(export\s+)?PREFECT_\w+\s*=", re.MULTILINE | re.IGNORECASE),
    "prefect.toml": re.compile(r"^\s*[\w\"'\[]", re.MULTILINE),
    "pyproject.toml": re.compile(r"^\s*\[\s*tool\s*\.\s*prefect\b", re.MULTILINE),
}
_said: set[str] = set()


def ignore_working_folder() -> None:
    """Bring Prefect in, blind to the three files: now and, in this process, from here on.

    It reads its settings as it is imported, so everything that the environment is to say must be there already. It has
    no switch for the files (3.9.1, `prefect/settings/sources.py`), and a variable for each setting is no way out: many
    have no value that means "not set".
    """
    # where profiles lie is asked of the files too, unless the environment says it
    folder = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    os.environ.setdefault("PREFECT_PROFILES_PATH", str(folder / "profiles.toml"))
    with _no_files():
        from prefect.settings import sources
    sources.FilteredDotEnvSettingsSource._read_env_files = lambda self: {}  # type: ignore[method-assign]
    for reader in (sources.PrefectTomlConfigSettingsSource, sources.PyprojectTomlConfigSettingsSource):
        reader._read_files = lambda self, *_, **__: {}  # type: ignore[method-assign]


@contextlib.contextmanager
def _no_files() -> Iterator[None]:
    """Settings classes of anybody find no file: ours read none, and Prefect's are not there to be told apart yet."""
    from pydantic_settings import DotEnvSettingsSource  # with Prefect, and so only where a server keeps the run
    from pydantic_settings.sources.base import ConfigFileSourceMixin

    env, toml = DotEnvSettingsSource._read_env_files, ConfigFileSourceMixin._read_files
    DotEnvSettingsSource._read_env_files = lambda self: {}  # type: ignore[method-assign]
    ConfigFileSourceMixin._read_files = lambda self, *_, **__: {}  # type: ignore[method-assign]
    try:
        yield
    finally:
        DotEnvSettingsSource._read_env_files = env  # type: ignore[method-assign]
        ConfigFileSourceMixin._read_files = toml  # type: ignore[method-assign]


def tell_left_aside(home: Path, server: str | None) -> None:
    """Say once which files of the working folder say something of Prefect that nobody follows.

    Args:
        home: Where the command works; a person who stands in it knows what is there.
        server: That keeps the run; None where it runs in this process alone.
    """
    folder = Path.cwd()
    names = list(files_about_prefect(folder))
    if not names or folder == home.expanduser().absolute():
        return
    goes = f"the run goes to {server}" if server else "the run goes to no server"
    line = (
        f"settings of Prefect in {', '.join(names)} of {folder} are left aside, {goes}; to use the server they name, "
        "give its API with --prefect-url or PREFECT_API_URL"
    )
    if line not in _said:
        screen.tell(line)
        _said.add(line)


def files_about_prefect(folder: Path) -> Iterator[str]:
    """Files of a folder in which Prefect would find settings, and such with which it would end."""
    for name, pattern in _FILES.items():
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except OSError:
            continue
        if pattern.search(text):
            yield name
