"""A corpus read once, in bounded memory: words counted, sentences put into the store unless somebody only looks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from minicoil.text import WordTokenizer, sentence_key, split_sentences
from minicoil.words import KeySet, WordCounts
from tasks.corpus.sentence_store import Sentence, SentenceStore, folded_words
from tasks.corpus.specs import CorpusReport, Document, read_corpora
from tasks.points import PointStore
from tasks.progress import progress

_BATCH = 2000  # sentences written together


@dataclass
class Reading:
    """What one pass over a corpus found.

    Attributes:
        counts: Words, forms, neighbours.
        digest: Of the set of sentences; the same for the same text in any order.
        n_documents, n_sentences: Read; `n_new` sentences were not in the store before.
        report: Text that could not be used.
        keys: (n_sentences,) uint64 keys of the corpus's sentences, sorted.
    """

    counts: WordCounts
    report: CorpusReport
    digest: str = ""
    n_documents: int = 0
    n_sentences: int = 0
    n_new: int = 0
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64), repr=False)
    _waiting: list[Sentence] = field(default_factory=list, repr=False)


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
        tokenizer: Of the encoder.
        specs: What to read.
        sample: A seeded sample of this many documents.
        keep: Whether new sentences are added; else they are only counted.

    Raises:
        CorpusError: a SPEC names nothing, or nothing usable was found.
    """
    reading = Reading(WordCounts(), CorpusReport())
    total, seen = 0, KeySet()
    with progress("reading sentences", None, "sentences") as advance:
        documents = read_corpora(specs, reading.report, sample, points=points)
        for sentences in _sentences(documents, reading, seen, tokenizer.fold):
            texts = tokenizer.tokenize([sentence.text for sentence in sentences])
            reading.counts.add([text.words for text in texts])
            total = (total + sum(sentence.key for sentence in sentences)) % 2**64
            reading._waiting += sentences
            if len(reading._waiting) >= _BATCH:
                _flush(store, reading, keep)
            advance(len(sentences))
        _flush(store, reading, keep)
    reading.digest = hashlib.sha256(f"{total}:{reading.n_sentences}".encode()).hexdigest()
    reading.keys = seen.sorted_keys()
    return reading


def count_background(tokenizer: WordTokenizer, spec: str | None, points: PointStore) -> WordCounts | None:
    """Counts of a corpus of general text, which is not kept; None where none was given."""
    if spec is None:
        return None
    counts = WordCounts()
    for entry in read_corpora([spec], CorpusReport(), points=points):
        sentences = list(split_sentences(entry.body))
        if sentences:
            counts.add([text.words for text in tokenizer.tokenize(sentences)])
    return counts


def _sentences(
    documents: Iterator[Document], reading: Reading, seen: KeySet, fold: Callable[[str], str]
) -> Iterator[list[Sentence]]:
    """The sentences of each document, those in `seen` left out and put there."""
    for entry in documents:
        reading.n_documents += 1
        fresh = []
        for text in split_sentences(entry.body):
            key = sentence_key(text)
            if seen.add(key):
                fresh.append(Sentence(key, text, entry.doc, folded_words(text, fold)))
        if not fresh:
            reading.report.refuse("documents without a new prose sentence", entry.title or entry.doc)
            continue
        reading.n_sentences += len(fresh)
        yield fresh


def _flush(store: SentenceStore | None, reading: Reading, keep: bool) -> None:
    if store is None:
        reading.n_new += len(reading._waiting)
    elif reading._waiting:
        reading.n_new += store.add(reading._waiting) if keep else store.count_absent(reading._waiting)
    reading._waiting = []
