"""What a release does for search, found out before anybody may see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from minicoil.config import Bm25Config, RetrievalGateConfig
from minicoil.errors import CollectionError
from minicoil.retrieval import GateVerdict, RetrievalSet, hurting_words, judge_release
from minicoil.text import Language
from minicoil.words import WordRecord
from tasks.catalogue import CollectionRecord
from tasks.collections import open_texts
from tasks.models import Parent
from tasks.points import PointStore
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import Evaluated, evaluate_set, evidence_of
from tasks.proof.proxies import known_items_of, sense_queries_of
from tasks.proof.public_sets import open_set
from tasks.proof.season import Standard, hold_against
from tasks.sentences import SentenceStore
from tasks.training import WordResult

_COLLECTIONS = 3  # looked at, by name: each costs up to half a minute


@dataclass(frozen=True)
class Proof:
    """Results of every set, and the verdict.

    Attributes:
        not_used: Sets that could not be made, and why.
    """

    evaluated: tuple[Evaluated, ...]
    verdict: GateVerdict
    not_used: tuple[str, ...] = ()

    def to_row(self) -> dict[str, Any]:
        """The manifest's fact `retrieval_gate`."""
        return {**self.verdict.to_row(), "not_used": list(self.not_used)}


def check_judged_sets(names: Sequence[str], cache: Path) -> None:
    """Read judged sets before any work, so that a mistyped name is told at once and not after an hour.

    Args:
        names: BEIR folders, and names of public sets.
        cache: Keeps what was read from the hub.

    Raises:
        CorpusError: one is not there, or holds no query that can be judged.
        UsageError: there is no public set of this name.
    """
    for name in names:
        open_set(name, cache)


@dataclass(frozen=True)
class ProofRequest:
    """What a release is judged on.

    Attributes:
        records: Collections whose own text makes known-item queries; the first few by name.
        words: Records of the words that changed; their senses are asked for.
        role_model: Whose distances say what a sense is.
        judged_sets: BEIR folders, and names of public sets.
        cache: Folder of things that can be made again, such as a joined corpus.
        standard: The best release so far, on its own questions; None where none was served.
    """

    records: Sequence[CollectionRecord]
    words: Sequence[WordRecord]
    role_model: str
    judged_sets: Sequence[str]
    cache: Path
    standard: Standard | None = None


def prove(
    points: PointStore, folder: Path, parent: Parent, request: ProofRequest, config: RetrievalGateConfig
) -> Proof:
    """Judge an assembled release against BM25 and its parent, in memory and on samples.

    Args:
        points: Where collections and sentences are.
        folder: The release, not published yet.
        parent: What it grew from.
        request: On which collections, words and queries.
        config: Sizes and thresholds.
    """
    known, language = parent.vocabulary.known_words, parent.vocabulary.language
    older = parent.folder if known else None
    contenders = Contenders(folder, "this release", None, older, "its parent", True, cache=request.cache)
    not_used: list[str] = []
    evaluated = []
    for name in request.judged_sets:
        data = open_set(name, request.cache).bounded(config.max_documents, config.max_queries, config.seed)
        evaluated.append(evaluate_set(data, contenders, Bm25Config.k, Bm25Config.b, None, seed=config.seed))
    records = looked_at(request.records)
    for record in records:
        try:
            texts = open_texts(record, request.cache)
            data = known_items_of(points, record.name, texts, config, language=language)
        except CollectionError as error:
            not_used.append(str(error))
            continue
        evaluated.append(evaluate_set(data, contenders, record.k, record.b, record.avg_len, seed=config.seed))
    senses = _senses(points, request.words, request.role_model, config, language)
    if senses is None:
        not_used.append("senses: no changed word shows two meanings in enough held-out sentences")
    else:
        evaluated.append(evaluate_set(senses, contenders, Bm25Config.k, Bm25Config.b, None, seed=config.seed))
    hurting = hurting_words([entry.effects for entry in evaluated], config)
    evidence = [evidence_of(entry) for entry in evaluated]
    if request.standard is not None:
        found, missing = hold_against(request.standard, points, folder, records, request.cache, config, language)
        evidence += found
        not_used += missing
    verdict = judge_release(evidence, config, hurting)
    return Proof(tuple(evaluated), verdict, tuple(not_used))


def looked_at(records: Sequence[CollectionRecord]) -> list[CollectionRecord]:
    """The collections whose own text judges a release."""
    return sorted(records, key=lambda entry: entry.name)[:_COLLECTIONS]


def _senses(
    points: PointStore, words: Sequence[WordRecord], role_model: str, config: RetrievalGateConfig, language: Language
) -> RetrievalSet | None:
    store = SentenceStore.find(points, role_model, language.code)
    return None if store is None else sense_queries_of(store, words, config, language)


def return_to_bm25(results: Sequence[WordResult], hurting: Collection[str], known: Collection[str]) -> list[WordResult]:
    """The results without the layers of words that hurt: a new word stays on BM25, a known one keeps its old layer."""
    answer = []
    for result in results:
        record = result.record
        if record.word not in hurting or result.weights is None:
            answer.append(result)
            continue
        verdict, then = ("unchanged", "the old layer stays") if record.word in known else ("kept_bm25", "back on BM25")
        reason = f"it lowers retrieval: queries with it rank worse with its meaning than without; {then}"
        answer.append(WordResult(replace(record, verdict=verdict, reason=reason), None))  # type: ignore[arg-type]
    return answer
