"""What a document is called: one rule for ids, whoever reads the row, and the ids of points that follow from it."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

_NAMESPACE = uuid.UUID("5f1b1d5e-6c63-5b4e-9a55-2f0a6d3d6c01")
_ID_FIELDS = ("_id", "id")  # the first that holds one


def id_text(value: Any) -> str:
    """The id that a value of a row is, "" where it is none.

    Null, "" and not-a-number (what tables have in place of null) are no id. Everything else is its text: 0 is "0", and
    1 and "1" are one id.

    >>> id_text(0), id_text("0"), id_text(""), id_text(None), id_text(float("nan"))
    ('0', '0', '', '', '')
    """
    if value is None or value == "" or (isinstance(value, float | Decimal) and math.isnan(value)):
        return ""
    return storable(str(value))


def row_id(row: Mapping[str, Any]) -> Any:
    """What a row gives as its id, as it stands there: its `_id`, else its `id`; None where neither is one.

    >>> row_id({"id": None, "_id": 5}), row_id({"_id": "", "id": 0}), row_id({"text": "a"})
    (5, 0, None)
    """
    return next((row[name] for name in _ID_FIELDS if name in row and id_text(row[name])), None)


def id_key(name: str) -> int:
    """64 bits that stand for a name in sets that hold many."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def storable(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates are valid JSON, and nothing downstream could store them."""
    return text.encode("utf-8", "replace").decode()


def text_hash(text: str) -> str:
    """Short digest of a point's text: the guard against overwriting a newer text's vectors."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@dataclass(frozen=True)
class RowPlace:
    """Where a row stands.

    Attributes:
        source: What it is part of, recorded with its point: a file's absolute path, or the SPEC of a set.
        file: The same as people call it: a file's path below the folder that was named.
        shown: The same as messages name it.
        line: From 1 in files of lines, from 0 in tables; a point's own id in a collection.
    """

    source: str
    file: str
    shown: str
    line: int | str = 0

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.shown}:{self.line}"

    def at(self, line: int | str) -> RowPlace:
        """Another row of the same."""
        return RowPlace(self.source, self.file, self.shown, line)


@dataclass(frozen=True)
class Document:
    """One point's worth of text.

    Attributes:
        id: UUID made of where the text stands and what it says; the same on every run.
        doc: Name of the source it is part of; the unit of deletion.
        title: Heading, or "".
        body: Prose without the title.
        own_id: The id that its row brought along, or "".
        is_grouped: Whether the row names a `doc`, which it may share with others.
        place: Where the row stands; None where nobody needs to know.
    """

    id: str
    doc: str
    title: str
    body: str
    own_id: str = ""
    is_grouped: bool = False
    place: RowPlace | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """What is indexed: title, newline, body."""
        return f"{self.title}\n{self.body}" if self.title else self.body

    @property
    def text_key(self) -> int:
        """64 bits that stand for the text: equal documents are one."""
        return id_key(self.text)

    @property
    def identity(self) -> int:
        """64 bits that stand for the id where the row brought it along, 0 where none can be mistaken for another's."""
        return identity_key(self.id) if self.own_id and self.place is not None else 0

    @property
    def source(self) -> str:
        """What a point records of where it came from: only a row with an id can be mistaken for another."""
        return self.place.source if self.own_id and self.place else ""

    @property
    def docs(self) -> set[str]:
        """Every `doc` that it may have, whoever had its id first."""
        others = {self.own_id, f"{self.place.file}#{self.own_id}"} if self.place and self.own_id else set()
        return {self.doc} if self.is_grouped else {self.doc, *others}

    def named(self, name: str) -> Document:
        """The same text under another id; a `doc` of its row's own stays."""
        doc = self.doc if self.is_grouped else name
        return replace(self, id=point_id(doc, name), doc=doc)


def identity_key(identity: str) -> int:
    """The last 64 bits of a UUID, of which 62 are as good as any."""
    return int(identity[-17:].replace("-", ""), 16)


def point_id(*parts: str) -> str:
    """UUID of a document by what names it.

    Source: RFC 9562, version 5, as `uuid.uuid5` has it; every row of a corpus needs one, and this takes a quarter of
    its time.
    """
    name = hashlib.sha1(_NAMESPACE.bytes + "\0".join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(name[16], 16) & 3]
    return f"{name[:8]}-{name[8:12]}-5{name[13:16]}-{variant}{name[17:20]}-{name[20:32]}"


def document(doc: str, title: str, body: str, own_id: str = "", place: RowPlace | None = None) -> Document:
    """A document whose id follows from its source and text, or from the id its row brought along."""
    identity = point_id(doc, own_id) if own_id else point_id(doc, title, body)
    return Document(identity, doc, title, body, own_id, place=place)


def row_texts(row: Mapping[str, Any], title: Any, body: str, place: RowPlace) -> Document:
    """The document of a row: called by its `doc`, else by its id, else after its file."""
    own_id, given = id_text(row_id(row)), id_text(row.get("doc"))
    title, body = storable(title) if isinstance(title, str) else "", storable(body)
    named = own_id or place.file
    doc = given or named
    known_by = named if given and not row["doc"] else doc  # 0 was taken for none once; points keep the ids they have
    identity = point_id(known_by, own_id) if own_id else point_id(known_by, title, body)
    return Document(identity, doc, title, body, own_id, bool(given), place)
