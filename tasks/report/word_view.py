"""One word looked at closely: its sentences, and what its numbers keep apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import ReleaseError
from minicoil.sparse import MiniCoil, normalise
from minicoil.text import ENGLISH, Language
from minicoil.training import group_senses, measure_separation, telling_words
from minicoil.words import WordRecord, part_of_speech
from tasks.embeddings import remembering
from tasks.place import Place
from tasks.progress import progress
from tasks.sentences import SentenceStore

MAX_SENTENCES = 300  # enough to see the shape; encoded in a second or two
SHOWN = 4  # sentences at each end of a dimension
PARTS = ("noun", "verb", "modifier")


@dataclass(frozen=True)
class WordView:
    """A word's sentences with their meanings.

    Attributes:
        word: Vocabulary entry.
        texts: The sentences.
        meanings: (n, d) float32 unit vectors, the numbers stored in a document's cells before term frequency.
        senses: (n,) int64 groups by the role model, the largest 0; -1 where a sentence has no role-model vector.
        parts: (n,) int64 places in `PARTS`; -1 where the neighbours do not tell.
        language: Of the sentences.
    """

    word: str
    texts: list[str]
    meanings: NDArray[np.float32]
    senses: NDArray[np.int64]
    parts: NDArray[np.int64]
    language: Language = ENGLISH


def view_word(place: Place, folder: Path, record: WordRecord, role_model: str = "minilm") -> WordView:
    """The word's meaning in a sample of its sentences.

    Raises:
        ReleaseError: the word has no layer, or the store has no sentence of it.
    """
    model = remembering(MiniCoil.load(folder), place.cache)
    with place.points() as points:
        store = SentenceStore.find(points, role_model, model.vocabulary.language.code)
        if store is None:
            raise ReleaseError(f"{place.home} has no sentences to look at; run this on the home that trained the word")
        return view_sentences(model, store, record)


def view_sentences(model: MiniCoil, store: SentenceStore, record: WordRecord, n: int = MAX_SENTENCES) -> WordView:
    """The word's meaning in at most `n` of its sentences in a store.

    Raises:
        ReleaseError: the word has no layer, or the store has no sentence of it.
    """
    word_id = model.vocabulary.entry_id(record.word)
    if word_id is None:
        raise ReleaseError(f"word '{record.word}' has no layer: {record.reason}")
    keys = store.sample(record.forms, n)
    sentences = [sentence for page in store.texts(keys) for sentence in page]
    role = store.vectors([sentence.key for sentence in sentences])
    texts = [sentence.text for sentence in sentences]
    rows = _outputs(model, texts, word_id)
    if not rows:
        raise ReleaseError(f"no sentence with '{record.word}' is in the store; extend on a corpus that has it")
    order = sorted(rows)
    known = [i for i in order if sentences[i].key in role]
    senses = dict(zip(known, _senses([role[sentences[i].key] for i in known]), strict=True))
    forms, language = set(record.forms), model.vocabulary.language

    def is_form(token: str) -> bool:
        return token in forms or language.stem(token) == record.word

    # the neighbours that tell are English ones
    parts = [part_of_speech(texts[i], is_form) if language.is_english else "" for i in order]
    return WordView(
        record.word,
        [texts[i] for i in order],
        normalise(np.stack([rows[i] for i in order])),
        np.asarray([senses.get(i, -1) for i in order], dtype=np.int64),
        np.asarray([PARTS.index(part) if part else -1 for part in parts], dtype=np.int64),
        language,
    )


def _senses(role: list[NDArray[np.float32]]) -> list[int]:
    return [int(group) for group in group_senses(np.stack(role))] if role else []


def _outputs(model: MiniCoil, texts: list[str], word_id: int) -> dict[int, NDArray[np.float32]]:
    """Place of a text -> (d,) output of the word's layer; texts whose tokens do not show the word are left out."""
    layer = np.asarray(model.stack[word_id], dtype=np.float32)
    rows: dict[int, NDArray[np.float32]] = {}
    with progress("encoding its sentences", len(texts), "sentences") as advance:
        for number, (_, words) in enumerate(model.pool(texts)):
            found = [row for row, token in enumerate(words.tokens) if model.vocabulary.resolve(token) == word_id]
            if found:
                mean = words.sums[found].sum(axis=0) / np.float32(words.pieces[found].sum())
                rows[number] = np.tanh(mean[None] @ layer)[0]
            advance(1)
    return rows


def describe_word(view: WordView) -> dict[str, Any]:
    """What the word's numbers separate.

    Returns:
        `typical` and `unusual` sentences by cosine to the mean meaning; `nearest_pair` and `farthest_pair`; `senses`
        and `parts_of_speech`, each with its groups and how far apart the numbers hold them; and per dimension its share
        of the variance with sentences at its low and high end.
    """
    mean = normalise(view.meanings.mean(axis=0, keepdims=True))[0]
    by_closeness = np.argsort(-(view.meanings @ mean), kind="stable")
    return {
        "n_sentences": len(view.texts),
        "typical": [view.texts[i] for i in by_closeness[:SHOWN]],
        "unusual": [view.texts[i] for i in by_closeness[::-1][:SHOWN]],
        **_pairs(view),
        "senses": _describe_senses(view),
        "parts_of_speech": _describe_parts(view),
        "dimensions": _dimensions(view),
    }


def _pairs(view: WordView) -> dict[str, Any]:
    if len(view.texts) < 2:
        return {"nearest_pair": None, "farthest_pair": None}
    cosines = view.meanings @ view.meanings.T
    different = np.asarray([[one != other for other in view.texts] for one in view.texts])
    answer = {}
    for name, place in (
        ("nearest_pair", int(np.where(different, cosines, -2).argmax())),
        ("farthest_pair", int(cosines.argmin())),
    ):
        one, other = np.unravel_index(place, cosines.shape)
        pair = [view.texts[one], view.texts[other]]
        answer[name] = {"cosine": round(float(cosines[one, other]), 3), "sentences": pair}
    return answer


def _describe_senses(view: WordView) -> dict[str, Any]:
    separation = measure_separation(view.meanings, view.senses)
    groups = []
    for sense in sorted(set(view.senses[view.senses >= 0].tolist())):
        rows = np.flatnonzero(view.senses == sense)
        centre = view.meanings[rows].mean(axis=0)
        examples = rows[np.argsort(-(view.meanings[rows] @ centre), kind="stable")][:SHOWN]
        words = telling_words(view.texts, view.senses, sense, view.word, language=view.language)
        groups.append({"n_sentences": len(rows), "words": words, "examples": [view.texts[i] for i in examples]})
    return {"apart": separation.apart, "dimension": separation.dimension, "groups": groups}


def _describe_parts(view: WordView) -> dict[str, Any]:
    separation = measure_separation(view.meanings, view.parts)
    counts = {name: int((view.parts == place).sum()) for place, name in enumerate(PARTS)}
    return {
        "apart": separation.apart,
        "dimension": separation.dimension,
        "counts": {**{name: n for name, n in counts.items() if n}, "undecided": int((view.parts < 0).sum())},
    }


def _dimensions(view: WordView) -> list[dict[str, Any]]:
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
    return dimensions


def two_dimensions(meanings: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) float32 principal coordinates in [-1, 1]; the picture keeps as much of the spread as a plane can."""
    centred = meanings - meanings.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    plane = centred @ vectors[:, ::-1][:, :2]
    return np.asarray(plane / max(float(np.abs(plane).max()), 1e-9), dtype=np.float32)
