"""A release told on one HTML page, `release.html`: verdict, retrieval, words, sense maps, queries, points."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from minicoil.config import RetrievalGateConfig
from minicoil.retrieval import QueryChange, SetResult
from minicoil.training import telling_words
from minicoil.words import FrontierRow, WordRecord
from tasks.proof import Proof
from tasks.report.pages import asset, render
from tasks.report.report_charts import AccuracyBar, lay_out_accuracy, lay_out_frontier, lay_out_intervals
from tasks.report.word_page import Mark, lay_out_marks, sense_colour
from tasks.report.word_view import WordView

_WORDS_SHOWN = 400
_QUERIES_SHOWN = 12  # at each end of a set


@dataclass(frozen=True)
class ReleaseStory:
    """What the page tells.

    Attributes:
        words: Records of every word that was looked at.
        views: Words with a map of their sentences.
        affected: Collection, points, points with a new or retrained word.
        with_text: False leaves sentences and queries out.
        frontier: What the first words by expected gain per point would bring; empty where nothing was to choose.
    """

    title: str
    grown_from: str
    words: Sequence[WordRecord]
    views: Sequence[WordView]
    proof: Proof
    affected: Sequence[tuple[str, int, int]]
    with_text: bool = True
    frontier: Sequence[FrontierRow] = ()


@dataclass(frozen=True)
class _SenseMap:
    """One word's marks, and colour and label of each sense where there are several."""

    name: str
    places: Sequence[Mark]
    legend: Sequence[tuple[str, str]]


def render_page(story: ReleaseStory) -> str:
    """The page: self-contained, without network, and with one script that nothing of the text can add to."""
    script = asset("report.js")
    results = [entry.result for entry in story.proof.evaluated]
    rows = [(r.data.name, r.against["bm25"]["ndcg@10"], r.against["parent"]["ndcg@10"]) for r in results]
    words = _words(story)
    return render(
        "release.html",
        story=story,
        verdict=story.proof.verdict,
        told=_told(story.words),
        results=results,
        changes=[_better_and_worse(result) for result in results],
        chart=lay_out_intervals(rows, RetrievalGateConfig.margin) if rows else None,
        frontier=lay_out_frontier(story.frontier),
        stepped=[result for result in results if result.steps],
        moved=_moved(story) if story.with_text else (),
        maps=_maps(story),
        names=_names(story),
        words=words[:_WORDS_SHOWN],
        n_more=len(words) - _WORDS_SHOWN,
        systems=("bm25", "parent", "minicoil"),
        style=asset("report.css"),
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _told(words: Sequence[WordRecord]) -> str:
    """How many words met with which verdict."""
    counts: dict[str, int] = {}
    for record in words:
        counts[record.verdict] = counts.get(record.verdict, 0) + 1
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in sorted(counts.items()))


def _better_and_worse(result: SetResult) -> str:
    changes = [query.change for query in result.queries]
    return f"{sum(change > 1e-9 for change in changes)} / {sum(change < -1e-9 for change in changes)}"


def _moved(story: ReleaseStory) -> list[tuple[str, list[QueryChange]]]:
    """Of each set the queries that were helped most, then those that were hurt most."""
    found = []
    for entry in story.proof.evaluated:
        ranked = entry.result.helped_first()
        helped = [query for query in ranked if query.change > 0][:_QUERIES_SHOWN]
        hurt = [query for query in reversed(ranked) if query.change < 0][:_QUERIES_SHOWN]
        if helped or hurt:
            found.append((entry.result.data.name, [*helped, *hurt]))
    return found


def _names(story: ReleaseStory) -> dict[str, str]:
    """Word -> how it is written most often: people do not read stems."""
    return {record.word: record.forms[0] for record in story.words if record.forms}


def _maps(story: ReleaseStory) -> list[_SenseMap]:
    names = _names(story)
    return [
        _SenseMap(names.get(view.word, view.word), lay_out_marks(view), _legend(view, story.with_text))
        for view in story.views
    ]


def _legend(view: WordView, with_text: bool) -> list[tuple[str, str]]:
    senses = sorted(set(view.senses[view.senses >= 0].tolist()))
    legend = []
    for sense in senses if len(senses) > 1 else ():
        told = telling_words(view.texts, view.senses, sense, view.word, 3, view.language) if with_text else ()
        words = ", ".join(told)
        legend.append((sense_colour(sense), words or f"sense {sense + 1}"))
    return legend


def _words(story: ReleaseStory) -> list[tuple[WordRecord, AccuracyBar | None]]:
    order = {"accepted": 0, "improved": 0, "unchanged": 1, "kept_bm25": 2, "failed": 3, "removed": 4}
    records = sorted(story.words, key=lambda record: (order.get(record.verdict, 9), record.word))
    return [(r, lay_out_accuracy(r.ordering_accuracy, r.ceiling, r.old_ordering_accuracy)) for r in records]
