"""Which Prefect server keeps a run: one that was asked for, the environment's, the profile's, the home's own, or none.

A file of the working folder never says it: `.env`, `prefect.toml` and `[tool.prefect]` there may be another project's,
and a search engineer's re-encoding must not appear on, or depend on, that project's server.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)
SERVICE_LOCK = "serve.lock"  # held by a service that runs on a home; its content says where it listens


@dataclass(frozen=True)
class PrefectServer:
    """A Prefect server, who named it, and what else the one who named it says of it.

    Attributes:
        url: Of its API, as http://127.0.0.1:4200/api.
        named_by: For the line that a person reads.
        settings: Environment variables beside the address, such as the key of a profile.
    """

    url: str
    named_by: str
    settings: Mapping[str, str]


def find_server(home: Path | None, asked: str | None = None) -> PrefectServer | None:
    """The server that keeps runs on `home`; None where they run in this process alone.

    Args:
        home: Whose own service counts, where one runs.
        asked: What a person asked for; an empty string asks for none.
    """
    if asked is not None:
        return PrefectServer(asked, "--prefect-url", {}) if asked else None
    if address := os.environ.get("PREFECT_API_URL"):
        return PrefectServer(address, "PREFECT_API_URL", {})
    name, profile = _active_profile()
    if address := profile.pop("PREFECT_API_URL", None):
        return PrefectServer(address, f"Prefect's profile '{name}'", profile)
    address = _own_service(home) if home is not None else None
    return PrefectServer(address, f"the service that runs on {home}", {}) if address else None


def name_server(server: PrefectServer) -> None:
    """Make it this process's and its children's."""
    os.environ["PREFECT_API_URL"] = server.url
    for name, value in server.settings.items():
        os.environ.setdefault(name, value)


def _active_profile() -> tuple[str, dict[str, str]]:
    """Name and settings of the profile that `prefect cloud login` and `prefect profile use` write."""
    folder = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH") or folder / "profiles.toml").expanduser()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "", {}
    except (OSError, ValueError) as error:
        logger.warning("Prefect's profiles in %s cannot be read (%s); none of them is used", path, error)
        return "", {}
    name = os.environ.get("PREFECT_PROFILE") or document.get("active")
    profiles: Any = document.get("profiles")
    chosen = profiles.get(name) if isinstance(profiles, dict) else None
    values = {key: str(value) for key, value in chosen.items()} if isinstance(chosen, dict) else {}
    return str(name), values


def _own_service(home: Path) -> str | None:
    """Address of the API of the service that runs on `home` now."""
    try:
        with (home / SERVICE_LOCK).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(json.loads(file.read())["api"])
    except (OSError, ValueError, KeyError, TypeError):  # none, or one that is not ready yet
        return None
    return None
