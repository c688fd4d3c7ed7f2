"""What an extension answers: one document, the same keys whatever happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from flows.outcomes import ExtensionOutcome, WordsOutcome
from flows.stages.steps import Clock
from minicoil.errors import PausedError
from minicoil.words import Candidate, FrontierRow
from tasks.catalogue import REPORT, Publication, release_key
from tasks.corpus import RefusedWord
from tasks.models import Parent
from tasks.reading import Reading
from tasks.training import WordResult

Form = TypeVar("Form")
Answer = TypeVar("Answer", bound=WordsOutcome)

_FORMS = 8  # named of a word, the most frequent first
_ROW_KEYS = (
    "word",
    "verdict",
    "reason",
    "n_sentences",
    "ordering_accuracy",
    "margin_accuracy",
    "ceiling",
    "old_ordering_accuracy",
)


def _common(reading: Reading, clock: Clock) -> dict[str, Any]:
    corpus = {"n_documents": reading.n_documents, "n_sentences": reading.n_sentences, "n_new": reading.n_new}
    if reading.n_also:
        corpus["n_also"] = reading.n_also
    return {"corpus": corpus, "unusable": reading.report.rows(), "seconds": clock.seconds}


def answered_report(outcome: Mapping[str, Any], reading: Reading, clock: Clock) -> ExtensionOutcome:
    """Nothing to train: a release answered this request before, see `flows.stages.gated_promotion.settle_answered`."""
    return ExtensionOutcome.of({"release": None, "words": [], **outcome, **_common(reading, clock)})


def run_or_pause(work: Callable[[Form], Answer], parameters: Form, outcome: type[Answer]) -> Answer:
    """What `work` answers; or, where a promotion comes first and has spent what it may write tonight, that."""
    try:
        return work(parameters)
    except PausedError as pause:
        return outcome.of(_paused_report(pause))


def _paused_report(pause: PausedError) -> dict[str, Any]:
    """Nothing was begun."""
    message, collections = str(pause), pause.facts.get("collections", [])
    answer: dict[str, Any] = {"release": None, "promoted": False, "paused": message, "message": message, "words": []}
    return {**answer, "refused_words": [], "collections": collections, "seconds": {}}


def dry_run_report(
    chosen: Sequence[Candidate],
    refused: Sequence[RefusedWord],
    points: Mapping[str, int],
    costs: Mapping[str, Any],
    reading: Reading,
    clock: Clock,
    pending: int | None,
    frontier: Sequence[FrontierRow] = (),
) -> ExtensionOutcome:
    """The words, why, how many points carry each, and what it would cost."""
    words = [
        {
            "word": candidate.word,
            "kind": candidate.kind,
            "reasons": list(candidate.reasons),
            "forms": list(candidate.use.forms[:_FORMS]),
            "n_sentences": candidate.use.count,
            "n_points": points[candidate.word],
        }
        for candidate in chosen
    ]
    answer: dict[str, Any] = {
        "dry_run": True,
        "release": None,
        "words": words,
        "refused_words": [entry.row() for entry in refused],
        "frontier": [asdict(row) for row in frontier],
    }
    if pending is not None:
        answer["message"] = f"the promotion of release {pending} is not finished; an extension finishes it first"
    return ExtensionOutcome.of({**answer, "estimate": dict(costs), **_common(reading, clock)})


def extension_report(
    parent: Parent,
    published: Publication | None,
    results: Sequence[WordResult],
    refused: Sequence[RefusedWord],
    promoted: Mapping[str, Any],
    costs: Mapping[str, Any],
    reading: Reading,
    clock: Clock,
    frontier: Sequence[FrontierRow] = (),
) -> ExtensionOutcome:
    """What was trained, published and re-encoded, and words of a file that can be none; estimate beside actual."""
    returned: Mapping[str, WordResult] = promoted.get("returned", {})  # their layers lowered retrieval
    final = [returned.get(result.record.word, result) for result in results]
    words = [
        {key: getattr(result.record, key) for key in _ROW_KEYS} | {"forms": list(result.record.forms[:_FORMS])}
        for result in final
    ]
    nothing: dict[str, Any] = {**dict.fromkeys(_ROW_KEYS), "forms": [], "n_sentences": 0, "verdict": "failed"}
    words += [{**nothing, **entry.row()} for entry in refused]
    order = {"removed": 2, "improved": 0, "accepted": 1, "unchanged": 2, "kept_bm25": 3, "failed": 4}
    words.sort(key=lambda row: (order.get(row["verdict"], 9), row["word"]))
    answer = {
        "release": published.release if published else None,
        "parent": parent.release,
        "promoted": bool(promoted.get("promoted")),
        "words": words,
        "refused_words": [entry.row() for entry in refused],
        "frontier": [asdict(row) for row in frontier],
        "collections": list(promoted.get("collections", [])),
        "waiting": list(promoted.get("waiting", [])),
        "estimate": dict(costs),
        "actual": {
            "n_words": sum(result.weights is not None for result in final),
            "n_points": sum(row["n_rewritten"] for row in promoted.get("collections", [])),
            "cpu_minutes": clock.cpu_minutes,
        },
        "ids_left": published.manifest.facts["ids_left"] if published else parent.vocabulary.ids_left,
        "unreachable_words": list(parent.vocabulary.unreachable[:20]),
        **_common(reading, clock),
    }
    if published is not None:
        answer["importance"] = published.manifest.facts.get("importance")
        answer["retrieval_gate"] = published.manifest.facts.get("retrieval_gate")
        answer["report"] = release_key(published.release, REPORT) if answer["retrieval_gate"] else None
        answer["transfer"] = {"uploaded_bytes": published.uploaded_bytes, "copied_bytes": published.copied_bytes}
    if published is None:
        answer["message"] = "no word passed the gate, so nothing was published; the reasons stand with the words"
    elif promoted.get("refused"):
        answer["message"] = promoted["message"]
    elif promoted.get("behind"):
        answer["message"] = f"not promoted: {', '.join(promoted['behind'])} not re-encoded; run `minicoil reencode`"
    answer |= {key: promoted[key] for key in ("gate", "refused", "expires_at") if key in promoted}
    return ExtensionOutcome.of(answer)
