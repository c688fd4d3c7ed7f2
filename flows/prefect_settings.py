"""Whose settings decide where flows go: the environment's, the user's Prefect profile, this home's; no other folder's.

Prefect itself also reads `.env`, `prefect.toml` and `pyproject.toml` of whatever folder a command is run in, and these
may be another project's: its server would be asked, its database written. What they say is left aside, and said once.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from minicoil.errors import UsageError

API_URL = "PREFECT_API_URL"
_FILES = (".env", "prefect.toml", "pyproject.toml")
# of a profile that names a server: how it is reached; not which database another server has, or where files lie
_REACHING = re.compile(r"PREFECT_(API_(?!DATABASE|BLOCKS|SERVICES)|CLIENT_|CLOUD_)\w+")
_BUILT_IN = {"ephemeral": "", "local": "http://127.0.0.1:4200/api", "cloud": "", "test": ""}  # Prefect 3.8.8's own


@dataclass(frozen=True)
class Choice:
    """What was decided.

    Attributes:
        server: Address of the server that flows go to; "" is this process's own.
        source: Who named it, for the person; "" where nobody did.
        left_aside: Files of the working folder that say something of Prefect and are not this home's.
    """

    server: str
    source: str
    left_aside: tuple[str, ...]


def choose_server(home: Path) -> Choice:
    """Put into this process's environment what decides where flows go; `ignore_working_folder` keeps the rest out.

    The environment comes first, where an empty PREFECT_API_URL means this process's own server; then `.env` and
    `prefect.toml` of the home; then the profile that the user's Prefect has active.

    Args:
        home: Of the flows' state.

    Raises:
        UsageError: the profile that PREFECT_PROFILE names is not there, or a file of the home cannot be read.
    """
    profiles = _profiles_path()
    home = home.expanduser().absolute()
    source = f"{API_URL} of the environment"
    if API_URL not in os.environ:
        source = _adopt(_of_home(home), f"the settings in {home}")
    if API_URL not in os.environ:
        name, values = _of_profile(profiles)
        if values.get(API_URL):
            named = {key: value for key, value in values.items() if _REACHING.fullmatch(key)}
            source = _adopt(named, f"your Prefect profile '{name}' ({profiles})")
    server = os.environ.get(API_URL, "")
    if not server:
        os.environ.pop(API_URL, None)
    left = () if Path.cwd() == home else tuple(_saying_something(Path.cwd()))
    return Choice(server, source if server else "", left)


def told(choice: Choice) -> Iterator[str]:
    """What a person should know of it, a line each."""
    if choice.server and not choice.source.startswith(API_URL):
        yield (
            f"flows go to the Prefect server at {choice.server}, as {choice.source} says; {API_URL}= (empty) in the "
            "environment keeps them in this process"
        )
    if choice.left_aside:
        goes = f"flows go to {choice.server}" if choice.server else "flows run in this process"
        yield (
            f"settings of Prefect in {', '.join(choice.left_aside)} of {Path.cwd()} are left aside, {goes}; to follow "
            f"them, give {API_URL} in the environment"
        )


def _adopt(values: Mapping[str, str], source: str) -> str:
    for name, value in values.items():
        os.environ.setdefault(name, value)
    return source


@cache
def _profiles_path() -> Path:
    """The user's profiles, as Prefect finds them; asked once, since `prepare_environment` moves Prefect's home."""
    if path := os.environ.get("PREFECT_PROFILES_PATH"):
        return Path(path).expanduser()
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser() / "profiles.toml"


def _of_profile(path: Path) -> tuple[str, dict[str, str]]:
    """Name and settings of the active profile; none where there is no such file, or none that can be read."""
    wanted = os.environ.get("PREFECT_PROFILE", "")
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # no TOML is a ValueError; Prefect warns of it itself
        document = {}
    profiles = document.get("profiles")
    profiles = profiles if isinstance(profiles, dict) else {}
    name = wanted or str(document.get("active") or "")
    if name in profiles:
        return name, _flat(profiles[name], "")
    if wanted and wanted not in _BUILT_IN:
        raise UsageError(
            f"PREFECT_PROFILE names the profile '{wanted}', and {path} has {', '.join(sorted(profiles)) or 'none'}; "
            "name one of these, or unset it"
        )
    return name, {API_URL: _BUILT_IN[wanted]} if _BUILT_IN.get(wanted) else {}


def _of_home(home: Path) -> dict[str, str]:
    """Settings of Prefect in `prefect.toml` and `.env` of the home itself; of both, `.env` counts, as with Prefect."""
    values: dict[str, str] = {}
    path = home / "prefect.toml"
    try:
        if path.is_file():
            values |= _flat(tomllib.loads(path.read_text("utf-8")), "PREFECT_")
        path = home / ".env"
        if path.is_file():
            values |= _of_env_file(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}); correct it, or take it out of the home") from error
    return values


def _of_env_file(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # as Prefect reads it

    found = dotenv_values(path, encoding="utf-8").items()
    return {name.upper(): value for name, value in found if name.upper().startswith("PREFECT_") and value is not None}


def _flat(table: object, prefix: str) -> dict[str, str]:
    """A table of TOML as variables: url in [api] is PREFECT_API_URL.

    >>> _flat({"api": {"url": "http://host/api"}, "server": {"analytics_enabled": False}}, "PREFECT_")
    {'PREFECT_API_URL': 'http://host/api', 'PREFECT_SERVER_ANALYTICS_ENABLED': 'false'}
    """
    values: dict[str, str] = {}
    for name, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict):
            values |= _flat(value, f"{prefix}{name.upper()}_")
        elif not isinstance(value, list):
            values[f"{prefix}{name.upper()}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def _saying_something(folder: Path) -> Iterator[str]:
    """Files of a folder in which Prefect would find settings; such that cannot be read would end it."""
    for name in _FILES:
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except OSError:
            continue
        is_about = {
            ".env": re.search(r"^\s*(export\s+)?PREFECT_\w+\s*=", text, re.MULTILINE | re.IGNORECASE),
            "prefect.toml": re.search(r"^\s*[\w\"'\[]", text, re.MULTILINE),
            "pyproject.toml": re.search(r"^\s*\[\s*tool\s*\.\s*prefect\b", text, re.MULTILINE),
        }
        if is_about[name]:
            yield name


def ignore_working_folder() -> None:
    """Bring Prefect in, blind to the three files: now and, in this process, from here on.

    It reads its settings as it is imported, so everything that the environment is to say must be there already. It has
    no switch for the files (3.8.8, `prefect/settings/sources.py`), and a variable for each setting is no way out: many
    have no value that means "not set".
    """
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        from prefect.settings import sources
    sources.FilteredDotEnvSettingsSource._read_env_files = lambda self: {}  # type: ignore[method-assign]
    for reader in (sources.PrefectTomlConfigSettingsSource, sources.PyprojectTomlConfigSettingsSource):
        reader._read_files = lambda self, *_, **__: {}  # type: ignore[method-assign]
