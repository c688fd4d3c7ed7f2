"""The one door to text: a SPEC in, documents out, one at a time, nothing dropped in silence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from minicoil.errors import CorpusError, EmptyCorpusError, UsageError
from minicoil.files import Count, check_number
from minicoil.keys import KeySet
from tasks.documents import CorpusReport, Document, HashSample, LastRows, Names, OnDuplicate, Owners, document
from tasks.progress import track

if TYPE_CHECKING:
    from tasks.points import PointStore

_SPEC_KINDS = ("pydocs", "hf", "qdrant", "s3")


class Reader(Protocol):
    """Reads one kind of SPEC."""

    def __call__(self, spec: str, report: CorpusReport) -> Iterator[Document]: ...


def read_corpora(
    specs: Sequence[str],
    report: CorpusReport,
    sample: int | None = None,
    seed: int = 17,
    points: PointStore | None = None,
    on_duplicate: OnDuplicate = "tell-apart",
    owners: Owners | None = None,
) -> Iterator[Document]:
    """Documents of several SPECs, exact repeats left out, each under an id of its own.

    Args:
        specs: A file or folder, s3://bucket/prefix, hf:name[:config][:split]#column, qdrant:collection#field,
            pydocs:a,b.
        report: Told of everything that could not be used, and of documents whose id another one has.
        sample: Only this many documents: those with the smallest seeded hash of their text, so that a larger sample
            contains a smaller one. Held in memory; without it documents stream.
        seed: Of the sample.
        points: Where `qdrant:` reads from.
        on_duplicate: What becomes of documents with the id of another and another text. "tell-apart": both are kept,
            the newcomer is called `file#id` or `id#line`. "keep-last": the last one counts, as if it were a newer
            state. "refuse": nothing is read any further. The latter two read the corpus twice.
        owners: Who has ids from runs before.

    Raises:
        CorpusError: a SPEC names nothing that exists, or two documents have one id and that is refused.
        EmptyCorpusError: all of them were read and held nothing usable.
        UsageError: the sample is no number of documents.
    """
    if sample is not None:
        check_number("sample", sample, Count)
    if on_duplicate == "refuse":
        _refuse_clashes(specs, points, owners)
    raw: Iterable[Document] = _open_all(specs, report, points)
    if on_duplicate == "keep-last":
        raw = _last_of_each(raw, LastRows(_open_all(specs, CorpusReport(), points)), report)
    unique = _without_repeats(raw, report)
    named = unique if on_duplicate == "keep-last" else _named(unique, Names(owners), report)
    found = 0
    for entry in named if sample is None else _smallest(named, sample, seed):
        found += 1
        yield entry
    if not found:
        raise nothing_found(specs, report)


def nothing_found(specs: Sequence[str], report: CorpusReport) -> EmptyCorpusError:
    """The error for corpora that were read to their end without a document."""
    reasons = str(report.problems) or "no text at all"
    return EmptyCorpusError(f"{', '.join(specs)}: nothing usable was found ({reasons}); give a corpus with text in it")


def open_corpus(spec: str, report: CorpusReport, points: PointStore | None = None) -> Iterator[Document]:
    """Documents of one SPEC as they are, repeats and all; what exists as a path is that path."""
    from tasks.corpus.corpus_files import read_path

    kind, rest = kind_of_spec(spec)
    if not kind:
        return read_path(spec, report)
    if kind == "pydocs":
        from tasks.corpus.pydocs import read_pydocs

        return read_pydocs(rest, report)
    if kind == "s3":
        from tasks.corpus.corpus_objects import find_objects, read_object

        objects = find_objects(spec, report)
        return chain.from_iterable(read_object(address, name, report, column) for address, name, column, _ in objects)
    from tasks.corpus.corpus_sets import read_collection, read_hub

    if kind == "hf":
        return read_hub(rest, report)
    if points is None:
        raise UsageError(f"{spec}: reading a collection is not possible here")
    return read_collection(rest, report, points)


def kind_of_spec(spec: str) -> tuple[str, str]:
    """What a SPEC begins with, and the rest; "" and all of it where it is a path, or where such a path exists."""
    kind, separator, rest = spec.partition(":")
    if not separator or kind not in _SPEC_KINDS or os.path.lexists(spec):
        return "", spec
    return kind, rest


def _open_all(specs: Sequence[str], report: CorpusReport, points: PointStore | None) -> Iterator[Document]:
    for spec in specs:
        yield from open_corpus(spec, report, points)


def _refuse_clashes(specs: Sequence[str], points: PointStore | None, owners: Owners | None) -> None:
    report = CorpusReport()
    for _ in _named(_without_repeats(_open_all(specs, report, points), report), Names(owners), report):
        pass
    if report.n_clashes:
        first = "; ".join(f"{clash.where}: id '{clash.own_id}' is that of {clash.owner}" for clash in report.clashes)
        raise CorpusError(
            f"{report.n_clashes:,} documents have the id of another one ({first}); give each an id of its own, or "
            "choose --on-duplicate tell-apart or keep-last"
        )


def _named(documents: Iterable[Document], names: Names, report: CorpusReport) -> Iterator[Document]:
    for entry, clash in names.settle(documents):
        if clash is not None and clash.owner:
            report.tell(clash)
        elif clash is not None:
            report.refuse("texts in place of others whose file nobody recorded", f"{clash.where}: id '{clash.own_id}'")
        yield entry


def _last_of_each(documents: Iterable[Document], last: LastRows, report: CorpusReport) -> Iterator[Document]:
    for entry in documents:
        if last.hold(entry):
            yield entry
        elif entry.place is not None:
            report.refuse("rows replaced by a later one with their id", f"{entry.place.where}: id '{entry.own_id}'")


def _without_repeats(documents: Iterable[Document], report: CorpusReport) -> Iterator[Document]:
    seen = KeySet()  # 12 to 24 bytes a document: 10 million are about 200 MB, a bound worth knowing
    for entry in documents:
        report.n_read += 1
        if seen.add(entry.text_key):
            yield entry
        else:
            report.n_duplicates += 1


def _smallest(documents: Iterable[Document], sample: int, seed: int) -> Iterator[Document]:
    chosen: HashSample[Document] = HashSample(sample, seed)
    # of a whole folder it takes seconds, and nothing is given out before its end
    for entry in track(documents, "drawing a sample", None, "documents"):
        chosen.add(entry.text, entry.id, entry)
    yield from chosen.entries()


__all__ = ["CorpusError", "CorpusReport", "Document", "document", "open_corpus", "read_corpora"]
