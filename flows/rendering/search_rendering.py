"""Searches as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from flows.screen import say, shorten, show_side_by_side, show_table, shown


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
        is_weighed = any(row["importance"] != 1 for row in explained["words"])
        keys = ("word", "idf", "tf", *(("importance",) if is_weighed else ()), "meaning", "score")
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
