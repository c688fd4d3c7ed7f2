"""What was asked for, as a digest: a request that was answered once is answered by the same release again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tasks.catalogue.manifest import Manifest, read_sound
from tasks.catalogue.releases import release_numbers
from tasks.disk import find_path
from tasks.store import ObjectStore

# how an answer is judged, shown, approved and brought to the points
_HOW = {"evaluate", "judged_sets", "text_in_report", "approval_days", "points_budget", "window", "judge_at_most"}
_NOT_PART_OF_A_REQUEST = {"home", "store", "qdrant_url", "promote", "dry_run", "collections", *_HOW}
# at these values they say nothing, and a request of an earlier version keeps its digest
_CAME_LATER: Mapping[str, object] = {
    "max_ids": None,
    "also": [],
    "ambiguous": None,
    "importance": "keep",
    "rounding": "none",
    "language": None,
    "licence": None,
}


def request_digest(parameters: Mapping[str, Any], corpus_digest: str) -> str:
    """Digest of what was asked for and of the text it was asked about; where it runs does not matter."""
    asked = {key: value for key, value in parameters.items() if key not in _NOT_PART_OF_A_REQUEST}
    asked = {key: value for key, value in asked.items() if key not in _CAME_LATER or value != _CAME_LATER[key]}
    document = json.dumps([asked, corpus_digest], sort_keys=True, default=str, allow_nan=False)
    return hashlib.sha256(document.encode()).hexdigest()


def file_digests(**files: str | None) -> dict[str, str]:
    """Digests of files that a request names, to go into its own: the same name may hold something else tomorrow."""
    read = {name: find_path(path).read_bytes() for name, path in files.items() if path is not None}
    return {f"{name}_digest": hashlib.sha256(data).hexdigest() for name, data in read.items()}


def find_request(store: ObjectStore, request: str) -> Manifest | None:
    """The newest release that answered a request (fact `request`), if one did."""
    for number in reversed(release_numbers(store)):
        manifest = read_sound(store, number)
        if manifest is not None and manifest.facts.get("request") == request:
            return manifest
    return None
