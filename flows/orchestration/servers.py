"""Which Prefect server keeps a run: one that was asked for, the environment's, the profile's, the home's own, or none.

A file of the working folder never says it: `.env`, `prefect.toml` and `[tool.prefect]` there may be another project's,
and a search engineer's re-encoding must not appear on, or depend on, that project's server.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minicoil.errors import UsageError
from minicoil.files import parse_json
from tasks.disk import read_holder
from tasks.settings import has_secret
from tasks.store import name_aside

SERVICE_LOCK = "serve.lock"  # held by a service that runs on a home; its content says where it listens


@dataclass(frozen=True)
class PrefectServer:
    """A Prefect server, who named it, and what else the one who named it says of it.

    Attributes:
        url: Of its API, as http://127.0.0.1:4200/api.
        named_by: For the line that a person reads.
        settings: Environment variables beside the address, such as the key of the profile that names it; no other
            server gets that key.
    """

    url: str
    named_by: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if has_secret(self.url):  # not repeated: this message is logged too
            raise UsageError(
                f"the address of a Prefect server in {self.named_by} carries a user name, password or key, where it "
                "would be printed and logged; set PREFECT_API_KEY or PREFECT_API_AUTH_STRING instead"
            )
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"{self.named_by}: '{self.url}' is no address of a Prefect API; give http://host:4200/api")


def find_server(home: Path | None, asked: str | None = None) -> PrefectServer | None:
    """The server that keeps runs on `home`; None where they run in this process alone.

    Args:
        home: Whose own service counts, where one runs.
        asked: What a person asked for; an empty string asks for none.

    Raises:
        UsageError: the address is none, or carries a secret.
    """
    name, profile = _active_profile()
    of_profile = profile.pop("PREFECT_API_URL", None)
    address, named_by = (asked, "--prefect-url") if asked is not None else (_of_environment(), "PREFECT_API_URL")
    if address is not None:
        return PrefectServer(address, named_by, profile if address == of_profile else {}) if address else None
    if of_profile:
        return PrefectServer(of_profile, f"Prefect's profile '{name}'", profile)
    address = _own_service(home) if home is not None else None
    return PrefectServer(address, f"the service that runs on {home}") if address else None


def _of_environment() -> str | None:
    return os.environ.get("PREFECT_API_URL") or None


@contextmanager
def named(server: PrefectServer) -> Iterator[None]:
    """Make it this process's server, and that of processes it starts, for a while.

    A Prefect that is imported meanwhile reads no profile beside: its key would go to a server that it is not for.
    """
    chosen = {
        "PREFECT_API_URL": server.url,
        "PREFECT_PROFILES_PATH": os.devnull,
        **{name: os.environ.get(name, value) for name, value in server.settings.items()},
    }
    before = {name: os.environ.get(name) for name in (*chosen, "PREFECT_PROFILE")}
    os.environ.update(chosen)
    os.environ.pop("PREFECT_PROFILE", None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def this_machine() -> str:
    """This boot of this host and its network: where an address on loopback is the same server's."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/net")]
    return " ".join(parts)


def _active_profile() -> tuple[str, dict[str, str]]:
    """Name and settings of the profile that `prefect cloud login` and `prefect profile use` write."""
    document, problem = _read_profiles()
    if problem is not None:
        name_aside(str(_profiles_path()), problem)
    name = os.environ.get("PREFECT_PROFILE") or document.get("active")
    profiles: Any = document.get("profiles")
    chosen = profiles.get(name) if isinstance(profiles, dict) else None
    values = {key: str(value) for key, value in chosen.items()} if isinstance(chosen, dict) else {}
    return str(name), values


def profiles_problem() -> str | None:
    """Why Prefect's file of profiles cannot be read, and what to do; None where it can, or where there is none."""
    return _read_profiles()[1]


def _read_profiles() -> tuple[dict[str, Any], str | None]:
    path = _profiles_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError) as error:
        problem = (
            f"Prefect's profiles in {path} cannot be read ({error}); none of them is used: mend or remove the file, or "
            "name the server by --prefect-url or PREFECT_API_URL"
        )
        return {}, problem


def _profiles_path() -> Path:
    folder = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    return Path(os.environ.get("PREFECT_PROFILES_PATH") or folder / "profiles.toml").expanduser()


def _own_service(home: Path) -> str | None:
    """Address of the API of the service that runs on `home` now."""
    try:
        said = parse_json(read_holder(home / SERVICE_LOCK) or "{}")
        return str(said["api"]) if said["machine"] == this_machine() else None
    except (OSError, ValueError, KeyError, TypeError):  # none, or one that is not ready yet
        return None
