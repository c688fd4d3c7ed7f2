"""The audit: who did what when to what others rely on; one immutable object a deed."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from minicoil.errors import ObjectNotFoundError
from tasks.store.damage import name_damage
from tasks.store.formats import DamageError, load_document, write_document
from tasks.store.object_store import ObjectStore

DEED_VERSION = 1


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
    store.write(key, write_document(deed), if_absent=True)
    return deed


def list_deeds(store: ObjectStore) -> list[Deed]:
    """All rows that can be read, oldest first; one that cannot is told once."""
    deeds = []
    for entry in store.list("audit/"):
        try:
            deeds.append(load_document(store, entry.key, Deed, f"{store.url}/{entry.key}", DEED_VERSION)[0])
        except ObjectNotFoundError:
            continue
        except DamageError as error:
            name_damage(entry.key, str(error))
    return deeds


def current_user() -> str:
    """The name this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
