"""The one door to text: a SPEC in, documents out, one at a time, nothing dropped in silence."""

from __future__ import annotations

import hashlib
import heapq
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from minicoil.errors import CorpusError, EmptyCorpusError, UsageError
from minicoil.key_set import KeySet

if TYPE_CHECKING:
    from tasks.points import PointStore

_NAMESPACE = uuid.UUID("5f1b1d5e-6c63-5b4e-9a55-2f0a6d3d6c01")
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Document:
    """One point's worth of text.

    Attributes:
        id: UUID made of where the text stands and what it says; the same on every run.
        doc: Name of the source it is part of; the unit of deletion.
        title: Heading, or "".
        body: Prose without the title.
    """

    id: str
    doc: str
    title: str
    body: str

    @property
    def text(self) -> str:
        """What is indexed: title, newline, body."""
        return f"{self.title}\n{self.body}" if self.title else self.body


@dataclass
class CorpusReport:
    """What was read and what was not, counted while reading."""

    n_read: int = 0
    n_duplicates: int = 0
    n_unusable: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, reason: str, where: str) -> None:
        """Count one thing that could not be used, and remember the first few places."""
        self.n_unusable[reason] = self.n_unusable.get(reason, 0) + 1
        places = self.examples.setdefault(reason, [])
        if len(places) < MAX_EXAMPLES:
            places.append(where)

    def rows(self) -> list[dict[str, object]]:
        """For reports: reason, n, examples; the most frequent first."""
        ordered = sorted(self.n_unusable.items(), key=lambda entry: -entry[1])
        rows: list[dict[str, object]] = [{"reason": r, "n": n, "examples": self.examples[r]} for r, n in ordered]
        if self.n_duplicates:
            rows.append({"reason": "duplicates left out", "n": self.n_duplicates, "examples": []})
        return rows


class Reader(Protocol):
    """Reads one kind of SPEC."""

    def __call__(self, spec: str, report: CorpusReport) -> Iterator[Document]: ...


def document(doc: str, title: str, body: str, own_id: str = "") -> Document:
    """A document whose id follows from its source and text, or from the id its row brought along."""
    name = f"{doc}\0{own_id}" if own_id else f"{doc}\0{title}\0{body}"
    return Document(str(uuid.uuid5(_NAMESPACE, name)), doc, title, body)


def read_corpora(
    specs: Sequence[str],
    report: CorpusReport,
    sample: int | None = None,
    seed: int = 17,
    points: PointStore | None = None,
) -> Iterator[Document]:
    """Documents of several SPECs, exact repeats left out.

    Args:
        specs: A file or folder, hf:name[:config][:split]#column, qdrant:collection#field, pydocs:a,b.
        report: Told of everything that could not be used.
        sample: Only this many documents: those with the smallest seeded hash of their text, so that a larger sample
            contains a smaller one. Held in memory; without it documents stream.
        seed: Of the sample.
        points: Where `qdrant:` reads from.

    Raises:
        CorpusError: a SPEC names nothing that exists.
        EmptyCorpusError: all of them were read and held nothing usable.
    """
    found = 0
    unique = _without_repeats((d for spec in specs for d in open_corpus(spec, report, points)), report)
    for entry in unique if sample is None else _smallest(unique, sample, seed):
        found += 1
        yield entry
    if not found:
        reasons = ", ".join(f"{n} {reason}" for reason, n in report.n_unusable.items()) or "no text at all"
        raise EmptyCorpusError(
            f"{', '.join(specs)}: nothing usable was found ({reasons}); give a corpus with text in it"
        )


def open_corpus(spec: str, report: CorpusReport, points: PointStore | None = None) -> Iterator[Document]:
    """Documents of one SPEC as they are, repeats and all."""
    kind, separator, rest = spec.partition(":")
    if separator and kind == "pydocs":
        from tasks.pydocs import read_pydocs

        return read_pydocs(rest, report)
    if separator and kind == "hf":
        from tasks.corpus_sets import read_hub

        return read_hub(rest, report)
    if separator and kind == "qdrant":
        from tasks.corpus_sets import read_collection

        if points is None:
            raise UsageError(f"{spec}: reading a collection is not possible here")
        return read_collection(rest, report, points)
    from tasks.corpus_files import read_path

    return read_path(spec, report)


def _without_repeats(documents: Iterable[Document], report: CorpusReport) -> Iterator[Document]:
    seen = KeySet()  # 12 to 24 bytes a document: 10 million are about 200 MB, a bound worth knowing
    for entry in documents:
        report.n_read += 1
        digest = hashlib.blake2b(entry.text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if seen.add(int.from_bytes(digest, "little")):
            yield entry
        else:
            report.n_duplicates += 1


def _smallest(documents: Iterable[Document], sample: int, seed: int) -> Iterator[Document]:
    kept: list[tuple[int, str, Document]] = []
    for entry in documents:
        data = f"{seed}\0{entry.text}".encode("utf-8", "surrogatepass")
        rank = -int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        if len(kept) < sample:
            heapq.heappush(kept, (rank, entry.id, entry))
        elif rank > kept[0][0]:
            heapq.heapreplace(kept, (rank, entry.id, entry))
    for _, _, entry in sorted(kept, key=lambda row: (-row[0], row[1])):
        yield entry


__all__ = ["CorpusError", "CorpusReport", "Document", "document", "open_corpus", "read_corpora"]
