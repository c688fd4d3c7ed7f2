"""A word's page, `word.html`: its sentences in two dimensions, coloured by sense, and the ends of every number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from minicoil.harmless import harmless
from minicoil.words import WordRecord
from tasks.report.pages import render
from tasks.report.word_view import PARTS, WordView, describe_word, two_dimensions

_HUES = (211, 28, 145, 340, 265)  # one a sense; told apart by colour-blind readers too, with the list below beside it
_UNKNOWN = "#999"


@dataclass(frozen=True)
class Mark:
    """One sentence in a view box of 600 x 600; `part` says its shape: noun, verb, modifier, or open (-1)."""

    x: float
    y: float
    part: int
    colour: str
    text: str


def write_word_page(path: Path, record: WordRecord, view: WordView, release: int) -> None:
    """A self-contained HTML page: every sentence a mark, its text on hover, focus or touch, no network."""
    described = describe_word(view)
    senses = described["senses"]
    page = render(
        "word.html",
        record=record,
        release=release,
        places=lay_out_marks(view),
        senses=senses,
        colours=[sense_colour(sense) for sense in range(len(senses["groups"]))],
        parts=described["parts_of_speech"],
        part_names=PARTS,
        dimensions=described["dimensions"],
        texts=_script_safe(view.texts),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def page_name(word: str) -> str:
    """File name of a word's page: a release may come from anywhere, and no word of its ledger leads out of the folder.

    >>> page_name("pod"), page_name("../../x")
    ('pod.html', '..%2F..%2Fx.html')
    """
    name = quote(word, safe="")
    return f"{name if len(name) <= 200 else hashlib.sha256(word.encode()).hexdigest()}.html"


def sense_colour(sense: int) -> str:
    """CSS colour of a sense; grey where it is not known."""
    return _UNKNOWN if sense < 0 else f"hsl({_HUES[sense % len(_HUES)]} 65% 45%)"


def lay_out_marks(view: WordView) -> list[Mark]:
    """Where each sentence stands, by the word's own numbers."""
    plane = two_dimensions(view.meanings).tolist()
    return [
        Mark(300 + 270 * x, 300 - 270 * y, int(part), sense_colour(int(sense)), text)
        for (x, y), sense, part, text in zip(plane, view.senses, view.parts, view.texts, strict=True)
    ]


def _script_safe(texts: Sequence[str]) -> Markup:
    """A list of texts as a script may hold it: no tag can begin in it."""
    return Markup(json.dumps([harmless(text) for text in texts], ensure_ascii=True).replace("<", "\\u003c"))
