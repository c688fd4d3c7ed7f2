"""The file of encoded texts: its tables, and what SQLite's errors mean for whoever can do without it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_VERSION = 1
# what is wrong around the file and not in it: the disk is full, the folder read-only or gone
_OUTSIDE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_OUTSIDE |= {sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS}
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# is_used: asked for again, or of texts that are sure to be; bodies apart, so that marking a use moves few bytes
_SCHEMA = f"""
BEGIN;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
  is_used INTEGER NOT NULL, used REAL NOT NULL, tokens TEXT NOT NULL);
CREATE INDEX by_use ON entries (is_used, used, size);
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
PRAGMA user_version = {_VERSION};
COMMIT;
"""


def prepare(database: sqlite3.Connection) -> None:
    """Make a file just opened ready for use. Raises `sqlite3.Error`: it is none, or another process holds it."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError(f"its version is {version}, {_VERSION} was expected")
    if version == 0:
        database.execute("PRAGMA page_size = 16384")
    database.execute("PRAGMA journal_mode = WAL")
    # a killed process loses nothing by it; a machine that loses power may damage the file, which costs time
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA wal_autocheckpoint = 1000")
    database.execute("PRAGMA secure_delete = ON")  # what makes room is overwritten: nobody could find it to forget it
    if version == 0:
        try:
            database.executescript(_SCHEMA)
        except sqlite3.OperationalError:
            if database.in_transaction:
                database.rollback()
            if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:  # another process was quicker
                raise


def used_bytes(database: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    n_pages, n_free, size = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (n_pages - n_free) * size


def delete_entries(database: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Remove entries with their bodies, inside a transaction of the caller's."""
    rows = [(number,) for number in ids]
    database.executemany("DELETE FROM bodies WHERE id = ?", rows)
    database.executemany("DELETE FROM entries WHERE id = ?", rows)


def is_in_use(error: Exception) -> bool:
    """Whether another process held the file for too long."""
    return isinstance(error, sqlite3.Error) and _code(error) in _IN_USE


def is_outside(error: Exception) -> bool:
    """Whether the trouble is around the file and not in it: a full disk, a folder that is closed or gone."""
    return isinstance(error, OSError) or (isinstance(error, sqlite3.Error) and _code(error) in _OUTSIDE)


def _code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 1, an error, where Python's own module raised."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 255
