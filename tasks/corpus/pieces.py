"""A corpus cut into pieces, so that many may read it: stretches of lines and of text, row groups, else whole files.

Where pieces end follows from the corpus alone, whoever reads them; read one after the other they give what reading the
corpus in one go gives, rows under the same numbers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicoil.errors import StoreUnavailableError, UsageError
from minicoil.files import write_json
from tasks.corpus.corpus_files import CHANGED, file_stamp, find_corpus_files, read_file
from tasks.corpus.corpus_objects import (
    SCHEME,
    find_objects,
    object_groups,
    object_stamp,
    open_object_lines,
    read_object,
)
from tasks.corpus.corpus_sets import cut_collection, hub_shards, read_collection, read_hub, set_stamp
from tasks.corpus.corpus_tables import group_sizes
from tasks.corpus.specs import kind_of_spec, open_corpus
from tasks.documents import CorpusReport, Document, IdRange, Stretch, cut_groups, cut_lines, cut_text

if TYPE_CHECKING:
    from tasks.points import PointStore

PIECE_BYTES = 3 * 2**23  # of text: some 200,000 sentences, which fill one piece of columns; some 6 s of one core
_MANY = 4  # pieces that an object of lines has, from which on it is cut
_SET = "hf:"  # what the path of a part of a set begins with


@dataclass(frozen=True)
class Part:
    """What a piece has of one file.

    Attributes:
        path: Absolute, or the address of an object; the SPEC of a set or collection.
        name: The file's path below the folder that was named.
        shown: The path as messages name it.
        column: Of its text, in files of rows.
        stamp: Size and time of its last change when it was cut; None where nobody could say.
        stretch: Rows that are read of it; None for all.
        has_changed: Whether it changed while it was read in stretches, so that all of it is read again.
    """

    path: str
    name: str
    shown: str
    column: str
    stamp: tuple[int, int] | None
    stretch: Stretch | IdRange | None = None
    has_changed: bool = False

    @property
    def is_object(self) -> bool:
        """Whether it lies in S3."""
        return self.path.startswith(SCHEME)


@dataclass(frozen=True)
class Piece:
    """One unit of reading.

    Attributes:
        spec: It is a piece of this one.
        parts: Of files; none where it is all of the SPEC.
        n_bytes: About how much there is to read.
        day: When it was cut, where nothing else says of what time its text is: another day reads it anew.
    """

    spec: str
    parts: tuple[Part, ...] = ()
    n_bytes: int = PIECE_BYTES
    day: str = ""

    @property
    def digest(self) -> str:
        """Names the piece, and what its files were when it was cut."""
        return hashlib.sha256(write_json(asdict(self), ascii_only=True).encode()).hexdigest()[:32]

    def row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @staticmethod
    def from_row(row: dict[str, Any]) -> Piece:
        """What `row` wrote."""
        parts = []
        for part in row["parts"]:
            stamp, stretch = part["stamp"], part["stretch"]
            kind = IdRange if stretch and "from_id" in stretch else Stretch
            parts.append(
                Part(**{**part, "stamp": stamp and tuple(stamp), "stretch": kind(**stretch) if stretch else None})
            )
        return Piece(str(row["spec"]), tuple(parts), int(row["n_bytes"]), str(row["day"]))

    def changed_files(self) -> set[str]:
        """Files of which the piece has a stretch, and that are not what they were when they were cut."""
        cut = (part for part in self.parts if isinstance(part.stretch, Stretch))
        return {part.path for part in cut if _stamp_of(part.path) != part.stamp}

    def with_whole(self, files: Collection[str]) -> Piece | None:
        """The piece where some files are read whole, by whoever has their beginning; None where nothing is left."""
        parts = []
        for part in self.parts:
            if part.path not in files:
                parts.append(part)
            elif not isinstance(part.stretch, Stretch) or part.stretch.start == 0:
                stamp = _stamp_of(part.path)
                parts.append(replace(part, stamp=stamp, stretch=None, has_changed=True))
        return replace(self, parts=tuple(parts)) if parts else None


def cut_corpora(
    specs: Sequence[str], report: CorpusReport, size: int | None = None, points: PointStore | None = None
) -> Iterator[Piece]:
    """The pieces of several SPECs, in the order in which they would be read.

    Args:
        specs: As for `read_corpora`.
        report: Told of files that are of no kind that is read, and of links that lead nowhere.
        size: Bytes of text of a piece, about; None: `PIECE_BYTES`.
        points: For SPECs that are collections, which are one piece each without it.

    Raises:
        CorpusError: a SPEC names no file that is read.
        CollectionError: a SPEC names no collection.
    """
    size, today = size or PIECE_BYTES, datetime.now(UTC).date().isoformat()
    for spec in specs:
        kind, rest = kind_of_spec(spec)
        if kind == "pydocs":
            for name in rest.split(","):
                yield Piece(f"pydocs:{name}", (), size, today)
        elif kind == "s3":
            yield from _gathered(spec, _object_parts(spec, report, size), size)
        elif kind == "hf" and (shards := hub_shards(rest)):
            yield from _gathered(spec, _set_parts(rest, shards), size)
        elif kind == "qdrant" and points is not None:
            for ids in cut_collection(rest, points, size):
                yield Piece(spec, (Part(spec, rest, spec, "", None, ids),), size, today)
        elif kind:
            yield Piece(spec, (), size, today)
        else:
            yield from _gathered(spec, _parts(spec, report, size), size)


def read_piece(piece: Piece, report: CorpusReport, points: PointStore | None = None) -> Iterator[Document]:
    """Documents of a piece as they are, repeats and all.

    Args:
        piece: From `cut_corpora`.
        report: Told of what could not be used.
        points: For SPECs that are collections.
    """
    if not piece.parts:
        yield from open_corpus(piece.spec, report, points)
        return
    for part in piece.parts:
        if part.has_changed:
            report.refuse(CHANGED, part.shown)
        if isinstance(part.stretch, IdRange):
            if points is None:
                raise UsageError(f"{piece.spec}: reading a collection is not possible here")
            yield from read_collection(part.name, report, points, part.stretch)
        elif part.path.startswith(_SET):
            yield from read_hub(part.path.removeprefix(_SET), report, part.stretch)
        elif part.is_object:
            yield from read_object(part.path, part.name, report, part.column, part.stretch)
        else:
            yield from read_file(Path(part.path), part.name, part.shown, report, part.column, part.stretch)


def _parts(spec: str, report: CorpusReport, size: int) -> Iterator[tuple[Part, int]]:
    """Parts of the files of a SPEC, and how many bytes of text each has, about."""
    for path, name, shown, column in find_corpus_files(spec, report):
        part = Part(os.path.abspath(path), name, shown, column, file_stamp(path))
        yield from _cut(part, path, group_sizes(path, column), size)


def _object_parts(spec: str, report: CorpusReport, size: int) -> Iterator[tuple[Part, int]]:
    """The same of objects in S3; of these, tables are cut, and lines if there are many."""
    for address, name, column, stamp in find_objects(spec, report):
        part = Part(address, name, address, column, stamp)
        yield from _cut(part, Path(address), object_groups(address, column), size)


def _set_parts(rest: str, shards: Sequence[tuple[int, int]]) -> Iterator[tuple[Part, int]]:
    """The same of a set, one a shard; its path is all of it, since its rows are counted through."""
    address, _, column = rest.partition("#")
    whole, n_rows = Part(_SET + rest, address, _SET + address, column, set_stamp(rest)), 0
    for number, (n, n_bytes) in enumerate(shards):
        yield replace(whole, stretch=Stretch(number, number + 1, n_rows)), n_bytes * 4
        n_rows += n


def _cut(part: Part, path: Path, groups: Iterator[tuple[int, int]], size: int) -> Iterator[tuple[Part, int]]:
    n_bytes = part.stamp[0] if part.stamp else 0
    stretches: list[tuple[Stretch, int]] = []
    try:
        if n_bytes > size // 8 and path.name.lower().endswith(".parquet"):
            stretches = list(cut_groups(groups, size))
        elif n_bytes > _least_cut(part, size) and path.name.lower().endswith((".jsonl", ".ndjson")):
            with open_object_lines(part.path) if part.is_object else path.open("rb") as file:
                stretches = list(cut_lines(file, n_bytes, size))
        elif n_bytes > size and path.name.lower().endswith(".txt") and not part.is_object:
            stretches = list(cut_text(path, n_bytes, size))
    except StoreUnavailableError:
        raise
    except Exception:  # whatever is wrong with the file, who reads it says so
        stretches = []
    if len(stretches) < 2:
        is_packed = path.name.lower().endswith((".gz", ".parquet"))
        yield part, n_bytes * (4 if is_packed else 1)
    for stretch, n in stretches if len(stretches) > 1 else ():
        yield replace(part, stretch=stretch), n


def _least_cut(part: Part, size: int) -> int:
    """Bytes of lines from which they are cut: an object is downloaded once more for it, to count lines."""
    return _MANY * size if part.is_object else size


def _stamp_of(path: str) -> tuple[int, int] | None:
    if path.startswith(_SET):
        return set_stamp(path.removeprefix(_SET))
    return object_stamp(path) if path.startswith(SCHEME) else file_stamp(Path(path))


def _gathered(spec: str, parts: Iterator[tuple[Part, int]], size: int) -> Iterator[Piece]:
    """Small parts together, until there is enough for a piece."""
    waiting: list[Part] = []
    n_waiting = 0
    for part, n in parts:
        if waiting and n_waiting + n > size:
            yield Piece(spec, tuple(waiting), n_waiting)
            waiting, n_waiting = [], 0
        waiting.append(part)
        n_waiting += n
    if waiting:
        yield Piece(spec, tuple(waiting), n_waiting)
