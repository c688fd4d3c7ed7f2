"""Which words an extension takes up: those named, mined, or counted; and what they would cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicoil.config import SamplingConfig
from minicoil.encoder import TIMING, encoding_for
from minicoil.errors import UsageError
from minicoil.text import WordTokenizer, fold_text
from minicoil.words import (
    Candidate,
    KnownUse,
    MiningConfig,
    WordCounts,
    WordRecord,
    query_weights,
    rank_common,
    rank_mined,
)
from tasks.catalogue import CollectionRecord
from tasks.corpus import CorpusReport, GivenWord, RefusedWord, read_queries, sort_words
from tasks.models import Encoders, Parent
from tasks.training.carriers import Carriers

DEFAULT_MINED = 200


@dataclass(frozen=True)
class WordRequest:
    """What a person asked for."""

    words: Sequence[str] = ()
    words_file: str | None = None
    mine: int | None = None
    common: int | None = None
    queries: str | None = None
    max_points: int | None = None


def check_words(request: WordRequest) -> None:
    """Refuse what is no word before anything is read.

    Raises:
        UsageError: a named word is no word, no line of a file is one, or a file cannot be read.
    """
    sort_words(request.words, request.words_file, fold_text)
    if request.queries is not None:
        read_queries(request.queries, CorpusReport())


def check_max_points(request: WordRequest, records: Sequence[CollectionRecord]) -> None:
    """Refuse a bound on points where the channel's collections have none to count.

    Raises:
        UsageError: there is no collection.
    """
    if request.max_points is not None and not records:
        raise UsageError(
            "--max-points counts points of the channel's collections, and it has none; leave it out, or create one "
            "with `minicoil index NAME --corpus SPEC`"
        )


def choose_words(
    request: WordRequest,
    parent: Parent,
    counts: WordCounts,
    background: WordCounts | None,
    min_sentences: int,
    carriers: Carriers,
    report: CorpusReport,
) -> tuple[list[Candidate], list[RefusedWord]]:
    """Candidates in order of worth, each word once; and words of the request's file that can be none.

    Args:
        request: What was asked for.
        parent: Whose tokenizer folds what people write.
        counts: The corpus's words.
        background: Those of general text.
        min_sentences: Fewer cannot be trained.
        carriers: Counts points, for `max_points`.
        report: Told of lines of the query log that are no query.

    Raises:
        UsageError: a named word is no word, or a file cannot be read.
    """
    config, fold = replace(MiningConfig(), min_count=min_sentences), WordTokenizer.from_folder(parent.folder).fold
    named, refused = sort_words(request.words, request.words_file, fold)
    chosen: dict[str, Candidate] = {}
    for given in named:
        chosen[given.entry] = _named(given, counts, chosen.get(given.entry))
    if request.common:
        known = set(parent.vocabulary.known_words)
        ranked = (c for c in rank_common(counts, request.common, config) if c.word not in known)
        chosen |= {c.word: c for c in ranked if c.word not in chosen}
    mine = request.mine or (DEFAULT_MINED if not named and not request.common else 0)
    if mine:
        queries = read_queries(request.queries, report) if request.queries is not None else []
        weights = query_weights((query.text for query in queries), fold)
        uses = {word: known_use(record) for word, record in parent.ledger.served().items()}
        mined = rank_mined(counts, mine, parent.vocabulary.known_words, uses, background, weights, config)
        chosen |= {c.word: c for c in mined if c.word not in chosen}
    return _within(list(chosen.values()), request.max_points, carriers), refused


def known_use(record: WordRecord) -> KnownUse:
    """How a served word was used where it was trained."""
    return KnownUse(record.per_million, record.neighbour_shares)


def _named(given: GivenWord, counts: WordCounts, before: Candidate | None) -> Candidate:
    """A word that was asked for by name, in this form and in those asked for before."""
    use = before.use if before is not None else counts.use(given.entry)
    if given.form not in use.forms:
        use = replace(use, forms=(*use.forms, given.form))
    return Candidate(given.entry, "named", float("inf"), ("asked for",), use)


def _within(candidates: list[Candidate], max_points: int | None, carriers: Carriers) -> list[Candidate]:
    """The first candidates with no more than `max_points` points; one with two of the words counts twice."""
    if max_points is None:
        return candidates
    kept, total = [], 0
    for candidate in candidates:
        total += carriers.count_all(forms_of([candidate]))
        if total > max_points:
            break
        kept.append(candidate)
    return kept


def estimate(
    candidates: Sequence[Candidate],
    counts: WordCounts,
    encoders: Encoders,
    carriers: Carriers,
    sampling: SamplingConfig,
    dims: int,
) -> dict[str, Any]:
    """What an extension would cost, from a timed sample of its own text.

    Returns:
        sentences and snippets to encode, points to re-encode, cpu_minutes, bytes of new layers and of new cells.
    """
    wanted = sum(min(c.use.count, sampling.max_sentences) for c in candidates)
    n_sentences = min(counts.n_sentences, wanted)
    n_snippets = sum(min(c.use.count, sampling.max_snippets) for c in candidates)
    n_points = carriers.count_all(forms_of(candidates))
    seconds_per_token = _seconds_per_token(encoders)
    tokens = 1.3 * (n_sentences * counts.n_words / max(counts.n_sentences, 1) + n_snippets * 6 + n_points * 100)
    width = encoders.encoder.width
    return {
        "n_words": len(candidates),
        "n_sentences": n_sentences,
        "n_snippets": n_snippets,
        "n_points": n_points,
        "cpu_minutes": round(seconds_per_token * tokens / 60 + 0.07 * len(candidates) / 60, 1),
        "layer_bytes": len(candidates) * width * dims * 4,
        "cell_bytes": n_points * dims * 8,
    }


def _seconds_per_token(encoders: Encoders) -> float:
    texts = encoders.tokenizer.tokenize(["The encoder reads this sentence a few times to see how long it takes."] * 32)
    with encoding_for(TIMING):
        list(encoders.encoder.encode(texts))  # the first pass also pays for warming up
        started = time.process_time()
        list(encoders.encoder.encode(texts))
    return (time.process_time() - started) / sum(len(text.ids) for text in texts)


def forms_of(candidates: Sequence[Candidate]) -> dict[str, tuple[str, ...]]:
    """Word -> the forms by which its points are found."""
    return {candidate.word: candidate.use.forms for candidate in candidates}


def count_points(carriers: Carriers, candidates: Sequence[Candidate]) -> dict[str, int]:
    """Word -> points that carry one of its forms, over all collections."""
    return {c.word: carriers.count_all(forms_of([c])) for c in candidates}
