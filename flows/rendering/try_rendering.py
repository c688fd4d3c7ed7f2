"""The answer of `minicoil try` as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from flows import screen
from flows.screen import shorten, shown

_WORDS = 3
_TEXT = 130  # characters of a sentence


def show_try(result: Mapping[str, Any]) -> None:
    """Words in their meanings with both rankings, the verdict in one sentence, and what to do next."""
    for word in result["look"]["words"][:_WORDS]:
        show_seen_word(word)
    screen.say("")
    screen.say(f"[bold]{shown(result['message'])}[/bold]")
    for remark in result["remarks"]:
        screen.say(f"  {shown(remark)}")
    of = f" of {result['n_found']:,}" if result["n_found"] > result["n_points"] else ""
    screen.say(
        f"[bold]{shown(result['collection'])}[/bold]: {result['n_points']:,}{of} pieces of text searchable, "
        f"{result['n_trained']:,} words taught, in {result['seconds']:.0f} s"
    )
    screen.say(f"the same as one page to send on: {shown(result['page'])}")
    screen.say("\n[bold]Next[/bold]")
    for step in result["next"]:
        screen.say(f"  {shown(step)}")


def show_seen_word(word: Mapping[str, Any]) -> None:
    """A word of `tasks.trial.FirstLook.row`: its meanings, and for two of them both rankings."""
    asked = len(word["queries"])
    screen.say(
        f"\n[bold]{shown(word['form'])}[/bold] has {len(word['senses'])} meanings here; asked for one of them "
        f"{asked} times, {word['of_bm25'] / word['n_looked']:.0%} of BM25's first results have it, "
        f"{word['of_minicoil'] / word['n_looked']:.0%} of miniCOIL's"
    )
    for letter, sense in zip("ABCDE", word["senses"], strict=False):
        told = ", ".join(sense["words"]) or "no telling words"
        screen.say(f"  {letter} ({sense['n_sentences']} sentences; {shown(told)}): {_quoted(sense['examples'])}")
    for query in word["shown"]:
        screen.say(f'asked for meaning {"ABCDE"[query["sense"]]}: "{shown(query["text"])}"')
        pairs = zip_longest(query["bm25"], query["minicoil"])
        screen.show_side_by_side("BM25", "miniCOIL", [(_hit(one, query), _hit(two, query)) for one, two in pairs])


def _quoted(examples: Sequence[str]) -> str:
    return f'"{shown(shorten(examples[0], _TEXT))}"' if examples else ""


def _hit(hit: Mapping[str, Any] | None, query: Mapping[str, Any]) -> str:
    if hit is None:
        return ""
    if hit["sense"] == query["sense"]:
        mark = "[green]as asked[/green]"
    else:
        mark = f"[red]{'another word' if hit['sense'] is None else 'meaning ' + 'ABCDE'[hit['sense']]}[/red]"
    return f"{mark}  {shown(shorten(hit['text'], _TEXT))}"
