"""Candidates by expected gain per point rewritten, as many as points may change, and what the first of them bring."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minicoil.retrieval import inverse_frequency
from minicoil.text import WordTokenizer
from minicoil.words import (
    UNTAUGHT_ORDERING,
    Candidate,
    FrontierRow,
    WordCounts,
    expected_gain,
    frontier_prefixes,
    order_by_worth,
    words_within,
)
from tasks.collections import Carriers, DrawnPoints, draw_points
from tasks.corpus import RefusedWord
from tasks.documents import CorpusReport
from tasks.models import Parent
from tasks.training.asked_words import AskedWords, count_asked
from tasks.training.choosing import forms_of

USUAL_ORDERING = 0.75  # held-out ordering of a layer, where no served word says what layers reach here
USUAL_RISE = 0.06  # what a word gains on text of its own domain where nothing was measured (`GateConfig`)
MEASURED_WEIGHS = 0.25  # of one word's shortfall against the mean of all: chosen on two sets, docs/training.md


@dataclass(frozen=True)
class Selection:
    """Which words are taken, in which order, and why these.

    Attributes:
        kept: In order of worth; what was asked for by name comes first.
        left_out: More points than may change carry them.
        frontier: Some prefixes of the whole order; empty where there are no points to count.
        asked_by: What says how often words are asked.
    """

    kept: tuple[Candidate, ...]
    left_out: tuple[Candidate, ...] = ()
    frontier: tuple[FrontierRow, ...] = ()
    asked_by: str = ""

    def refused(self, max_points: int | None) -> list[RefusedWord]:
        """What was asked for by name and is left out, with the reason."""
        why = f"with the words before it, it would change more than {max_points} points (max_points)"
        return [RefusedWord(candidate.word, why) for candidate in self.left_out if is_asked_for(candidate)]


def is_asked_for(candidate: Candidate) -> bool:
    """Whether a person named it."""
    return math.isinf(candidate.score)


def select_words(
    candidates: Sequence[Candidate],
    meanings: Mapping[str, float],
    carriers: Carriers,
    counts: WordCounts,
    tokenizer: WordTokenizer,
    queries: str | None,
    max_points: int | None,
    report: CorpusReport,
) -> Selection:
    """Words by expected gain per point rewritten; points that a word before them rewrites cost nothing more.

    Args:
        candidates: To choose among.
        meanings: Word -> held-out ordering that it would gain, see `untaught_meanings` and `measured_meanings`.
        carriers: Counts points, and has those that words are drawn from.
        counts: Of the corpus.
        tokenizer: Of the release.
        queries: File of a query log; None: titles and first sentences of the points stand in.
        max_points: Most points that carry one of the kept words.
        report: Told of lines of the log that are no query.

    Raises:
        UsageError: the log cannot be read.
    """
    if not candidates:
        return Selection(())
    language = counts.language
    drawn = draw_points(carriers, forms_of(candidates), language)
    asked = count_asked(queries, drawn.openings, counts, tokenizer.fold, language, report)
    gains = _gains(candidates, meanings, asked, drawn, counts)
    first = [number for number, candidate in enumerate(candidates) if is_asked_for(candidate)]
    order = order_by_worth(gains, drawn.spread, first)
    taken = order if max_points is None else words_within(order, drawn.spread, max_points)
    kept = [candidates[number] for number in taken]
    if max_points is not None:  # the drawn points tell about how many there are, and the engine how many
        kept = kept[: _n_within(kept, max_points, carriers)]
    words = {candidate.word for candidate in kept}
    left_out = tuple(candidates[number] for number in order if candidates[number].word not in words)
    frontier = _frontier(candidates, order, gains, drawn, carriers) if drawn.n_points else ()
    return Selection(tuple(kept), left_out, frontier, asked.source)


def measured_meanings(shortfalls: Mapping[str, float]) -> dict[str, float]:
    """What measured words would gain: their ceiling less their ordering, drawn to the mean of all.

    A word is measured on some tens or hundreds of held-out sentences, and how far it is below its ceiling tells only in
    part how far training brings it.
    """
    clipped = {word: max(shortfall, 0.0) for word, shortfall in shortfalls.items()}
    mean = sum(clipped.values()) / max(len(clipped), 1)
    return {word: MEASURED_WEIGHS * value + (1 - MEASURED_WEIGHS) * mean for word, value in clipped.items()}


def untaught_meanings(candidates: Sequence[Candidate], parent: Parent) -> dict[str, float]:
    """What words would gain that were not measured: new ones what layers usually reach, served ones what they rise."""
    served = [r.ordering_accuracy for r in parent.ledger.served().values() if r.ordering_accuracy is not None]
    usual = sum(served) / len(served) if served else USUAL_ORDERING
    known = set(parent.vocabulary.known_words)
    return {c.word: USUAL_RISE if c.word in known else usual - UNTAUGHT_ORDERING for c in candidates}


def _gains(
    candidates: Sequence[Candidate],
    meanings: Mapping[str, float],
    asked: AskedWords,
    drawn: DrawnPoints,
    counts: WordCounts,
) -> list[float]:
    """Expected gain of each candidate; where there is no point, documents of the corpus tell IDF."""
    total = drawn.n_points or counts.n_documents
    carried = np.asarray([candidate.use.n_documents for candidate in candidates], np.int64)
    if drawn.n_points:
        carried = drawn.spread.counts(len(candidates)).round().astype(np.int64)
    idf = inverse_frequency(total, np.minimum(carried, total))
    return [
        expected_gain(asked.share(candidate.word), float(value), meanings[candidate.word])
        for candidate, value in zip(candidates, idf, strict=True)
    ]


def _n_within(candidates: Sequence[Candidate], max_points: int, carriers: Carriers) -> int:
    """How many of the first candidates together have no more than `max_points` points, as the engine counts them."""
    sizes = range(1, len(candidates) + 1)
    return bisect_right(sizes, max_points, key=lambda n: carriers.count_all(forms_of(candidates[:n])))


def _frontier(
    candidates: Sequence[Candidate],
    order: Sequence[int],
    gains: Sequence[float],
    drawn: DrawnPoints,
    carriers: Carriers,
) -> tuple[FrontierRow, ...]:
    whole = sum(gains)
    if whole <= 0:
        return ()
    rows = []
    for n in frontier_prefixes(order, gains, drawn.spread):
        first = [candidates[number] for number in order[:n]]
        share = sum(gains[number] for number in order[:n]) / whole
        rows.append(FrontierRow(n, carriers.count_all(forms_of(first)), round(share, 4)))
    return tuple(rows)
