"""A word's page: its sentences in two dimensions, coloured by sense, and the ends of every number."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from minicoil.harmless import harmless
from minicoil.words import WordRecord
from tasks.report.word_view import PARTS, WordView, describe_word, two_dimensions

_HUES = (211, 28, 145, 340, 265)  # one a sense; told apart by colour-blind readers too, with the list below beside it
_UNKNOWN = "#999"


def write_word_page(path: Path, record: WordRecord, view: WordView, release: int) -> None:
    """A self-contained HTML page: every sentence a mark, its text on hover, focus or touch, no network."""
    described = describe_word(view)
    page = _PAGE.format(
        word=_text(record.word),
        figures=_figures(record, release),
        marks=draw_marks(view),
        senses=_senses(described["senses"]),
        parts=_parts(described["parts_of_speech"]),
        sections="".join(_dimension_section(entry) for entry in described["dimensions"]),
        data=_script_safe(view.texts),
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


def draw_marks(view: WordView, with_text: bool = True) -> str:
    """A circle for a noun, a square for a verb, a triangle for a modifier, a small dot where it is open.

    In a view box of 600 x 600; with text, every mark has its sentence as title.
    """
    plane = two_dimensions(view.meanings)
    marks = []
    for (x, y), sense, part, text in zip(plane.tolist(), view.senses, view.parts, view.texts, strict=True):
        left, top = 300 + 270 * x, 300 - 270 * y
        shape = {
            0: f'<circle cx="{left:.1f}" cy="{top:.1f}" r="6"',
            1: f'<rect x="{left - 5.5:.1f}" y="{top - 5.5:.1f}" width="11" height="11"',
            2: f'<path d="M{left:.1f} {top - 7:.1f}l6.5 12h-13z"',
        }.get(int(part), f'<circle cx="{left:.1f}" cy="{top:.1f}" r="4"')
        tag = shape[1 : shape.index(" ")]
        title = f"<title>{_text(text)}</title>" if with_text else ""
        marks.append(f'{shape} class="mark" fill="{sense_colour(int(sense))}" tabindex="0">{title}</{tag}>')
    return "\n".join(marks)


def _text(text: str) -> str:
    return html.escape(harmless(text))


def _apart(value: float | None, dimension: int | None) -> str:
    if value is None or dimension is None:
        return ""
    return (
        f"; two sentences of one group are the closer pair {value:.0%} of the time, best told by number {dimension + 1}"
    )


def _senses(senses: dict[str, Any]) -> str:
    groups = senses["groups"]
    if len(groups) < 2:
        return "<h2>Senses</h2><p>The role model sees one sense in these sentences.</p>"
    rows = "".join(
        f'<li><span class="key" style="background:{sense_colour(place)}"></span>'
        f"<b>{_text(', '.join(group['words'])) or 'no telling words'}</b> "
        f"<small>{group['n_sentences']} sentences</small><br>{_text(group['examples'][0])}</li>"
        for place, group in enumerate(groups)
    )
    told = _apart(senses["apart"], senses["dimension"])
    return f"<h2>Senses <small>by the role model{told}</small></h2><ul class=keys>{rows}</ul>"


def _parts(parts: dict[str, Any]) -> str:
    counts = ", ".join(f"{name} {n}" for name, n in parts["counts"].items())
    told = _apart(parts["apart"], parts["dimension"])
    shapes = dict(zip(PARTS, ("circle", "square", "triangle"), strict=True))
    shown = ", ".join(f"{shape} {name}" for name, shape in shapes.items())
    return f"<h2>Parts of speech <small>{counts}{told}</small></h2><p><small>{shown}, small dot undecided</small></p>"


def _dimension_section(entry: dict[str, Any]) -> str:
    def listed(texts: Sequence[str]) -> str:
        return "".join(f"<li>{_text(text)}</li>" for text in texts)

    share = f"{entry['share_of_variance']:.0%}"
    low, high = listed(entry["low"]), listed(entry["high"])
    return (
        f"<section><h2>Number {entry['dimension'] + 1} <small>{share} of the spread</small></h2>"
        f"<div class=ends><div><small>low end</small><ul>{low}</ul></div>"
        f"<div><small>high end</small><ul>{high}</ul></div></div></section>"
    )


def _figures(record: WordRecord, release: int) -> str:
    parts = [f"release {release}", f"{record.n_sentences:,} sentences", _text(record.verdict)]
    for name, value in (("ordering", record.ordering_accuracy), ("ceiling", record.ceiling)):
        if value is not None:
            parts.append(f"{name} {value:.3f}")
    return " &middot; ".join([*parts, "forms: " + _text(", ".join(record.forms[:8]))])


def _script_safe(texts: Sequence[str]) -> str:
    return json.dumps([harmless(text) for text in texts], ensure_ascii=True).replace("<", "\\u003c")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{word} - miniCOIL</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
svg {{ width: 100%; max-width: 40rem; background: #fafaf7; border-radius: .5rem; display: block; margin: 0 auto; }}
.mark {{ fill-opacity: .75; }} .mark:hover, .mark:focus {{ stroke: #222; stroke-width: 2; outline: none; }}
#text {{ min-height: 3.2em; text-align: center; max-width: 40rem; margin: .5rem auto; }}
.key {{ display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; }}
.keys {{ list-style: none; padding: 0; }} .keys li {{ margin-bottom: .5rem; }}
small {{ color: #777; font-weight: normal; }} h2 {{ font-size: 1.1rem; margin-bottom: 0; }}
.ends {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }} ul {{ padding-left: 1.1rem; }}
@media (max-width: 40rem) {{ .ends {{ grid-template-columns: 1fr; }} }}
</style></head><body>
<h1>{word}</h1><p>{figures}</p>
<p id="text">Each mark is a sentence; marks close together use the word alike. Point at one to read it.</p>
<svg viewBox="0 0 600 600" role="img" aria-label="Sentences by meaning">
{marks}
</svg>
{senses}
{parts}
{sections}
<script>
const texts = {data}, shown = document.getElementById("text");
document.querySelectorAll(".mark").forEach((dot, i) => {{
  for (const event of ["mouseenter", "focus", "click"]) dot.addEventListener(event, () => shown.textContent = texts[i]);
}});
</script></body></html>
"""
