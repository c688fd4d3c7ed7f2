"""Lines in, vectors out: what `minicoil encode` does between two pipes, in the memory of a few hundred lines."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, UsageError
from minicoil.harmless import harmless_json
from minicoil.keys import KeySet
from minicoil.problems import MAX_EXAMPLES, Problems
from minicoil.sparse import HybridVector, MiniCoil, SparseVector
from tasks.catalogue import find_named, find_release, list_collections, open_release, read_channel
from tasks.documents import id_key, id_text, row_id
from tasks.models import PACKAGED, open_empty, settle_language
from tasks.place import Place

Form = Literal["auto", "text", "jsonl"]
DEFAULT_CHANNEL = "production"
LINES_AHEAD = 256  # read before the first answer, as many as FastEmbed's batch


@dataclass
class LineReport:
    """Lines seen, and those that could not be used, by reason."""

    n_lines: int = 0
    n_encoded: int = 0
    problems: Problems[int] = field(default_factory=Problems)
    repeated: list[int] = field(default_factory=list)
    n_repeated: int = 0
    _ids: KeySet = field(default_factory=KeySet, repr=False)

    @property
    def n_bad(self) -> dict[str, int]:
        """Reason -> how many lines."""
        return self.problems.counts

    def refuse(self, reason: str) -> None:
        """Count the current line as bad."""
        self.problems.note(reason, self.n_lines)

    def name(self, own_id: str) -> str:
        """What the current line is called: its id, with its number behind it where an earlier line has that id."""
        name = own_id
        while name and not self._ids.add(id_key(name)):
            name = f"{name}#{self.n_lines}"
        if name != own_id:
            self.n_repeated += 1
            self.repeated += [self.n_lines] if len(self.repeated) < MAX_EXAMPLES else []
        return name

    def rows(self) -> list[dict[str, Any]]:
        """For answers: reason, count, and the numbers of the first lines."""
        return [{"reason": bad.reason, "n": bad.n, "lines": list(bad.examples)} for bad in self.problems]


@dataclass(frozen=True)
class Line:
    """One usable line: its number from 1, its id as JSON gave it, its text, and a name that no earlier line has."""

    number: int
    id: Any
    text: str
    name: str = ""


@dataclass(frozen=True)
class EncodedLine:
    """A line's number, id and name, and its vectors; `dense` is None where it was not asked for."""

    number: int
    id: Any
    sparse: SparseVector
    dense: Any = None
    name: str = ""

    def row(self) -> dict[str, Any]:
        """As JSON; numbers have the fewest digits that give the same float32 back."""
        answer: dict[str, Any] = {"line": self.number}
        if self.id is not None:
            answer["id"] = self.id
        answer |= {"indices": self.sparse.indices.tolist(), "values": _short(self.sparse.values)}
        return answer if self.dense is None else {**answer, "dense": _short(self.dense)}


def _short(values: Any) -> list[float]:
    return [float(str(value)) for value in values]


def open_line_model(
    place: Place,
    channel: str | None = None,
    release: int | None = None,
    folder: str | None = None,
    collection: str | None = None,
    bm25: Bm25Config | None = None,
    query: bool = False,
    threads: int | None = None,
) -> MiniCoil:
    """The one model that is asked for: a folder's, a release's, a collection's, or else a channel's.

    A collection brings its k, b and avg_len; its documents get the cells of every release that is read there. Where
    nothing is asked for and nothing is served yet, every word is one of plain BM25.

    Raises:
        UsageError: more than one is asked for, or settings besides a collection that has its own.
        CollectionError: no such collection.
    """
    named = {"--channel": channel, "--release": release, "--model": folder, "--collection": collection}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} each name a model; give one of them")
    if collection is not None and bm25 is not None:
        raise UsageError(f"collection '{collection}' has its own k, b and avg_len; leave --k, --b and --avg-len out")
    if collection is not None:
        model = _open_collection_model(place, collection, query)
        if threads is not None:
            model.encoder.threads = threads
        return model
    bm25 = bm25 or Bm25Config()
    if folder is not None:
        path = Path(folder)
    elif channel is None and release is None and read_channel(place.objects(), DEFAULT_CHANNEL).current is None:
        # as `index` and `search` before there is a release
        path = open_empty(place, PACKAGED, 4, settle_language(place, DEFAULT_CHANNEL))
    else:
        name = str(release) if release is not None else channel or DEFAULT_CHANNEL
        path = open_release(place.objects(), find_release(place, name).release, place.cache)
    return MiniCoil.load(path, bm25.k, bm25.b, bm25.avg_len, threads)


