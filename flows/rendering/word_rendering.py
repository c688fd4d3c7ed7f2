"""The ledger, and one word of it, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.screen import cell, say, shorten, show_table, shown

_COLUMNS = ("word", "verdict", "release", "n_sentences", "ordering_accuracy", "margin_accuracy", "ceiling", "reason")


def show_words(result: Mapping[str, Any]) -> None:
    """Print all records as a table, or everything that is known of one word."""
    rows = result["words"]
    if len(rows) == 1:
        _show_record(rows[0])
    else:
        show_table(_COLUMNS, [[row.get(key) for key in _COLUMNS] for row in rows])
    if result.get("message"):
        say(shown(result["message"]))
    _show_meaning(result.get("meaning", {}))
    if result.get("page"):
        say(f"\nall sentences in two dimensions: {shown(result['page'])}")


def _show_record(row: Mapping[str, Any]) -> None:
    served = "plain BM25" if row["release"] is None else f"served by the layer of release {row['release']}"
    say(f"[bold]{shown(row['word'])}[/bold]: {shown(row['verdict'])}, {served}")
    say(f"  why        {shown(row['reason'])}")
    say(f"  forms      {shown(', '.join(row['forms'])) or '-'}")
    say(f"  sentences  {row['n_sentences']:,}; {row['per_million']:,.1f} uses per million words of its text")
    if row["ordering_accuracy"] is not None:
        interval = f" (95 %: {row['interval'][0]:.3f} to {row['interval'][1]:.3f})" if row["interval"] else ""
        before = f"; the layer before: {cell(row['old_ordering_accuracy'])}" if row["old_ordering_accuracy"] else ""
        say(f"  ordering   {row['ordering_accuracy']:.3f}{interval} on {row['n_triplets']:,} held-out triplets{before}")
        say(f"  margin     {cell(row['margin_accuracy'])}")
        full, role = cell(row["ceiling"]), cell(row["role_ceiling"])
        say(f"  ceilings   {full} full embedding, {role} role model in as few numbers")
    say(f"  trained    in {row['seconds']:.2f} s with seed {row['seed']}")
    say(f"  digest     {shown(row['digest'] or '-')}")
    for release, verdict, ordering in row["history"]:
        where = "plain BM25" if release is None else f"release {release}"
        say(f"  before     {shown(verdict)}, {where}, ordering {cell(ordering)}")


def _show_meaning(meaning: Mapping[str, Any]) -> None:
    for name in ("nearest_pair", "farthest_pair"):
        if pair := meaning.get(name):
            say(f"\n[bold]{name.split('_')[0]} pair[/bold], cosine {pair['cosine']:.2f}")
            for text in pair["sentences"]:
                say(f"  {shown(shorten(text, 150))}")
    if senses := meaning.get("senses"):
        say(f"\n[bold]senses[/bold] by the role model: {len(senses['groups'])}{_apart(senses)}")
        for group in senses["groups"]:
            words = ", ".join(group["words"]) or "no telling words"
            example = shown(shorten(group["examples"][0], 110))
            say(f"  {group['n_sentences']:>4}  [bold]{shown(words)}[/bold]: {example}")
    if parts := meaning.get("parts_of_speech"):
        counts = ", ".join(f"{name} {n}" for name, n in parts["counts"].items())
        say(f"\n[bold]parts of speech[/bold]: {counts}{_apart(parts)}")
    for entry in meaning.get("dimensions", []):
        say(f"\n[bold]number {entry['dimension'] + 1}[/bold], {entry['share_of_variance']:.0%} of the spread")
        for end in ("low", "high"):
            for text in entry[end][:2]:
                say(f"  {end:<4}  {shown(shorten(text, 150))}")


def _apart(groups: Mapping[str, Any]) -> str:
    """How far apart the numbers hold the groups, in words."""
    if groups["apart"] is None:
        return ""
    number = groups["dimension"] + 1
    return f"; a pair of one group is the closer one {groups['apart']:.0%} of the time, best told by number {number}"
