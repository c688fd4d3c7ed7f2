"""What a person calls a collection, and which it is: an alias of the Qdrant server stands for the one it points to.

The registry, reports and stamps know collections by their own names alone: an alias is resolved where it comes in, each
time anew, so that whoever names one is with the collection that searches by it reach.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.catalogue.registry import CollectionRecord, choose_collections, open_record, read_collection_record
from tasks.place import Place


def resolve_names(place: Place, names: Sequence[str]) -> list[str]:
    """The collections that names stand for, in order; the embedded engine has no aliases, and is not asked."""
    if place.qdrant_url is None or not names:
        return list(names)
    with place.points() as points:
        return [points.resolve(name) for name in names]


def resolve_name(place: Place, name: str) -> str:
    """The collection that a name stands for."""
    return resolve_names(place, [name])[0]


def choose_named(place: Place, channel: str, names: Sequence[str]) -> list[CollectionRecord]:
    """The records of collections or aliases, each once, or of all collections on a channel.

    Raises:
        CollectionError: as `choose_collections`.
    """
    return choose_collections(place.objects(), channel, list(dict.fromkeys(resolve_names(place, names))))


def open_named(place: Place, name: str) -> CollectionRecord:
    """The record of a collection or alias.

    Raises:
        CollectionError: it is not registered, or its record is damaged.
    """
    return open_record(place.objects(), resolve_name(place, name))


def find_named(place: Place, name: str) -> CollectionRecord | None:
    """The record of a collection or alias, None where there is none; the server is only asked for unknown names.

    For those who go without a server as long as they can: whoever encodes reads records and models alone.
    """
    record = read_collection_record(place.objects(), name)
    return record if record is not None else read_collection_record(place.objects(), resolve_name(place, name))
