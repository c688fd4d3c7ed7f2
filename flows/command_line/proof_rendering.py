"""Searches, evaluations and comparisons as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from flows.screen import say, shorten, show_side_by_side, show_table, shown

_SHOWN = 6  # queries and words at each end


def show_search(result: Mapping[str, Any]) -> None:
    """Results, both rankings where they were compared, one point taken apart where it was asked for."""
    served = f"release {result['release']}" if result["release"] else "plain BM25, no release yet"
    say(f"[bold]{shown(result['query'])}[/bold]  ({served})")
    if "bm25" in result:
        _show_both(result)
    else:
        for hit in result["results"]:
            say(f"{hit['score']:8.3f}  {shown(shorten(hit['text'], 140))}")
    if explained := result.get("explanation"):
        say(f"\n[bold]{shown(str(explained['id']))}[/bold] scores {explained['score']:.4f}")
        keys = ("word", "idf", "tf", "meaning", "score")
        rows = [[row[key] for key in keys] for row in explained["words"]]
        show_table((*keys, ""), [[*row, _remark(w)] for row, w in zip(rows, explained["words"], strict=True)])
        say(f"sum {explained['sum']:.4f}")


def _remark(word: Mapping[str, Any]) -> str:
    if word["meaning"] is None:
        return "not in it"
    return "" if word["is_known"] else "plain BM25"


def _show_both(result: Mapping[str, Any]) -> None:
    pairs = zip_longest(result["bm25"], result["results"])
    rows = [(_both_cell(one, "minicoil_rank", "now"), _both_cell(two, "bm25_rank", "was")) for one, two in pairs]
    show_side_by_side("BM25", "miniCOIL", rows)


def _both_cell(hit: Mapping[str, Any] | None, rank: str, verb: str) -> str:
    if hit is None:
        return ""
    other = "not shown" if hit[rank] is None else str(hit[rank])
    moved = ", ".join(f"{row['word']} {row['meaning']:.2f}" for row in hit["moved_by"])
    by = f"\n[dim]{shown(moved)}[/dim]" if moved else ""
    return f"{hit['score']:.2f} [cyan]({verb} {other})[/cyan]  {shown(shorten(hit['text'], 200))}{by}"


def show_evaluation(result: Mapping[str, Any]) -> None:
    """Figures, gate, and where it helps and hurts, set by set."""
    for row in result["sets"]:
        _show_set(row)
    say("")
    show_gate(result["gate"])


def show_gate(gate: Mapping[str, Any]) -> None:
    """The verdict on a release's retrieval, with its reasons."""
    colour = {"passed": "green", "failed": "red"}.get(gate["verdict"], "yellow")
    say(f"retrieval gate: [bold {colour}]{shown(gate['verdict'])}[/bold {colour}]")
    for reason in gate["reasons"]:
        say(f"  {shown(reason)}")
    if gate["hurting"]:
        say(f"words that lower retrieval: {shown(', '.join(gate['hurting']))}; `minicoil remove` returns them to BM25")


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
        for name, system in (("BM25", "bm25"), ("parent", "parent"), ("miniCOIL", "minicoil"))
    ]
    for name, other in (("against BM25", "bm25"), ("against the parent", "parent")):
        rows.append((name, *(interval(row["against"][other][measure]) for measure in measures)))
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
    for problem in row["problems"]:
        examples = ", ".join(map(str, problem["examples"][:2]))
        such_as = f", such as {shown(examples)}" if examples else ""
        say(f"  [yellow]{problem['n']:,} {shown(problem['reason'])}[/yellow]{such_as}")


def interval(found: Mapping[str, float]) -> str:
    """A change with its interval: "+0.0120 [+0.0040, +0.0200]"."""
    return f"{found['change']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"


def words_of(words: Sequence[Mapping[str, Any]]) -> str:
    """The first words that moved a query, each with its share."""
    return ", ".join(f"{entry['word']} {entry['effect']:+.2f}" for entry in words[:3]) or "several together"


def show_comparison(result: Mapping[str, Any]) -> None:
    """What would change between two releases."""
    one, other = result["one"], result["other"]
    say(f"[bold]{result['n_queries']} queries on {shown(result['collection'])}[/bold]: release {one} against {other}")
    for name in ("sparse", "fused"):
        row = result[name]
        if row is None:
            say(f"not fused with a dense vector: {shown(result['why_not_fused'])}")
            continue
        say(
            f"{name}: overlap@{result['limit']} {row['overlap']:.3f}; {row['n_changed']} queries with other results, "
            f"{row['n_top_changed']} with another first one; without results {row['n_without_results_one']} and "
            f"{row['n_without_results_other']}"
        )
    if ratio := result["sparse"]["score_ratio"]:
        say(f"best scores under release {other} are {ratio:.2f} times those under {one}")
    changed = [row for row in result["queries"] if row["words"]]
    cells = [
        (f"{row['overlap']:.1f}", shorten(row["text"], 70), ", ".join(w["word"] for w in row["words"]))
        for row in changed[:12]
    ]
    if cells:
        show_table(("overlap", "query", "words"), cells, "changed most")
    for problem in result["problems"]:
        say(f"  [yellow]{problem['n']:,} {shown(problem['reason'])}[/yellow]")
