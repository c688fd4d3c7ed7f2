"""Addresses of models on a hub: `hf:owner/name`, `hf:owner/name@7`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from minicoil.errors import UsageError

SCHEME = "hf:"
MAIN = "main"  # where the hub keeps what was pushed last
_REPOSITORY = re.compile(r"(?=.{3,96}$)[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def is_hub_address(name: str) -> bool:
    """Whether a name is an address of a hub; what exists as a path is that path.

    >>> is_hub_address("hf:owner/name@7"), is_hub_address("owner/name"), is_hub_address("s3://bucket/x@7")
    (True, False, False)
    """
    return name.startswith(SCHEME) and not Path(name).exists()


@dataclass(frozen=True)
class HubAddress:
    """A repository of a hub, and a state of it.

    >>> HubAddress.read("hf:owner/name@7")
    HubAddress(repository='owner/name', revision='7')
    >>> str(HubAddress.read("hf:owner/name"))
    'hf:owner/name'

    Attributes:
        repository: `owner/name`.
        revision: Number of a release, which is a tag there; a branch, or a commit; None: what was pushed last.
    """

    repository: str
    revision: str | None = None

    @staticmethod
    def read(address: str) -> HubAddress:
        """The address, taken apart.

        Raises:
            UsageError: it is none.
        """
        repository, at, revision = address.removeprefix(SCHEME).partition("@")
        is_sound = address.startswith(SCHEME) and _REPOSITORY.fullmatch(repository)
        if not is_sound or (at and not _REVISION.fullmatch(revision)):
            raise UsageError(f"'{address}': expected hf:owner/name or hf:owner/name@REVISION, such as hf:acme/terms@7")
        return HubAddress(repository, revision or None)

    def __str__(self) -> str:
        return f"{SCHEME}{self.repository}" + (f"@{self.revision}" if self.revision else "")
