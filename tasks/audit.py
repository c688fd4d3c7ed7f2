"""The audit: who did what when to what others rely on; one immutable object a deed."""

from __future__ import annotations

import getpass
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from minicoil.errors import ObjectNotFoundError
from tasks.object_store import ObjectStore


class Deed(BaseModel):
    """One row."""

    model_config = ConfigDict(frozen=True)

    at: str
    who: str
    action: str
    facts: dict[str, Any]


def record_deed(store: ObjectStore, action: str, facts: Mapping[str, Any]) -> Deed:
    """Write a row under `audit/`."""
    now = datetime.now(UTC)
    deed = Deed(at=now.isoformat(timespec="seconds"), who=current_user(), action=action, facts=dict(facts))
    key = f"audit/{now.strftime('%Y%m%dT%H%M%S')}-{uuid.uuid4().hex[:8]}.json"
    store.write(key, json.dumps(deed.model_dump(), indent=1).encode(), if_absent=True)
    return deed


def list_deeds(store: ObjectStore) -> list[Deed]:
    """All rows, oldest first."""
    deeds = []
    for entry in store.list("audit/"):
        try:
            deeds.append(Deed.model_validate_json(store.read(entry.key)))
        except (ObjectNotFoundError, ValidationError):
            continue
    return deeds


def current_user() -> str:
    """The name this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
