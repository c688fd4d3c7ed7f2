"""Pooled words of encoded texts, kept under a home between runs and shared by all of them; safe to delete.

A database in SQLite's write-ahead mode: several processes may read and write it, and one that is killed leaves nothing
half-written. It is bounded. Where it is full, what was never asked for again goes first, and a scan of more texts than
it holds takes no room from what is used. Whatever goes wrong with it costs time and is said once.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from minicoil.encoder import PooledWords
from tasks.embeddings.embedding_file import delete_entries, is_in_use, is_outside, prepare, used_bytes
from tasks.embeddings.pooled_format import pack_words, split_tokens, unpack_words
from tasks.embeddings.seen_texts import SeenTexts
from tasks.store import name_aside

logger = logging.getLogger(__name__)
_FILE = "words.sqlite"
_WAIT_SECONDS = 10.0  # for another process that writes; then this one goes on without
_PENDING_BYTES = 16 * 2**20  # held back to be written at once
_USABLE = 0.95  # of the bytes allowed; the rest is for the log of what is being written
_FULL = 0.02  # of the bytes allowed: with less room than that a scan counts as having filled it
_SCANNED_SHARE = 8  # a scan replaces at most an eighth of a full cache in one run
_ROW_BYTES = 200  # of an entry beside its body
_WAYS_OUT = "free some disk, or set MINICOIL_EMBEDDING_CACHE_BYTES=0"
_ONE_BY_ONE = 256  # keys of one question


class EmbeddingCache:
    """A `minicoil.encoder.pooled_words.PooledMemory` on disk; safe to use from several threads and processes.

    Args:
        folder: Its own; made where it is missing.
        max_bytes: Most that it takes; 0 keeps nothing and asks for nothing.

    Attributes:
        n_found, n_missed, n_kept: Texts, by this object.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self.n_found = self.n_missed = self.n_kept = 0
        self._lock = RLock()
        self._database: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._pending: dict[bytes, tuple[PooledWords, bool]] = {}
        self._pending_bytes = self._replaced_bytes = 0
        self._used: set[int] = set()
        self._seen = SeenTexts(folder / "seen.bits")
        self._reads = self._writes = max_bytes > 0
        self._is_full = False
        self._n_damaged = 0

    def find(self, keys: Sequence[bytes]) -> dict[bytes, PooledWords]:
        """Those of the texts that are known; being found is what keeps an entry."""
        with self._lock:
            found = {key: self._pending[key][0] for key in keys if key in self._pending}
            rest = [key for key in dict.fromkeys(keys) if key not in found]
            if self._reads and rest:
                with self._working("read"):
                    self._read(rest, found)
            n_found = sum(key in found for key in keys)
            self.n_found += n_found
            self.n_missed += len(keys) - n_found
            return found

    def takes(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the texts that would be kept, if they were offered."""
        return set(keys) if self._writes else set()

    def takes_scanned(self, keys: Sequence[bytes]) -> set[bytes]:
        """The same of texts that come by in a pass over a whole collection.

        While there is room all are kept; then those that came by before, of which a run replaces a bounded share.
        """
        with self._lock:
            if not self._writes or self._replaced_bytes * _SCANNED_SHARE >= self.max_bytes:
                return set()
            return {key for key in keys if self._seen.add(key)} if self._is_full else set(keys)

    def offer(self, entries: Mapping[bytes, PooledWords], scanned: bool = False) -> None:
        """Texts that were just encoded; `scanned` ones take no room from those that are used."""
        with self._lock:
            if not self._writes:
                return
            for key, entry in entries.items():
                self._pending[key] = (entry, scanned)
                self._pending_bytes += entry.size_bytes
            if self._pending_bytes >= _PENDING_BYTES:
                self.settle()

    def settle(self) -> None:
        """Write what was offered, and what was found."""
        with self._lock:
            pending, self._pending, self._pending_bytes = self._pending, {}, 0
            used, self._used = self._used, set()
            if (pending or used) and self._writes:
                with self._working("written"), self._trying(), self._transaction() as database:
                    rows = [(time.time(), number) for number in used]
                    database.executemany("UPDATE entries SET is_used = 1, used = ? WHERE id = ?", rows)
                    self._write(database, pending)

    def scanning(self) -> ScannedTexts:
        """This cache for a pass over a whole collection."""
        return ScannedTexts(self)

    def close(self) -> None:
        """Write what was offered, and let go of the file; the next call opens it again."""
        with self._lock:
            self.settle()
            self._shut()

    @property
    def size_bytes(self) -> int:
        """Of the entries on disk; 0 where there are none."""
        size = 0
        if self._reads and (self.folder / _FILE).exists():
            with self._lock, self._working("read"):
                size = used_bytes(self._open())
        return size

    def _read(self, keys: Sequence[bytes], found: dict[bytes, PooledWords]) -> None:
        if not self._writes and not (self.folder / _FILE).exists():
            return
        database = self._open()
        for start in range(0, len(keys), _ONE_BY_ONE):
            some = keys[start : start + _ONE_BY_ONE]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, tokens, body, id FROM entries JOIN bodies USING (id) WHERE key IN ({marks})"
            for key, tokens, body, number in database.execute(query, some):
                try:
                    found[key] = unpack_words(key, tokens, body)
                    self._used.add(number)
                except (ValueError, TypeError) as error:  # it is replaced when its text was encoded again
                    self._n_damaged += 1
                    self._tell("entries", f"{self._n_damaged:,} of its entries are damaged ({error}) and encoded again")

    def _write(self, database: sqlite3.Connection, pending: Mapping[bytes, tuple[PooledWords, bool]]) -> None:
        now, room, was_full = time.time(), int(self.max_bytes * _USABLE) - used_bytes(database), self._is_full
        for key, (entry, scanned) in pending.items():
            size = entry.size_bytes + _ROW_BYTES
            if size > room and (not scanned or was_full):  # of a scan only what came by before gets here then
                freed = self._evict(database, size - room, scanned)
                self._replaced_bytes += freed if scanned else 0
                room += freed
            if size > room:
                continue
            old = database.execute("SELECT id, size FROM entries WHERE key = ?", (key,)).fetchone()
            if old is not None:  # with fewer words, without sentence vector, or damaged
                delete_entries(database, [old[0]])
                room += old[1]
            tokens, body = pack_words(key, entry)
            values = (key, size, not scanned or old is not None, now, tokens)
            row = "INSERT INTO entries (key, size, is_used, used, tokens) VALUES (?, ?, ?, ?, ?)"
            database.execute("INSERT INTO bodies VALUES (?, ?)", (database.execute(row, values).lastrowid, body))
            room -= size
            self.n_kept += 1
        self._is_full = room < self.max_bytes * _FULL

    def _evict(self, database: sqlite3.Connection, wanted: int, scanned: bool) -> int:
        """Free `wanted` bytes: of texts that nobody asked for again, the oldest first; then of those used longest ago.

        For a scan only the first go. A little more than has to, so that not every entry has to look for room.
        """
        wanted = max(wanted, self.max_bytes // 100)
        where = "WHERE is_used = 0 " if scanned else ""
        ids, freed = list[int](), 0
        for number, size in database.execute(f"SELECT id, size FROM entries {where}ORDER BY is_used, used"):
            if freed >= wanted:
                break
            ids.append(number)
            freed += size
        delete_entries(database, ids)
        return freed

    def forget(self, is_of: Callable[[Sequence[str]], bool]) -> int:
        """Remove every entry whose words are of what is forgotten, off the disk too; returns how many went.

        Where that cannot be done for certain the whole cache goes.

        Args:
            is_of: Told an entry's distinct words.
        """
        with self._lock:
            self._pending, self._pending_bytes, self._used = {}, 0, set()
            if not (self.folder / _FILE).exists():
                return 0
            try:
                database = self._open()
                rows = database.execute("SELECT id, tokens FROM entries")
                ids = [number for number, tokens in rows if is_of(split_tokens(tokens))]
                with self._transaction():
                    delete_entries(database, ids)
                if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise sqlite3.OperationalError("another process reads it")
                return len(ids)
            except (sqlite3.Error, UnicodeDecodeError, AttributeError) as error:
                self._tell("file", f"cannot be searched ({error}) and is removed as a whole; nothing else is wrong")
                self._remove()
                return 1
            finally:
                self._shut()

    def _open(self) -> sqlite3.Connection:
        if self._process != os.getpid():  # a forked copy must not touch its parent's connection, not even to close it
            self._process, self._database = os.getpid(), None
        if self._database is not None and not (self.folder / _FILE).exists():  # somebody cleared the caches
            self._shut()
        if self._database is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / _FILE
            self._database = sqlite3.connect(path, _WAIT_SECONDS, isolation_level=None, check_same_thread=False)
            prepare(self._database)
        return self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._open()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.rollback()
            raise
        database.commit()

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Writing that may fail: what is there can still be read."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if is_in_use(error):  # by somebody who writes for long; the next time will do
                logger.info("%s is in use; nothing was added to it", self.folder)
                return
            if not is_outside(error):
                raise
            self._writes = False
            self._tell("writing", f"cannot be written ({error}); texts are encoded whenever needed; {_WAYS_OUT}")

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        """Whatever is wrong costs time only: a damaged file is made anew, what cannot be had is done without."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            self._shut()
            if is_in_use(error):
                return
            if is_outside(error):
                self._reads = self._writes = False
                self._tell(what, f"cannot be {what} ({error}); texts are encoded whenever needed; {_WAYS_OUT}")
                return
            self._tell("file", f"is damaged ({error}) and is made anew; its texts are encoded again")
            try:
                self._remove()
            except OSError:
                self._reads = self._writes = False

    def _tell(self, about: str, message: str) -> None:
        """Once in a command, on its terminal too: nothing else is wrong, but it costs time."""
        name_aside(f"{self.folder} ({about})", f"{self.folder}: {message}")

    def _remove(self) -> None:
        self._shut()
        for path in self.folder.glob(f"{_FILE}*"):
            path.unlink(missing_ok=True)

    def _shut(self) -> None:
        if self._database is not None and self._process == os.getpid():
            self._database.close()
        self._database = None


class ScannedTexts:
    """A cache as a pass over a whole collection uses it: it reads all there is, and adds what there is room for."""

    def __init__(self, cache: EmbeddingCache) -> None:
        self._cache = cache

    def find(self, keys: Sequence[bytes]) -> Mapping[bytes, PooledWords]:
        """See `EmbeddingCache.find`."""
        return self._cache.find(keys)

    def takes(self, keys: Sequence[bytes]) -> set[bytes]:
        """See `EmbeddingCache.takes_scanned`."""
        return self._cache.takes_scanned(keys)

    def offer(self, entries: Mapping[bytes, PooledWords]) -> None:
        """See `EmbeddingCache.offer`."""
        self._cache.offer(entries, scanned=True)

    def settle(self) -> None:
        """See `EmbeddingCache.settle`."""
        self._cache.settle()
