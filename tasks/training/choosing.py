"""Which words an extension takes up: those named, mined, or counted; and what they would cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from minicoil.config import SamplingConfig
from minicoil.encoder import TIMING, encoding_for
from minicoil.errors import UsageError
from minicoil.text import ENGLISH, Language, WordTokenizer, fold_text
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
from tasks.collections import Carriers, PointTextError, joined_path, open_texts
from tasks.corpus import GivenWord, RefusedWord, read_queries, sort_words
from tasks.documents import CorpusReport
from tasks.models import Encoders, Parent
from tasks.points import PointFilter
from tasks.rewriting import CELL_BYTES, POSTING_BYTES

DEFAULT_MINED = 200
PIECES = 1.3  # tokens a word of running English, as WordPiece cuts it
SNIPPET_WORDS = 6
POINT_TOKENS = 130.0  # of a point's text, where none can be sampled
SAMPLED_POINTS = 100  # of each collection, to count their tokens
TRAINING_SECONDS = 0.07  # of CPU a word


@dataclass(frozen=True)
class WordRequest:
    """What a person asked for.

    Attributes:
        ambiguous: Words that `tasks.training.ambiguity` chooses, who looks at sentences.
    """

    words: Sequence[str] = ()
    words_file: str | None = None
    mine: int | None = None
    common: int | None = None
    ambiguous: int | None = None
    queries: str | None = None
    max_ids: int | None = None


def check_words(request: WordRequest, language: Language = ENGLISH) -> None:
    """Refuse what is no word before anything is read.

    Raises:
        UsageError: a named word is no word, no line of a file is one, or a file cannot be read.
    """
    sort_words(request.words, request.words_file, fold_text, language)
    if request.queries is not None:
        read_queries(request.queries, CorpusReport())


def check_max_points(max_points: int | None, records: Sequence[CollectionRecord]) -> None:
    """Refuse a bound on points where the channel's collections have none to count.

    Raises:
        UsageError: there is no collection.
    """
    if max_points is not None and not records:
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
    report: CorpusReport,
) -> tuple[list[Candidate], list[RefusedWord]]:
    """Candidates in order of worth, each word once; and words of the request's file that can be none.

    Args:
        request: What was asked for.
        parent: Whose tokenizer folds what people write.
        counts: The corpus's words.
        background: Those of general text.
        min_sentences: Fewer cannot be trained.
        report: Told of lines of the query log that are no query.

    Raises:
        UsageError: a named word is no word, or a file cannot be read.
    """
    config, fold = replace(MiningConfig(), min_count=min_sentences), WordTokenizer.from_folder(parent.folder).fold
    language = parent.vocabulary.language
    named, refused = sort_words(request.words, request.words_file, fold, language)
    chosen: dict[str, Candidate] = {}
    for given in named:
        chosen[given.entry] = _named(given, counts, chosen.get(given.entry))
    if request.common:
        known = set(parent.vocabulary.known_words)
        ranked = (c for c in rank_common(counts, request.common, config) if c.word not in known)
        chosen |= {c.word: c for c in ranked if c.word not in chosen}
    mine = request.mine or (0 if named or request.common or request.ambiguous else DEFAULT_MINED)
    if mine:
        queries = read_queries(request.queries, report) if request.queries is not None else []
        weights = query_weights((query.text for query in queries), fold, language)
        uses = {word: known_use(record) for word, record in parent.ledger.served().items()}
        mined = rank_mined(counts, mine, parent.vocabulary.known_words, uses, background, weights, config)
        chosen |= {c.word: c for c in mined if c.word not in chosen}
    kept, left_out = within_ids(list(chosen.values()), request.max_ids, parent.vocabulary.ids_left)
    return kept, [*refused, *left_out]


def known_use(record: WordRecord) -> KnownUse:
    """How a served word was used where it was trained."""
    return KnownUse(record.per_million, record.neighbour_shares)


def _named(given: GivenWord, counts: WordCounts, before: Candidate | None) -> Candidate:
    """A word that was asked for by name, in this form and in those asked for before."""
    use = before.use if before is not None else counts.use(given.entry)
    if given.form not in use.forms:
        use = replace(use, forms=(*use.forms, given.form))
    return Candidate(given.entry, "named", float("inf"), ("asked for",), use)


def within_ids(
    candidates: Sequence[Candidate], most: int | None, ids_left: int
) -> tuple[list[Candidate], list[RefusedWord]]:
    """The first candidates that there are ids for, each of which takes one for good; and the others, with the reason.

    A word that is carried to a fresh id by a neighbour's arrival takes one too, which nobody knows before.

    Args:
        candidates: In order of worth.
        most: That this run may take; None: as many as there are.
        ids_left: In the vocabulary it grows from.
    """
    n = min(ids_left, ids_left if most is None else most)
    why = (
        f"this run may take {most:,} word ids (max_ids), and better words took them"
        if most is not None and most <= ids_left
        else f"{ids_left:,} word ids are left, and better words take them; a larger base needs a new collection"
    )
    return list(candidates[:n]), [RefusedWord(candidate.word, why) for candidate in candidates[n:]]


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
        sentences and snippets to encode, points to re-encode, cpu_minutes and wall_minutes, bytes of new layers and of
        new cells, postings and their memory in a Qdrant index, and the figures that they were computed from.
    """
    wanted = sum(min(c.use.count, sampling.max_sentences) for c in candidates)
    n_sentences = min(counts.n_sentences, wanted)
    n_snippets = sum(min(c.use.count, sampling.max_snippets) for c in candidates)
    n_points = carriers.count_all(forms_of(candidates))
    cpu_per_token, wall_per_token = _seconds_per_token(encoders)
    measured = tokens_per_point(carriers, encoders.tokenizer)
    per_point = POINT_TOKENS if measured is None else measured
    # pieces of words per word of a sentence; a point's tokens are counted as the encoder cuts them
    of_text = PIECES * (n_sentences * counts.n_words / max(counts.n_sentences, 1) + n_snippets * SNIPPET_WORDS)
    tokens = of_text + n_points * per_point
    training = TRAINING_SECONDS * len(candidates)
    postings = n_points * dims
    width = encoders.encoder.width
    return {
        "n_words": len(candidates),
        "n_sentences": n_sentences,
        "n_snippets": n_snippets,
        "n_points": n_points,
        "cpu_minutes": round((cpu_per_token * tokens + training) / 60, 1),
        "wall_minutes": round((wall_per_token * tokens + training) / 60, 1),
        "layer_bytes": len(candidates) * width * dims * 4,
        "cell_bytes": n_points * dims * CELL_BYTES,
        "postings": postings,
        "memory_bytes": postings * POSTING_BYTES,
        "computed_from": {
            "cpu_seconds_per_token": cpu_per_token,
            "wall_seconds_per_token": wall_per_token,
            "tokens_per_point": round(per_point, 1),
            "tokens_per_point_is_measured": measured is not None,
            "pieces_per_word": PIECES,
            "snippet_words": SNIPPET_WORDS,
            "training_seconds_per_word": TRAINING_SECONDS,
            "posting_bytes": POSTING_BYTES,
        },
    }


