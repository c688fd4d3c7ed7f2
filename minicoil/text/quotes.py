"""Whether a piece of text quotes a document, and pages without what they quote of it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any

from minicoil.harmless import harmless
from minicoil.text.languages import ENGLISH, Language
from minicoil.text.sentences import split_sentences

REMOVED = "[removed]"
MIN_WORDS = 3  # fewer in a row are anybody's: "of the pod"
_BETWEEN_TAGS = re.compile(r">([^<>]+)<")


class Quotes:
    """What there is of some documents, to be recognised elsewhere.

    >>> quotes = Quotes(["The ring gear turns slowly at night."])
    >>> quotes.holds("the RING gear  turns"), quotes.holds("the ring")
    (True, False)
    >>> quotes.holds("Note: the ring gear turns slowly at night. And more.")
    True

    Args:
        texts: Sentences, titles, whole texts; of a text its sentences count as well.
        languages: As which a text may have been cut.
    """

    def __init__(self, texts: Iterable[str], languages: Iterable[Language] = (ENGLISH,)) -> None:
        given = list(texts)
        kept = {normal for text in given if (normal := normalise_text(text))}
        cut = (part for language in languages for text in given for part in split_sentences(text, language))
        parts = {normalise_text(part) for part in cut}
        self._whole = "\n".join(sorted(kept))
        self._short = {text for text in kept if 1 < len(text.split()) < MIN_WORDS}  # headings; one word is a word
        self._parts = sorted(text for text in kept | parts if len(text.split()) >= MIN_WORDS)

    def __bool__(self) -> bool:
        return bool(self._whole)

    def holds(self, text: str) -> bool:
        """Whether `text` is a part of a document, or a sentence of one is a part of it; case and spacing aside."""
        normal = normalise_text(text.rstrip("\u2026"))
        if normal in self._short:
            return True
        if len(normal.split()) < MIN_WORDS:
            return False
        return normal in self._whole or any(part in normal for part in self._parts)

    def are_in(self, page: str) -> bool:
        """Whether a page holds a sentence anywhere, written as HTML or as JSON does."""
        forms = (page, html.unescape(page), _unescape_json(page))
        return any(part in normal for normal in map(normalise_text, forms) for part in self._parts)

    def redact_html(self, page: str) -> tuple[str, int]:
        """The page without its pieces of text that quote, and how many these were."""
        n = 0

        def redact(match: re.Match[str]) -> str:
            nonlocal n
            if not self.holds(html.unescape(match.group(1))):
                return match.group()
            n += 1
            return f">{REMOVED}<"

        return _BETWEEN_TAGS.sub(redact, page), n

    def redact_values(self, document: Any) -> tuple[Any, int]:
        """A JSON document without the strings in it that quote, keys included, and how many these were."""
        if isinstance(document, str):
            return (REMOVED, 1) if self.holds(document) else (document, 0)
        if isinstance(document, list):
            rows = [self.redact_values(entry) for entry in document]
            return [entry for entry, _ in rows], sum(n for _, n in rows)
        if isinstance(document, dict):
            pairs = [(self.redact_values(key), self.redact_values(value)) for key, value in document.items()]
            return {key[0]: value[0] for key, value in pairs}, sum(key[1] + value[1] for key, value in pairs)
        return document, 0


def normalise_text(text: str) -> str:
    """Lower case, single spaces, and no characters that pages write out as escapes."""
    return " ".join(harmless(" ".join(text.split())).lower().split())


def _unescape_json(page: str) -> str:
    """Text with what JSON writes as an escape written out, as far as it is one."""
    return re.sub(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])', lambda match: str(json.loads(f'"{match.group()}"')), page)
