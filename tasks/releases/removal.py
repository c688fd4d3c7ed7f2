"""Words that shall go: which of them the model knows, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minicoil.text import WordTokenizer
from tasks.models import Parent


@dataclass(frozen=True)
class Removal:
    """What removing words from a model comes to.

    Attributes:
        words: As they were asked for.
        known: Entries that go, in order.
        rows: `word`, `verdict`, `reason`: those that go, then those that the model does not know.
    """

    words: tuple[str, ...]
    known: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


def plan_removal(parent: Parent, words: Sequence[str]) -> Removal:
    """Each word, in any of its forms, is looked up as the model's own tokenizer and stemmer would have it."""
    tokenizer = WordTokenizer.from_folder(parent.folder)
    asked = {word: tokenizer.language.stem(tokenizer.fold(word)) for word in words}
    known = {entry for entry in asked.values() if parent.vocabulary.entry_id(entry) is not None}
    gone: list[dict[str, Any]] = [
        {"word": entry, "verdict": "removed", "reason": "asked for"} for entry in sorted(known)
    ]
    stay: list[dict[str, Any]] = [
        {"word": entry, "verdict": "kept_bm25", "reason": f"'{word}' was not in the vocabulary"}
        for word, entry in asked.items()
        if entry not in known
    ]
    return Removal(tuple(words), tuple(sorted(known)), (*gone, *stay))
