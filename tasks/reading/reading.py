"""A corpus read in one go by this process: words counted, sentences put into the store unless somebody only looks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.columns import RowTokenizer, SentenceRows, split_texts
from minicoil.keys import KeyRuns
from minicoil.text import ENGLISH, Language, WordTokenizer
from minicoil.words import WordCounts
from tasks.corpus import read_corpora
from tasks.documents import CorpusReport, Document
from tasks.points import PointStore
from tasks.progress import progress
from tasks.sentences import SentenceStore

EMPTY = "documents without a new prose sentence"
_BATCH = 2**22  # characters counted together: some 30,000 sentences, and whole documents


@dataclass
class Reading:
    """What one pass over a corpus found.

    Attributes:
        counts: Words, forms, neighbours.
        digest: Of the set of sentences; the same for the same text in any order.
        n_documents, n_sentences: Read; `n_new` sentences were not in the store before.
        report: Text that could not be used.
        keys: (n_sentences,) uint64 keys of the corpus's sentences, sorted.
        n_also: Sentences of text that teaches and counts for nothing else.
    """

    counts: WordCounts
    report: CorpusReport
    digest: str = ""
    n_documents: int = 0
    n_sentences: int = 0
    n_new: int = 0
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64), repr=False)
    n_also: int = 0

    def taught_by(self, other: Reading) -> None:
        """Take in that another text was read beside: its sentences are in the store, its words count for nothing."""
        self.digest = hashlib.sha256(f"{self.digest}:{other.digest}".encode()).hexdigest()
        self.n_also, self.n_new = other.n_sentences, self.n_new + other.n_new
        for problem in other.report.problems:
            self.report.problems.add(problem)


@dataclass
class SentenceBatch:
    """Sentences of whole documents.

    Attributes:
        rows: The sentences, their keys, and for each the place of its document.
        docs: Names of the documents, which their sentences are deleted with.
        shown: The same as messages name them.
    """

    rows: SentenceRows
    docs: list[str]
    shown: list[str]


def read_sentences(
    points: PointStore,
    store: SentenceStore | None,
    tokenizer: WordTokenizer,
    specs: Sequence[str],
    sample: int | None,
    keep: bool = True,
) -> Reading:
    """Read corpora, split and count their sentences, and add the new ones to the store.

    Args:
        points: For corpora that are collections.
        store: Where sentences are; None where none was ever read, by somebody who only looks.
        tokenizer: Of the encoder, for texts of its language.
        specs: What to read.
        sample: A seeded sample of this many documents.
        keep: Whether new sentences are added; else they are only counted.

    Raises:
        CorpusError: a SPEC names nothing, or nothing usable was found.
    """
    language = tokenizer.language
    reading = Reading(WordCounts(language), CorpusReport())
    total, seen, cutter = 0, KeyRuns(), RowTokenizer(tokenizer)
    with (
        progress("reading sentences", None, "sentences") as advance,
        nullcontext() if store is None else store.writer(tokenizer.fold, keep) as writer,
    ):
        for batch in batches(read_corpora(specs, reading.report, sample, points=points), language):
            fresh = np.flatnonzero(seen.add(batch.rows.keys))
            keys, owners = batch.rows.keys[fresh], batch.rows.owners[fresh].astype(np.int64)
            texts = batch.rows.texts.take(pa.array(fresh))
            reading.n_documents += len(batch.docs)
            n_fresh = np.bincount(owners, minlength=len(batch.docs))
            report_empty(reading.report, n_fresh, batch.shown)
            rows = cutter.tokenize(texts)
            reading.counts.add_rows(rows, owners)
            total = (total + int(keys.sum(dtype=np.uint64))) % 2**64
            reading.n_sentences += len(texts)
            names = [batch.docs[owner] for owner in owners.tolist()]
            reading.n_new += len(texts) if writer is None else writer.add(keys, texts, names, rows)
            advance(len(texts))
    reading.digest = hashlib.sha256(f"{total}:{reading.n_sentences}".encode()).hexdigest()
    reading.keys = seen.sorted_keys()
    return reading


def count_background(
    tokenizer: WordTokenizer, spec: str | None, points: PointStore, report: CorpusReport
) -> WordCounts | None:
    """Counts of a corpus of general text, which is not kept; None where none was given.

    Args:
        tokenizer: Of the encoder.
        spec: What to read.
        points: For a corpus that is a collection.
        report: Told of what could not be used, as the background's.
    """
    if spec is None:
        return None
    counts, rows, own = WordCounts(tokenizer.language), RowTokenizer(tokenizer), CorpusReport()
    for batch in batches(read_corpora([spec], own, points=points), tokenizer.language):
        counts.add_rows(rows.tokenize(batch.rows.texts), batch.rows.owners.astype(np.int64))
    for problem in own.problems:
        report.problems.add(replace(problem, reason=f"in the background: {problem.reason}"))
    return counts


def batches(documents: Iterable[Document], language: Language = ENGLISH) -> Iterator[SentenceBatch]:
    """The sentences of documents, those of many documents together."""
    bodies: list[str] = []  # the documents themselves go at once: thousands that stay are looked through for circles
    docs: list[str] = []
    shown: list[str] = []
    size = 0
    for entry in documents:
        bodies.append(entry.body)
        docs.append(entry.doc)
        shown.append(entry.title or entry.doc)
        size += len(entry.body)
        if size > _BATCH:
            yield SentenceBatch(split_texts(bodies, language), docs, shown)
            bodies, docs, shown, size = [], [], [], 0
    if docs:
        yield SentenceBatch(split_texts(bodies, language), docs, shown)


def report_empty(report: CorpusReport, n_fresh: NDArray[np.int64], shown: Sequence[str]) -> None:
    """Name documents that brought no sentence of their own.

    Args:
        report: Told.
        n_fresh: (n_documents,) sentences that each brought first.
        shown: Their names.
    """
    for place in np.flatnonzero(n_fresh == 0).tolist():
        report.refuse(EMPTY, shown[place])
