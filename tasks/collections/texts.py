"""The text of a point: a template over its payload, or a corpus joined on its id; and what guards it while we write."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import string
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from minicoil.errors import CollectionError, UsageError
from minicoil.files import write_json
from tasks.catalogue import HASH_FIELD, CollectionRecord
from tasks.corpus import open_corpus
from tasks.documents import CorpusReport
from tasks.points import Point, field_root, read_field
from tasks.progress import track

# of two texts under one id neither is right: the id is kept without any
_JOIN = (
    "INSERT INTO texts VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET text = CASE WHEN text = excluded.text THEN text END"
)


class PointTextError(CollectionError):
    """A point's text is gone, or not text."""


class TextSource(Protocol):
    """Where the texts of a collection's points come from.

    Attributes:
        fields: Payload fields that `read` and `guard` look at.
    """

    fields: tuple[str, ...]

    def read(self, point: Point) -> str:
        """The text. Raises `PointTextError`."""

    def guard(self, point: Point) -> Mapping[str, Any]:
        """What must still be in the payload when vectors made from the text are written."""


class TextTemplate:
    """Texts from payload fields, as in '{title} {body}'; dots lead into objects, `[]` into lists: '{parts[].text}'.

    A point that has none of the fields has no text; of several, those that are absent count as empty.

    Args:
        template: Fields in braces.
        hashed: Whether `mc_hash` stands for the text, as in collections that this service indexed.

    Raises:
        UsageError: no field, or something else than names in the braces.
    """

    def __init__(self, template: str, hashed: bool = False) -> None:
        try:
            parts = list(string.Formatter().parse(template))
        except ValueError as error:
            raise UsageError(f"template '{template}': {error}; write fields in braces, '{{title}} {{body}}'") from error
        if any(spec or conversion for _, name, spec, conversion in parts if name is not None):
            raise UsageError(f"template '{template}': only plain field names go into braces, '{{title}} {{body}}'")
        self._parts = [(literal, name) for literal, name, _, _ in parts]
        self.names = tuple(dict.fromkeys(name for _, name in self._parts if name))
        if not self.names:
            raise UsageError(
                f"template '{template}' names no field; write payload fields in braces, '{{title}} {{body}}'"
            )
        self._hashed = hashed
        roots = tuple(dict.fromkeys(field_root(name) for name in self.names))
        self.fields: tuple[str, ...] = (*roots, HASH_FIELD) if hashed else roots

    def read(self, point: Point) -> str:
        values = {name: self._value(point, name) for name in self.names}
        if all(value is None for value in values.values()):
            raise PointTextError(f"point {point.id} has no {' or '.join(self.names)} in its payload{self._hint(point)}")
        text = "".join(literal + (values[name] or "" if name else "") for literal, name in self._parts)
        return text

    def _hint(self, point: Point) -> str:
        """What to write where a list is in the way."""
        for name in self.names:
            root, _, rest = name.partition(".")
            if rest and isinstance(point.payload.get(root), list):
                return f"; '{root}' is a list there: write {{{root}[].{rest}}}"
        return ""

    def _value(self, point: Point, name: str) -> str | None:
        value = read_field(point.payload, name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return "\n".join(value)
        raise PointTextError(f"point {point.id}: field '{name}' holds {type(value).__name__}, text was expected")

    def guard(self, point: Point) -> Mapping[str, Any]:
        if self._hashed:
            return {HASH_FIELD: point.payload.get(HASH_FIELD)}
        return {name: read_field(point.payload, name) for name in self.names}


class JoinedTexts:
    """Texts of a corpus by document id, in a file on disk; the payload has at most the id.

    Args:
        path: SQLite file made by `join_corpus`.
        field: Payload field with the id; "" is the point's own.
    """

    def __init__(self, path: Path, field: str) -> None:
        self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self._field = field
        self.fields: tuple[str, ...] = (field_root(field),) if field else ()

    def read(self, point: Point) -> str:
        key = read_field(point.payload, self._field) if self._field else point.id
        row = self._database.execute("SELECT text FROM texts WHERE id = ?", (str(key),)).fetchone()
        if row is None:
            raise PointTextError(f"point {point.id}: the corpus has no document '{key}'")
        if row[0] is None:
            raise PointTextError(f"point {point.id}: the corpus has several documents '{key}', with different texts")
        return str(row[0])

    def guard(self, point: Point) -> Mapping[str, Any]:
        return {self._field: read_field(point.payload, self._field)} if self._field else {}


def join_corpus(folder: Path, specs: Sequence[str]) -> Path:
    """A file of a corpus's texts by document id, made anew; a killed run leaves no half of one."""
    path = joined_path(folder, specs)
    part = path.with_suffix(f".part{os.getpid()}")
    folder.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    with sqlite3.connect(part) as database:
        database.execute("CREATE TABLE texts (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        documents = chain.from_iterable(open_corpus(spec, CorpusReport()) for spec in specs)
        rows = ((entry.doc, entry.text) for entry in track(documents, "joining texts", None, "documents"))
        database.executemany(_JOIN, rows)
    database.close()
    part.replace(path)
    return path


def joined_path(folder: Path, specs: Sequence[str]) -> Path:
    """Where `join_corpus` puts a corpus."""
    return folder / f"{hashlib.sha256(write_json(list(specs), ascii_only=True).encode()).hexdigest()[:16]}.sqlite"


def open_texts(record: CollectionRecord, cache: Path) -> TextSource:
    """The texts of a collection's points.

    Args:
        record: Says where they are.
        cache: Folder of things that can be made again; a joined corpus is read once.
    """
    if not record.corpus:
        return TextTemplate(record.text, hashed=record.is_ours)
    folder = cache / "joined"
    path = joined_path(folder, record.corpus)
    return JoinedTexts(path if path.is_file() else join_corpus(folder, record.corpus), record.join)
