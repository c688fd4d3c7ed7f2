"""What the collection of a trial is called: after its folder or file, unless that name is another source's.

A home remembers which source each name stands for. Where it does not, as where `minicoil index` or an earlier version
made the collection, a source is known again by its documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from minicoil.errors import DamagedRecordError
from minicoil.files import parse_json, write_json, write_whole
from tasks.catalogue import read_collection_record, resolve_name
from tasks.documents import Document
from tasks.place import Place
from tasks.store import name_damage

_FILE = "trials.json"
_SAME = 0.5  # of a sample's documents, from which a collection that nobody remembers is of the same source


def choose_name(place: Place, channel: str, spec: str, documents: Sequence[Document]) -> str:
    """The collection of a source: the one it has, else its plain name, else that with a short hash of the SPEC.

    Args:
        place: Where.
        channel: Whose collection it must be.
        spec: The source; paths are absolute.
        documents: A sample of it.
    """
    plain = _plain_name(spec)
    if _is_free_or_its_own(place, channel, plain, spec, documents):
        return plain
    return f"{plain[:90]}-{hashlib.blake2b(spec.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def keep_name(place: Place, name: str, spec: str) -> None:
    """Remember whose collection it is, before its first point is written: a run that was stopped finds it again."""
    known = _known(place.home)
    if known.get(name) != spec:
        place.home.mkdir(parents=True, exist_ok=True)
        write_whole(place.home / _FILE, write_json({**known, name: spec}, indent=1))


def _plain_name(spec: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(spec).name).strip("-._")
    return name[:100] or "texts"


def _is_free_or_its_own(place: Place, channel: str, name: str, spec: str, documents: Sequence[Document]) -> bool:
    known = _known(place.home).get(name)
    try:
        record = read_collection_record(place.objects(), name)
    except DamagedRecordError:  # indexing mends it, if it is this source's
        return known == spec
    if record is None:
        # a server may have a collection of that name that is somebody else's, or an alias of one
        return place.qdrant_url is None or (resolve_name(place, name) == name and not _is_there(place, name))
    if record.has_owner or record.text != "{text}" or record.channel != channel:
        return False
    return known == spec if known is not None else _has_documents(place, name, documents)


def _is_there(place: Place, name: str) -> bool:
    with place.points() as points:
        return points.exists(name)


def _has_documents(place: Place, name: str, documents: Sequence[Document]) -> bool:
    """Ids follow from where a text stands in its source and from what it says."""
    ids = list({document.id for document in documents})
    with place.points() as points:
        if not points.exists(name) or points.count(name) == 0:
            return True  # nothing of anybody's, as after a first run that was stopped
        return len(points.get(name, ids, [])) >= _SAME * len(ids)


def _known(home: Path) -> dict[str, str]:
    """Collection -> SPEC of its source."""
    path = home / _FILE
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError("no JSON object")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        name_damage(_FILE, f"{path} cannot be read ({error}); sources of trials are told by their documents")
        return {}
    return {str(name): str(spec) for name, spec in found.items()}