def _open_collection_model(place: Place, name: str, query: bool) -> MiniCoil:
    from tasks.collections.searching import open_reader_of
    from tasks.collections.writing import open_writer

    record = find_named(place, name)
    if record is None:
        known = ", ".join(entry.name for entry in list_collections(place.objects())) or "none"
        raise CollectionError(
            f"collection '{name}' is not registered; collections: {known}; create it with "
            f"`minicoil index {name} --corpus SPEC`"
        )
    if query:
        return open_reader_of(place, record)[1]
    model, others = open_writer(place, record)
    model = model.remembering(None)  # what people pipe through is nobody's but theirs
    return model.beside(*others) if others else model


def read_lines(source: Iterable[bytes], form: Form, report: LineReport) -> Iterator[Line]:
    """Usable lines; the others are counted in `report`, by number.

    Args:
        source: Lines with or without their ends.
        form: "text": every line is one text, an empty one too. "jsonl": objects with `text`, and `_id` or `id` where
            the answer should carry it. "auto": what the first line with anything on it looks like.
        report: Told of every line.
    """
    for raw in source:
        report.n_lines += 1
        try:
            text = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8-sig" if report.n_lines == 1 else "utf-8")
        except UnicodeDecodeError:
            report.refuse("is not UTF-8")
            continue
        if form == "auto" and text.strip():
            form = "jsonl" if isinstance(_parse(text), dict) else "text"
        line = _read_json(text, report) if form == "jsonl" else Line(report.n_lines, None, text)
        if line is not None:
            yield line


def _read_json(text: str, report: LineReport) -> Line | None:
    if not text.strip():
        return None  # a blank line ends many files of JSON lines
    row = _parse(text)
    if not isinstance(row, dict):
        report.refuse("is not a JSON object")
    elif not isinstance(row.get("text"), str):
        report.refuse("has no 'text' that is a string")
    elif not _is_unicode(row["text"]):
        report.refuse("holds a lone surrogate, which is no text")
    else:
        own_id = row_id(row)
        return Line(report.n_lines, own_id, row["text"], report.name(id_text(own_id)))
    return None


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode_lines(
    model: MiniCoil, lines: Iterable[Line], report: LineReport, query: bool = False, dense: bool = False
) -> Iterator[EncodedLine]:
    """The vectors of lines, in order, as they come."""
    waiting: deque[Line] = deque()

    def texts() -> Iterator[str]:
        for line in lines:
            waiting.append(line)
            yield line.text

    vectors: Iterator[SparseVector | HybridVector]
    if dense:
        encode = model.query_embed_hybrid if query else model.embed_hybrid
        vectors = encode(texts(), batch_size=LINES_AHEAD)
    else:
        vectors = (model.query_embed if query else model.embed)(texts(), batch_size=LINES_AHEAD)
    for vector in vectors:
        line = waiting.popleft()
        report.n_encoded += 1
        if isinstance(vector, HybridVector):
            yield EncodedLine(line.number, line.id, vector.sparse, vector.dense, line.name)
        else:
            yield EncodedLine(line.number, line.id, vector, None, line.name)


def write_encoded(rows: Iterable[EncodedLine], path: Path) -> None:
    """Write rows to `path`, by its ending `.parquet` or `.jsonl`; the file appears when it is whole.

    Raises:
        UsageError: another ending.
    """
    check_output(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        if path.suffix == ".parquet":
            _write_parquet(rows, part)
        else:
            with part.open("w", encoding="utf-8") as file:
                for row in rows:
                    file.write(harmless_json(json.dumps(row.row(), ensure_ascii=False)) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_output(path: Path) -> None:
    """Refuse an ending that nothing is written for, before hours of encoding."""
    if path.suffix not in (".parquet", ".jsonl"):
        raise UsageError(f"--output {path}: give a file that ends in .parquet or .jsonl")


def _write_parquet(rows: Iterable[EncodedLine], path: Path) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet

    numbers, floats = pa.list_(pa.int32()), pa.list_(pa.float32())
    names = {"line": pa.int64(), "id": pa.string(), "indices": numbers, "values": floats, "dense": floats}
    schema = pa.schema(list(names.items()))
    iterator = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := [row for row, _ in zip(iterator, range(1024), strict=False)]:
            columns = {
                "line": [row.number for row in batch],
                "id": [row.name or None for row in batch],
                "indices": [row.sparse.indices for row in batch],
                "values": [row.sparse.values for row in batch],
                "dense": [row.dense for row in batch],
            }
            writer.write_table(pa.table(columns, schema=schema))
