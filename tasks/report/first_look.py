"""Queries that show what miniCOIL does with somebody's own text: one word that was trained, in two of its meanings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from wordfreq import zipf_frequency

from minicoil.errors import ReleaseError
from minicoil.text import stem
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import open_release, read_channel, role_model_of
from tasks.corpus import SentenceStore
from tasks.models import PACKAGED
from tasks.place import Place
from tasks.report.word_view import describe_word, view_word

_SPREAD_OVER = 60  # sentences whose vectors are compared, of every trained word
_LOOKED_AT = 5  # words whose sentences are encoded, a second or two each
_MIN_SENTENCES = 40  # fewer do not show two meanings
_EVERYDAY = 5.6  # Zipf frequency: above it lie the three hundred words that are in every text
_TELLING = 2  # words beside the word in a query


@dataclass(frozen=True)
class ShownQuery:
    """A query to try.

    Attributes:
        word: The trained word that it is about.
        text: The word, and words that tell one meaning.
        apart: Chance that the word's numbers hold two sentences of one meaning closer; None where only one was found.
    """

    word: str
    text: str
    apart: float | None


def choose_queries(place: Place, channel: str, n: int = 2) -> list[ShownQuery]:
    """At most `n` queries, of the word whose meanings the channel's release tells apart best.

    A channel that serves nothing, or nothing with enough sentences, gives none.
    """
    current = read_channel(place.objects(), channel).current
    if current is None:
        return []
    folder = open_release(place.objects(), current, place.cache)
    role_model = role_model_of(place.objects(), current) or PACKAGED
    best: list[ShownQuery] = []
    for record in _promising(place, list(Ledger.read(folder).served().values()), role_model):
        try:
            senses = describe_word(view_word(place, folder, record, role_model))["senses"]
        except ReleaseError:  # its sentences are gone from the store; another word will do
            continue
        queries = [_query(record, group["words"], senses["apart"]) for group in senses["groups"][:n]]
        found = [query for query in queries if query is not None]
        if _worth(found) > _worth(best):
            best = found
    return best


def _promising(place: Place, records: Sequence[WordRecord], role_model: str) -> list[WordRecord]:
    """Words that the text uses most differently, by how far their sentences point apart under the role model."""
    usable = [
        record
        for record in records
        if record.n_sentences >= _MIN_SENTENCES
        and record.forms
        and zipf_frequency(record.forms[0], "en") < _EVERYDAY  # "see" has many meanings, and nobody searches for it
    ]
    with place.points() as points:
        store = SentenceStore.find(points, role_model)
        if store is None:
            return []
        spread = {record.word: _spread(store, record.forms) for record in usable}
    return sorted(usable, key=lambda record: -spread[record.word])[:_LOOKED_AT]


def _spread(store: SentenceStore, forms: Sequence[str]) -> float:
    """1 minus the length of the mean of unit vectors: 0 where all sentences say the same, up to 1."""
    vectors = store.vectors(store.sample(forms, _SPREAD_OVER))
    return 1.0 - float(np.linalg.norm(np.mean(list(vectors.values()), axis=0))) if vectors else 0.0


def _query(record: WordRecord, telling: Sequence[str], apart: float | None) -> ShownQuery | None:
    others = [word for word in telling if stem(word) != record.word][:_TELLING]
    return ShownQuery(record.word, " ".join([record.forms[0], *others]), apart) if others else None


def _worth(queries: Sequence[ShownQuery]) -> tuple[int, float]:
    return len(queries), max((query.apart or 0.0 for query in queries), default=0.0)
