"""What flows answer that measure what a release does for search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.outcomes.outcome import Row, TimedOutcome
from flows.outcomes.shown_parts import show_gate, show_problems
from flows.screen import say, shorten, show_table, shown

_SYSTEMS = (("BM25", "bm25"), ("parent", "parent"), ("miniCOIL", "minicoil"))
_WEIGHED = (("BM25, weighed", "bm25_importance"), ("miniCOIL, weighed", "minicoil_importance"))
_SHOWN = 6  # queries and words at each end


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EvaluationOutcome(TimedOutcome):
    """Of `evaluate-retrieval`: the first set's figures, every set's below, and what the gate would say of them.

    Attributes:
        model: What was measured, `release` its number, `parent_model` what it grew from, `collection` searched in.
        set: Name of the first set, of that `kind`; `is_proxy`: made without labels.
        n_documents, n_queries: Of that set.
        bm25, minicoil, parent: Means by measure: `ndcg@10`, `mrr@10`, `recall@100`.
        bm25_importance, minicoil_importance: The same with the importance that the release carries; `importance`: their
            changes against BM25. None where it carries none, or where it was searched in a collection.
        against: Changes against BM25 and the parent, with intervals.
        steps, queries, words: What each step, query and word brought; `problems`: what could not be used.
        trained_on: Whether the set's text trained the model.
        sets: All of this for each set.
        gate: Verdict, reasons, and words that hurt.
        runs: Files of TREC that rankings and judgements were written to.
    """

    model: str
    release: int | None
    set: str
    kind: str
    is_proxy: bool
    n_documents: int
    n_queries: int
    bm25: Mapping[str, float]
    minicoil: Mapping[str, float]
    parent: Mapping[str, float]
    against: Mapping[str, Any]
    steps: Sequence[Row]
    queries: Sequence[Row]
    words: Sequence[Row]
    problems: Sequence[Row]
    trained_on: Row
    sets: Sequence[Row]
    gate: Row
    parent_model: str | None = None
    collection: str | None = None
    bm25_importance: Mapping[str, float] | None = None
    minicoil_importance: Mapping[str, float] | None = None
    importance: Mapping[str, Any] | None = None
    runs: Sequence[str] = ()

    def show(self) -> None:
        """Figures, gate, and where it helps and hurts, set by set."""
        for row in self.sets:
            _show_set(row)
        say("")
        show_gate(self.gate)
        _show_runs(self.runs)


def _show_set(row: Mapping[str, Any]) -> None:
    marks = ["proxy, made without labels"] if row["is_proxy"] else []
    trained = row["trained_on"]
    if trained["is_trained_on"]:
        marks.append(
            f"its text trained the model: {trained['n_trained']} of {trained['n_sentences']} sentences looked at"
        )
    marked = f" [yellow]({'; '.join(marks)})[/yellow]" if marks else ""
    say(f"\n[bold]{shown(row['set'])}[/bold]: {row['n_queries']:,} queries, {row['n_documents']:,} documents{marked}")
    measures = ("ndcg@10", "mrr@10", "recall@100")
    rows: list[tuple[object, ...]] = [
        (name, *(f"{row[system][measure]:.4f}" for measure in measures))
        for name, system in (*_SYSTEMS, *_WEIGHED)
        if system in row
    ]
    for name, other in (("against BM25", "bm25"), ("against the parent", "parent")):
        rows.append((name, *(interval(row["against"][other][measure]) for measure in measures)))
    for name, system in _WEIGHED:
        if found := row.get("importance", {}).get(system):
            rows.append((f"{name}: against BM25", *(interval(found[measure]) for measure in measures)))
    show_table(("", *measures), rows)
    if row["steps"]:
        cells = [(step["name"], f"{step['ndcg@10']:.4f}", interval(step)) for step in row["steps"]]
        show_table(("step", "ndcg@10", "against the step before"), cells, "step by step")
    changed = [query for query in row["queries"] if abs(query["change"]) > 1e-9]
    helped = sorted((q for q in changed if q["change"] > 0), key=lambda q: -q["change"])
    hurt = sorted((q for q in changed if q["change"] < 0), key=lambda q: q["change"])
    say(f"{len(helped)} queries better, {len(hurt)} worse, {row['n_queries'] - len(changed)} as before")
    for title, queries in (("helped most", helped), ("hurt most", hurt)):
        if queries:
            cells = [(f"{q['change']:+.3f}", shorten(q["text"], 70), words_of(q["words"])) for q in queries[:_SHOWN]]
            show_table(("change", "query", "words"), cells, title)
    show_problems(row["problems"])


def interval(found: Mapping[str, float]) -> str:
    """A change with its interval: "+0.0120 [+0.0040, +0.0200]"."""
    return f"{found['change']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"


def words_of(words: Sequence[Mapping[str, Any]]) -> str:
    """The first words that moved a query, each with its share."""
    return ", ".join(f"{entry['word']} {entry['effect']:+.2f}" for entry in words[:3]) or "several together"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ComparisonOutcome(TimedOutcome):
    """Of `compare-releases`.

    Attributes:
        one, other: The releases, searched on the points of `collection` to a depth of `limit`.
        n_queries: Of the file.
        sparse: How far their rankings differ; `fused`: with the dense vector `fused_with`, or why not.
        problems: What of the file could not be used.
        queries: A row each, those that change most first.
        runs: Files of TREC that rankings were written to.
    """

    one: int
    other: int
    collection: str
    limit: int
    n_queries: int
    sparse: Row
    fused: Row | None
    fused_with: str | None
    why_not_fused: str
    problems: Sequence[Row]
    queries: Sequence[Row]
    runs: Sequence[str] = ()

    def show(self) -> None:
        """What would change between the two."""
        one, other = self.one, self.other
        say(f"[bold]{self.n_queries} queries on {shown(self.collection)}[/bold]: release {one} against {other}")
        for name, row in (("sparse", self.sparse), ("fused", self.fused)):
            if row is None:
                say(f"not fused with a dense vector: {shown(self.why_not_fused)}")
                continue
            say(
                f"{name}: overlap@{self.limit} {row['overlap']:.3f}; {row['n_changed']} queries with other results, "
                f"{row['n_top_changed']} with another first one; without results {row['n_without_results_one']} and "
                f"{row['n_without_results_other']}"
            )
        if ratio := self.sparse["score_ratio"]:
            say(f"best scores under release {other} are {ratio:.2f} times those under {one}")
        changed = [row for row in self.queries if row["words"]]
        cells = [
            (f"{row['overlap']:.1f}", shorten(row["text"], 70), ", ".join(w["word"] for w in row["words"]))
            for row in changed[:12]
        ]
        if cells:
            show_table(("overlap", "query", "words"), cells, "changed most")
        for problem in self.problems:
            say(f"  [yellow]{problem['n']:,} {shown(problem['reason'])}[/yellow]")
        _show_runs(self.runs)


def _show_runs(paths: Sequence[str]) -> None:
    if paths:
        say(f"written: {shown(', '.join(paths))}")
