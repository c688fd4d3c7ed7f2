"""An evaluation as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minicoil.problems import Problem
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.evaluation import SetResult


def result_row(result: SetResult) -> dict[str, Any]:
    """A result as JSON: means rounded to four places, differences with intervals, queries and words that moved."""

    def interval(found: Difference) -> dict[str, float]:
        return {"change": round(found.mean, 4), "low": round(found.low, 4), "high": round(found.high, 4)}

    data = result.data
    return {
        "set": data.name,
        "kind": data.kind,
        "is_proxy": data.is_proxy,
        "n_documents": len(data.documents),
        "n_queries": len(data.queries),
        **{s: {name: round(value, 4) for name, value in row.items()} for s, row in result.means.items()},
        "against": _intervals(result.against, interval),
        **({"importance": _intervals(result.importance, interval)} if result.importance else {}),
        "steps": [
            {
                "name": step.name,
                "system": step.system,
                "n_words": step.n_words,
                "ndcg@10": round(step.ndcg, 4),
                **interval(step.gain),
            }
            for step in result.steps
        ],
        "queries": [
            {
                "id": change.id,
                "text": change.text,
                **{system: round(value, 4) for system, value in change.ndcg.items()},
                "change": round(change.change, 4),
                "words": [{"word": word, "effect": round(effect, 4)} for word, effect in change.words],
            }
            for change in sorted(result.queries, key=lambda q: (-abs(q.change), q.id))
        ],
        "words": [
            {
                "word": row.word,
                "n_queries": row.interval.n,
                "total": round(row.total, 4),
                **interval(row.interval),
            }
            for row in result.words
            if abs(row.total) > 1e-9
        ],
        "problems": [
            *(problem.row() for problem in data.problems),
            *_query_problems("queries with no word to search with: 0 for everybody", result.unknown),
            *_query_problems("queries with no word the release knows: as BM25", result.without_meaning),
        ],
    }


def _intervals(
    found: Mapping[str, Mapping[str, Difference]], interval: Callable[[Difference], dict[str, float]]
) -> dict[str, dict[str, dict[str, float]]]:
    return {system: {name: interval(change) for name, change in row.items()} for system, row in found.items()}


def _query_problems(reason: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [Problem.of(reason, ids).row()] if ids else []
