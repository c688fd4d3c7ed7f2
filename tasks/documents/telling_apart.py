"""Two documents with one id: told apart, counted and named, so that neither overwrites the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, Protocol

from minicoil.keys import KeyPlaces
from tasks.catalogue import HASH_FIELD, SOURCE_FIELD
from tasks.disk import find_path
from tasks.documents.documents import Document, RowPlace, identity_key, text_hash

if TYPE_CHECKING:
    from tasks.points import PointStore

OnDuplicate = Literal["tell-apart", "keep-last", "refuse"]
_LINES = 1 << 44  # most of a file; a place is a file's number times this, plus a line
_AHEAD = 256  # documents whose owners are asked for together


@dataclass(frozen=True)
class Owner:
    """The document that has an id in a collection.

    Attributes:
        source: What it was read from; "" where an earlier version wrote it, which did not say.
        hash: Of its text.
    """

    source: str
    hash: str


class Owners(Protocol):
    """Who has ids already."""

    def find(self, ids: Sequence[str]) -> Mapping[str, Owner]:
        """The owners of those of the ids that have one."""


class StoredOwners:
    """The documents of a collection, which may not exist yet."""

    def __init__(self, points: PointStore, collection: str) -> None:
        self._points, self._collection, self._exists = points, collection, False

    def find(self, ids: Sequence[str]) -> Mapping[str, Owner]:
        self._exists = self._exists or self._points.exists(self._collection)
        if not self._exists or not ids:
            return {}
        found = self._points.get(self._collection, list(ids), [HASH_FIELD, SOURCE_FIELD])
        fields = ((str(p.id), p.payload.get(SOURCE_FIELD), p.payload.get(HASH_FIELD)) for p in found)
        return {name: Owner(str(source or ""), str(digest or "")) for name, source, digest in fields}


@dataclass(frozen=True)
class Clash:
    """A document that met another with its id: what it is called now, and where both stand.

    Attributes:
        owner: Of the id; "" where it is a point of an earlier version, which recorded no source: then it may be this
            very row, before somebody changed it, and is replaced.
    """

    own_id: str
    name: str
    where: str
    owner: str

    def __str__(self) -> str:
        return f"{self.where}: id '{self.own_id}' is that of {self.owner}; called '{self.name}'"


class _Claims:
    """Which row of this run has an id; 16 bytes an id."""

    def __init__(self) -> None:
        self._rows = KeyPlaces()
        self._numbers: dict[str, int] = {}
        self._places: list[RowPlace] = []  # a place of each source

    def take(self, identity: str, place: RowPlace) -> None:
        """Give a free id to a row."""
        self._rows.add(identity_key(identity), self._number(place))

    def move(self, identity: str, place: RowPlace) -> None:
        """Give an id to a row, whoever had it."""
        self._rows.put(identity_key(identity), self._number(place))

    def has(self, identity: str, place: RowPlace) -> bool:
        """Whether it is this row that has the id."""
        return self._rows.find(identity_key(identity)) == self._number(place)

    def holder(self, identity: str) -> RowPlace | None:
        """Where the row stands that has the id; None where it is free."""
        found = self._rows.find(identity_key(identity))
        if found is None:
            return None
        source, line = divmod(found, _LINES)
        return self._places[source].at(line)

    def _number(self, place: RowPlace) -> int:
        source = self._numbers.setdefault(place.source, len(self._numbers))
        if source == len(self._places):
            self._places.append(place)
        return source * _LINES + (place.line if isinstance(place.line, int) else 0)


class Names:
    """Names for documents that bring an id along, so that every text has one of its own.

    The first to use an id in a run has it, unless a collection knows its owner: an owner keeps its id in whatever
    order files are read later. A newcomer of another file is called `file#id`, one of the same file `id#line`. So the
    same corpus gives the same names again.

    Args:
        owners: Who has ids from runs before; None where nobody has.
    """

    def __init__(self, owners: Owners | None = None) -> None:
        self._owners = owners
        self._claims = _Claims()
        self._same: dict[tuple[str, str], bool] = {}

    def settle(self, documents: Iterable[Document]) -> Iterator[tuple[Document, Clash | None]]:
        """The documents under their names, and what each clashed with."""
        if self._owners is None:
            yield from (self._settle(entry, {}) for entry in documents)
            return
        iterator = iter(documents)
        while batch := list(islice(iterator, _AHEAD)):
            owners = self._owners.find([entry.id for entry in batch if entry.own_id])
            yield from (self._settle(entry, owners) for entry in batch)

    def _settle(self, entry: Document, owners: Mapping[str, Owner]) -> tuple[Document, Clash | None]:
        place = entry.place
        if not entry.own_id or place is None:
            return entry, None
        named, name, met = entry, entry.own_id, ""
        while (holder := self._holder(named, place, owners)) is not None:
            is_same, where = holder
            met = met or where
            name = f"{place.file}#{name}" if name == entry.own_id and not is_same else f"{name}#{place.line}"
            named = entry.named(name)
            owners = self._owners.find([named.id]) if self._owners is not None else {}
        self._claims.take(named.id, place)
        before = owners.get(named.id)
        replaces = before is not None and not before.source and before.hash != text_hash(entry.text)
        return named, Clash(entry.own_id, name, place.where, met) if met or replaces else None

    def _holder(self, entry: Document, place: RowPlace, owners: Mapping[str, Owner]) -> tuple[bool, str] | None:
        """Whether the one that has a document's id is of its file, and where it stands; None where the id is free."""
        taken = self._claims.holder(entry.id)
        if taken is not None:
            return taken.source == place.source, taken.where
        owner = owners.get(entry.id)
        if owner is None or not owner.source or owner.hash == text_hash(entry.text):
            return None
        return None if self._is_same(owner.source, place) else (False, f"{owner.source}, indexed before")

    def _is_same(self, source: str, place: RowPlace) -> bool:
        pair = (source, place.source)
        if pair not in self._same:
            self._same[pair] = is_same_source(source, place.source, place.file)
        return self._same[pair]


class LastRows:
    """The last row of every id, found in a reading of its own: what `keep-last` keeps."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._claims = _Claims()
        for entry in documents:
            if entry.own_id and entry.place:
                self._claims.move(entry.id, entry.place)

    def hold(self, entry: Document) -> bool:
        """Whether a document is the last with its id."""
        return not entry.own_id or entry.place is None or self._claims.has(entry.id, entry.place)


def is_same_source(stored: str, source: str, file: str) -> bool:
    """Whether what a point was read from is what a row stands in now.

    A corpus may have moved, and may lie elsewhere on another machine: a file that is gone is the one whose path ends
    alike. One that is still there is another.

    Args:
        stored: As a point records it.
        source: Of the row.
        file: Its path below the folder that was named.
    """
    if stored == source or not (stored.startswith("/") and source.startswith("/")):
        return stored == source
    one, other = find_path(stored), find_path(source)
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return f"/{stored}".removesuffix(".gz").endswith(f"/{file}".removesuffix(".gz"))
