"""One word looked at closely: what its numbers separate, and a page with its sentences in two dimensions."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import pool_words
from minicoil.errors import ReleaseError
from minicoil.ledger import WordRecord
from minicoil.model import MiniCoil
from minicoil.sparse import normalise
from tasks.place import Place
from tasks.sentence_store import NAME, SentenceStore

MAX_SENTENCES = 300  # enough to see the shape; encoded in a second or two
SHOWN = 4  # sentences at each end of a dimension


@dataclass(frozen=True)
class WordView:
    """A word's sentences with their meanings.

    Attributes:
        texts: The sentences.
        meanings: (n, d) float32 unit vectors, the numbers stored in a document's cells before term frequency.
    """

    texts: list[str]
    meanings: NDArray[np.float32]


def view_word(place: Place, folder: Path, record: WordRecord) -> WordView:
    """The word's meaning in a sample of its sentences.

    Raises:
        ReleaseError: the word has no layer, or the store has no sentence of it.
    """
    model = MiniCoil.load(folder)
    word_id = model.vocabulary.entry_id(record.word)
    if word_id is None:
        raise ReleaseError(f"word '{record.word}' has no layer: {record.reason}")
    with place.points() as points:
        if not points.exists(NAME):
            raise ReleaseError(f"{place.home} has no sentences to look at; run this on the home that trained the word")
        store = SentenceStore(points, model.encoder.width)
        keys = store.sample(record.forms, MAX_SENTENCES)
        texts = [sentence.text for page in store.texts(keys) for sentence in page]
    tokenized = model.tokenizer.tokenize(texts)
    layer = np.asarray(model.stack[word_id], dtype=np.float32)
    rows: dict[int, NDArray[np.float32]] = {}
    for batch in model.encoder.encode(tokenized):
        for place_in_batch, text in enumerate(batch.places):
            words = np.asarray([model.vocabulary.resolve(token) == word_id for token in tokenized[text].tokens])
            pieces = np.flatnonzero(words[tokenized[text].positions]) if len(words) else np.zeros(0, np.int64)
            if len(pieces):
                mean = pool_words(batch.embeddings[place_in_batch, pieces], np.zeros(len(pieces), np.int64), 1)
                rows[int(text)] = np.tanh(mean @ layer)[0]
    if not rows:
        raise ReleaseError(f"no sentence with '{record.word}' is in {place.home}; extend on a corpus that has it")
    order = sorted(rows)
    return WordView([texts[i] for i in order], normalise(np.stack([rows[i] for i in order])))


def describe_word(view: WordView) -> dict[str, Any]:
    """Nearest and farthest sentences, and the two ends of every dimension.

    Returns:
        `typical` and `unusual` sentences by cosine to the mean meaning, `farthest_pair`, and per dimension its share of
        the variance with sentences at its low and high end.
    """
    mean = normalise(view.meanings.mean(axis=0, keepdims=True))[0]
    closeness = view.meanings @ mean
    cosines = view.meanings @ view.meanings.T
    one, other = np.unravel_index(int(cosines.argmin()), cosines.shape)
    variance = view.meanings.var(axis=0)
    dimensions = []
    for dimension in np.argsort(-variance):
        order = np.argsort(view.meanings[:, dimension], kind="stable")
        dimensions.append(
            {
                "dimension": int(dimension),
                "share_of_variance": round(float(variance[dimension] / max(variance.sum(), 1e-12)), 3),
                "low": [view.texts[i] for i in order[:SHOWN]],
                "high": [view.texts[i] for i in order[::-1][:SHOWN]],
            }
        )
    by_closeness = np.argsort(-closeness, kind="stable")
    return {
        "n_sentences": len(view.texts),
        "typical": [view.texts[i] for i in by_closeness[:SHOWN]],
        "unusual": [view.texts[i] for i in by_closeness[::-1][:SHOWN]],
        "farthest_pair": {
            "cosine": round(float(cosines[one, other]), 3),
            "sentences": [view.texts[one], view.texts[other]],
        },
        "dimensions": dimensions,
    }


def two_dimensions(meanings: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) float32 principal coordinates in [-1, 1]; the picture keeps as much of the spread as a plane can."""
    centred = meanings - meanings.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    plane = centred @ vectors[:, ::-1][:, :2]
    return np.asarray(plane / max(float(np.abs(plane).max()), 1e-9), dtype=np.float32)


def write_word_page(path: Path, record: WordRecord, view: WordView, release: int) -> None:
    """A self-contained HTML page: every sentence a dot, its text on hover or touch, no network."""
    plane = two_dimensions(view.meanings)
    hues = (np.degrees(np.arctan2(plane[:, 1], plane[:, 0])) % 360).round().astype(int)
    dots = "\n".join(
        f'<circle cx="{300 + 270 * x:.1f}" cy="{300 - 270 * y:.1f}" r="6" fill="hsl({hue} 65% 45% / .75)" tabindex="0">'
        f"<title>{html.escape(text)}</title></circle>"
        for (x, y), hue, text in zip(plane.tolist(), hues.tolist(), view.texts, strict=True)
    )
    described = describe_word(view)
    sections = "".join(_dimension_section(entry) for entry in described["dimensions"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.format(word=html.escape(record.word), figures=_figures(record, release), dots=dots,
                                 sections=sections, data=_script_safe(view.texts)), encoding="utf-8")  # fmt: skip


def _dimension_section(entry: dict[str, Any]) -> str:
    def listed(texts: Sequence[str]) -> str:
        return "".join(f"<li>{html.escape(text)}</li>" for text in texts)

    share = f"{entry['share_of_variance']:.0%}"
    low, high = listed(entry["low"]), listed(entry["high"])
    return (
        f"<section><h2>Number {entry['dimension'] + 1} <small>{share} of the spread</small></h2>"
        f"<div class=ends><ul>{low}</ul><ul>{high}</ul></div></section>"
    )


def _figures(record: WordRecord, release: int) -> str:
    parts = [f"release {release}", f"{record.n_sentences:,} sentences", html.escape(record.verdict)]
    for name, value in (("ordering", record.ordering_accuracy), ("ceiling", record.ceiling)):
        if value is not None:
            parts.append(f"{name} {value:.3f}")
    return " &middot; ".join([*parts, "forms: " + html.escape(", ".join(record.forms[:8]))])


def _script_safe(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=True).replace("<", "\\u003c")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{word} - miniCOIL</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
svg {{ width: 100%; max-width: 40rem; background: #fafaf7; border-radius: .5rem; display: block; margin: 0 auto; }}
circle:hover, circle:focus {{ stroke: #222; stroke-width: 2; outline: none; }}
#text {{ min-height: 3.2em; text-align: center; max-width: 40rem; margin: .5rem auto; }}
small {{ color: #777; font-weight: normal; }} h2 {{ font-size: 1.1rem; margin-bottom: 0; }}
.ends {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }} ul {{ padding-left: 1.1rem; }}
@media (max-width: 40rem) {{ .ends {{ grid-template-columns: 1fr; }} }}
</style></head><body>
<h1>{word}</h1><p>{figures}</p>
<p id="text">Each dot is a sentence; dots close together use the word alike. Point at one to read it.</p>
<svg viewBox="0 0 600 600" role="img" aria-label="Sentences by meaning">
{dots}
</svg>
{sections}
<script>
const texts = {data}, shown = document.getElementById("text");
document.querySelectorAll("circle").forEach((dot, i) => {{
  for (const event of ["mouseenter", "focus", "click"]) dot.addEventListener(event, () => shown.textContent = texts[i]);
}});
</script></body></html>
"""
