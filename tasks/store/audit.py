"""The audit: who did what when to what others rely on; one immutable object a deed."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.store.documents import Documents
from tasks.store.object_store import ObjectStore

DEED_VERSION = 1


class Deed(BaseModel):
    """One row."""

    model_config = ConfigDict(frozen=True)

    at: str
    who: str
    action: str
    facts: dict[str, Any]


_DEEDS = Documents(Deed, DEED_VERSION, "audit/")


def record_deed(store: ObjectStore, action: str, facts: Mapping[str, Any]) -> Deed:
    """Write a row under `audit/`."""
    now = datetime.now(UTC)
    deed = Deed(at=now.isoformat(timespec="seconds"), who=current_user(), action=action, facts=dict(facts))
    name = f"{now.strftime('%Y%m%dT%H%M%S')}-{uuid.uuid4().hex[:8]}"
    _DEEDS.write(store, name, deed, if_absent=True)
    return deed


def list_deeds(store: ObjectStore) -> list[Deed]:
    """All rows that can be read, oldest first; one that cannot is told once."""
    found = (_DEEDS.find_sound(store, name) for name in _DEEDS.names(store))
    return [deed for deed in found if deed is not None]


def current_user() -> str:
    """The name this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
