"""A collection taken off the list: its owner deleted it, or wants to keep it without this service."""

from __future__ import annotations

from typing import Any

from minicoil.errors import DamagedRecordError
from tasks.catalogue import collections_aside, list_collections, read_collection_record, remove_collection
from tasks.place import Place
from tasks.points import not_found
from tasks.store import record_deed


def detach_collection(place: Place, name: str) -> dict[str, Any]:
    """Forget a collection's record; its points, where there still are any, stay as they are.

    Promotions do not wait for it any more, and nothing keeps its vectors up to date. The audit keeps the record, so
    that whoever did it by mistake can make it again.

    Raises:
        CollectionError: no collection of that name is registered.
    """
    store = place.objects()
    try:
        record = read_collection_record(store, name)
        if record is None and name not in collections_aside(store):
            raise not_found(name, [entry.name for entry in list_collections(store)])
        facts: dict[str, Any] = {} if record is None else record.model_dump(mode="json")
    except DamagedRecordError as error:
        facts = {"damaged": str(error), "kept": store.set_aside(f"collections/{name}.json")}
    record_deed(store, "detach", {"collection": name, "record": facts})
    remove_collection(store, name)
    return {
        "collection": name,
        "channel": facts.get("channel"),
        "message": f"collection '{name}' is off the list; its points stay as they are, and are searched by nobody here",
    }
