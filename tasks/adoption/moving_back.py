"""An alias moved back to the collection that a copy was made of: its record waits where nobody expands it."""

from __future__ import annotations

from typing import Any

from minicoil.errors import CollectionError, ObjectNotFoundError, UsageError
from tasks.catalogue import (
    RECORD_VERSION,
    CollectionRecord,
    read_collection_record,
    register_collection,
    remove_collection,
)
from tasks.place import Place
from tasks.points import PointStore, not_found
from tasks.store import DamageError, ObjectStore, load_document, write_document

_FOLDER = "replaced/"


def put_away(store: ObjectStore, name: str) -> None:
    """Take a collection off its channel and keep its record; its points stay as they are."""
    record = read_collection_record(store, name)
    if record is not None:
        store.write(_key(name), write_document(record))
        remove_collection(store, name)


def take_back(store: ObjectStore, name: str) -> CollectionRecord | None:
    """Put a collection on its channel again with the record that was kept; None where none was.

    Raises:
        CollectionError: the kept record is damaged.
    """
    what = f"the kept record of collection '{name}' ({store.url}/{_key(name)})"
    try:
        record, _ = load_document(store, _key(name), CollectionRecord, what, RECORD_VERSION)
    except ObjectNotFoundError:
        return None
    except DamageError as error:
        raise CollectionError(str(error)) from error
    found = register_collection(store, record)
    store.delete(_key(name))
    return found


def list_put_away(store: ObjectStore) -> list[str]:
    """Names of collections whose records are kept."""
    keys = (entry.key.removeprefix(_FOLDER) for entry in store.list(_FOLDER))
    return sorted(key.removesuffix(".json") for key in keys if key.endswith(".json"))


def read_put_away(store: ObjectStore) -> list[CollectionRecord]:
    """Kept records that can be read: what they name must stay for a move back."""
    records = []
    for name in list_put_away(store):
        try:
            records.append(load_document(store, _key(name), CollectionRecord, name, RECORD_VERSION)[0])
        except (ObjectNotFoundError, DamageError):
            continue
    return records


def move_back(place: Place, points: PointStore, source: str, target: str, alias: str | None) -> dict[str, Any]:
    """Let searches use the collection again that a copy was made of; the copy is kept, off its channel.

    What the source lacks of the channel's releases since then, and of points written to it meanwhile, the next
    `minicoil reencode` brings up. Stopped at any point, the same call goes on.

    Args:
        place: Where.
        points: The engine.
        source: The collection to go back to, by its own name.
        target: The copy.
        alias: Pointed to the source.

    Raises:
        CollectionError: the source is not there, or the alias leads somewhere else.
        UsageError: no alias was named.
    """
    store = place.objects()
    if alias is None:
        raise UsageError("say which alias goes back: --alias NAME")
    if not points.exists(source):
        raise not_found(source, points.names())
    if points.resolve(alias) not in (source, target):
        raise CollectionError(
            f"alias '{alias}' leads to '{points.resolve(alias)}', not to the copy '{target}'; nothing was moved"
        )
    record = read_collection_record(store, source) or take_back(store, source)
    points.point_alias(alias, source)
    put_away(store, target)
    return {
        "collection": source,
        "alias": alias,
        "release": record.release if record else None,
        "n_points": points.count(source),
        "message": f"'{alias}' leads to '{source}' again; `minicoil reencode {source}` brings it up to its channel"
        if record
        else f"'{alias}' leads to '{source}' again, which has no miniCOIL vectors of this service",
    }


def _key(name: str) -> str:
    return f"{_FOLDER}{name}.json"
