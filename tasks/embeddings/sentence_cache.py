"""Encoded sentences kept between runs, so that a grown corpus costs its new sentences only; safe to delete.

A segment is a folder of arrays that appears whole, by rename: what a killed run leaves is never read. Segments used
longest ago go when the cache is full.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import ContentWords
from minicoil.files import load_array, parse_json, write_json

logger = logging.getLogger(__name__)
MAX_BYTES = 2 * 2**30  # some 200,000 sentences of 25 words; the setting MINICOIL_SENTENCE_CACHE_BYTES changes it
SEGMENT_SENTENCES = 4096  # written at once: what a killed run loses, and some 40 MB of memory
_PART = ".part-"
_ABANDONED_SECONDS = 86_400.0  # a part older than that has no writer any more


@dataclass(frozen=True)
class _Segment:
    """Arrays of some sentences: tokens of sentence i are rows starts[i] to starts[i + 1]."""

    folder: Path
    keys: NDArray[np.uint64]
    starts: NDArray[np.int64]
    names: list[str]
    tokens: NDArray[np.uint32]
    pieces: NDArray[np.int64]
    embeddings: NDArray[np.float16]
    role: NDArray[np.float32]

    @staticmethod
    def open(folder: Path) -> _Segment:
        def load(name: str, mode: Any = None) -> NDArray[Any]:
            return load_array(folder / f"{name}.npy", mode)

        names = parse_json((folder / "names.json").read_text("utf-8"))
        small = (load("keys"), load("starts"), names, load("tokens"), load("pieces"))
        segment = _Segment(folder, *small, load("embeddings", "r"), load("role", "r"))
        segment.check()
        return segment

    def check(self) -> None:
        """Hold the arrays against each other, so that no reading of theirs can fail. Raises `ValueError`."""
        kinds = [array.dtype.kind + str(array.ndim) for array in (self.keys, self.starts, self.tokens, self.pieces)]
        if kinds != ["u1", "i1", "u1", "i1"] or self.embeddings.ndim != 2 or self.role.ndim != 2:
            raise ValueError(f"arrays of kinds {', '.join(kinds)}")
        n_rows = int(self.starts[-1]) if len(self.starts) else -1
        if {len(self.tokens), len(self.pieces), len(self.embeddings)} != {n_rows}:
            raise ValueError(f"arrays of {len(self.tokens)} and {n_rows} tokens")
        if (
            len(self.starts) != len(self.keys) + 1
            or len(self.role) != len(self.keys)
            or (np.diff(self.starts) < 0).any()
        ):
            raise ValueError(f"{len(self.keys)} sentences in {len(self.starts)} places")
        names = self.names
        if type(names) is not list or not {*map(type, names)} <= {str} or (n_rows and self.tokens.max() >= len(names)):
            raise ValueError("tokens without names")

    def read(self, place: int) -> ContentWords:
        rows = slice(int(self.starts[place]), int(self.starts[place + 1]))
        tokens = tuple([self.names[number] for number in self.tokens[rows].tolist()])
        return ContentWords(tokens, self.pieces[rows], np.asarray(self.embeddings[rows]), np.asarray(self.role[place]))


class SentenceCache:
    """Encoded sentences of one encoder, by key.

    Args:
        root: Folder of all encoders' caches; `max_bytes` bounds them together.
        digest: Of everything that decides an embedding.
        max_bytes: Most that stays on disk.
    """

    def __init__(self, root: Path, digest: str, max_bytes: int = MAX_BYTES) -> None:
        self._root, self._folder, self._max_bytes = root, root / digest[:32], max_bytes
        self._segments: list[_Segment] = []
        self._fresh: dict[int, ContentWords] = {}
        keys: list[NDArray[np.uint64]] = []
        for folder in _segment_folders(self._folder):
            try:
                segment = _Segment.open(folder)
            except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
                logger.warning("%s cannot be used (%s) and is removed; its sentences are encoded again", folder, error)
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self._segments.append(segment)
            keys.append(segment.keys)
        lengths = [len(entry) for entry in keys]
        everything = np.concatenate([*keys, np.zeros(0, np.uint64)])
        order = np.argsort(everything, kind="stable")
        self._keys = everything[order]
        self._owner = np.repeat(np.arange(len(keys)), lengths)[order]
        self._place = np.concatenate([*map(np.arange, lengths), np.zeros(0, np.int64)]).astype(np.int64)[order]

    def find(self, keys: Collection[int]) -> dict[int, ContentWords]:
        """Those of the sentences that are known."""
        wanted = np.fromiter(keys, dtype=np.uint64, count=len(keys))
        at = np.minimum(np.searchsorted(self._keys, wanted), max(len(self._keys) - 1, 0))
        hits = np.flatnonzero(self._keys[at] == wanted) if len(self._keys) else np.zeros(0, np.int64)
        owners = self._owner[at[hits]]
        for owner in np.unique(owners).tolist():
            _touch(self._segments[owner].folder)
        rows = zip(wanted[hits].tolist(), owners.tolist(), self._place[at[hits]].tolist(), strict=True)
        found = {key: self._segments[owner].read(place) for key, owner, place in rows}
        return found | {key: self._fresh[key] for key in keys if key in self._fresh}

    def add(self, encoded: Mapping[int, ContentWords]) -> None:
        """Remember sentences; they are on disk after `flush`, and by themselves once enough have come."""
        self._fresh.update(encoded)
        if len(self._fresh) >= SEGMENT_SENTENCES:
            self.flush()

    def flush(self) -> None:
        """Write what was added, and make room where the cache is full."""
        if not self._fresh:
            return
        part = self._folder / f"{_PART}{uuid.uuid4().hex}"
        part.mkdir(parents=True)
        _write_segment(part, self._fresh)
        self._fresh = {}
        part.rename(self._folder / part.name.removeprefix(_PART))
        make_room(self._root, self._max_bytes)


def _write_segment(folder: Path, encoded: Mapping[int, ContentWords]) -> None:
    keys = sorted(encoded)
    rows = [encoded[key] for key in keys]
    names: dict[str, int] = {}
    tokens = [names.setdefault(token, len(names)) for row in rows for token in row.tokens]
    arrays = {
        "keys": np.asarray(keys, dtype=np.uint64),
        "starts": np.cumsum([0, *(len(row.tokens) for row in rows)]),
        "tokens": np.asarray(tokens, dtype=np.uint32),
        "pieces": np.concatenate([row.pieces for row in rows]),
        "embeddings": np.concatenate([row.embeddings for row in rows]),
        "role": np.stack([row.role for row in rows]),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "names.json").write_text(write_json(list(names)), encoding="utf-8")


def make_room(root: Path, max_bytes: int) -> None:
    """Remove the segments used longest ago until `max_bytes` hold the rest, and parts whose writer died."""
    for part in root.glob(f"*/{_PART}*"):
        if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(part, ignore_errors=True)
    sizes = {folder: _size(folder) for folder in _segment_folders(root, "*/*")}
    total = sum(size for size, _ in sizes.values())
    for folder, (size, _) in sorted(sizes.items(), key=lambda item: item[1][1]):
        if total <= max_bytes:
            break
        shutil.rmtree(folder, ignore_errors=True)
        total -= size


def forget_sentences(root: Path, keys: Collection[int]) -> int:
    """Remove every segment that holds one of the sentences, of every encoder; returns how many went.

    What killed runs left half written goes too: nobody can say what is in it, and nobody else may write meanwhile.
    """
    for part in root.glob(f"*/{_PART}*"):
        shutil.rmtree(part)
    wanted = np.fromiter(keys, dtype=np.uint64, count=len(keys))
    holding = []
    for folder in _segment_folders(root, "*/*"):
        try:
            if np.isin(load_array(folder / "keys.npy"), wanted).any():
                holding.append(folder)
        except (OSError, ValueError):
            holding.append(folder)  # unreadable: nobody can say it holds none
    for folder in holding:
        shutil.rmtree(folder)
    return len(holding)


def _segment_folders(root: Path, pattern: str = "*") -> Iterator[Path]:
    return (path for path in sorted(root.glob(pattern)) if path.is_dir() and not path.name.startswith(_PART))


def _size(folder: Path) -> tuple[int, float]:
    """Bytes, and when it was last used; a folder that somebody else just removed has none."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir()), folder.stat().st_mtime
    except OSError:
        return 0, 0.0


def _touch(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError:
        logger.info("%s was removed by another run", folder)  # its arrays stay readable while they are open
