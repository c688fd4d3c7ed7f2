"""Reports of what was done, in object storage beside what it was done to."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from minicoil.files import finite
from tasks.store import ObjectStore


def write_report(store: ObjectStore, kind: str, name: str, document: Mapping[str, Any]) -> str:
    """Write a JSON report under `reports/KIND/NAME/` and return its key."""
    now = datetime.now(UTC)
    key = f"reports/{kind}/{name}/{now.strftime('%Y%m%dT%H%M%S')}-{uuid.uuid4().hex[:6]}.json"
    body = {"at": now.isoformat(timespec="seconds"), **document}
    text = json.dumps(finite(body), ensure_ascii=False, indent=1, default=str, allow_nan=False)
    store.write(key, text.encode(), if_absent=True)
    return key