def tokens_per_point(carriers: Carriers, tokenizer: WordTokenizer) -> float | None:
    """Mean number of the encoder's tokens in a point's text, from a sample; None where no text is at hand."""
    read = []
    for record in carriers.records:
        if record.corpus and not joined_path(carriers.place.cache / "joined", record.corpus).is_file():
            continue
        texts = open_texts(record, carriers.place.cache)
        for point in carriers.points.sample(record.name, PointFilter(), SAMPLED_POINTS, texts.fields):
            with suppress(PointTextError):
                read.append(texts.read(point))
    return sum(len(text.ids) for text in tokenizer.tokenize(read)) / len(read) if read else None


def _seconds_per_token(encoders: Encoders) -> tuple[float, float]:
    """Of CPU and of wall time."""
    texts = encoders.tokenizer.tokenize(["The encoder reads this sentence a few times to see how long it takes."] * 32)
    with encoding_for(TIMING):
        list(encoders.encoder.encode(texts))  # the first pass also pays for warming up
        started, wall_started = time.process_time(), time.monotonic()
        list(encoders.encoder.encode(texts))
    seconds, wall = time.process_time() - started, time.monotonic() - wall_started
    n_tokens = sum(len(text.ids) for text in texts)
    return seconds / n_tokens, wall / n_tokens


def forms_of(candidates: Sequence[Candidate]) -> dict[str, tuple[str, ...]]:
    """Word -> the forms by which its points are found."""
    return {candidate.word: candidate.use.forms for candidate in candidates}


def count_points(carriers: Carriers, candidates: Sequence[Candidate]) -> dict[str, int]:
    """Word -> points that carry one of its forms, over all collections."""
    return {c.word: carriers.count_all(forms_of([c])) for c in candidates}
