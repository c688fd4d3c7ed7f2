"""Two releases on real sentences: a base of common words, then words added, retrained and removed.

Layers are random: nothing that is measured on them depends on their values.
"""

import json
import random
from collections import Counter
from pathlib import Path
from typing import TypeAlias

import numpy as np

from minicoil.errors import VocabularyError
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.text.stemming import STOPWORDS, stem
from minicoil.words.entries import check_word
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.releases import publish_release
from tasks.place import Place

N_BASE, N_ADDED, N_RETRAINED, N_REMOVED = 3000, 200, 20, 5
Words: TypeAlias = tuple[list[str], list[str], list[str], list[str]]


def read_sentences(folder: Path, n: int) -> list[str]:
    """Sentences of 20 to 400 characters, in one order for all time."""
    rows: list[str] = []
    for path in sorted(folder.rglob("sentences.jsonl")):
        with path.open(encoding="utf-8") as file:
            rows += [json.loads(line)["text"] for line in file]
    random.Random(1).shuffle(rows)
    unique = list(dict.fromkeys(text for text in rows if 20 < len(text) < 400))
    assert len(unique) >= n
    return unique[:n]


def choose_words(tokens: list[tuple[str, ...]], share: float) -> Words:
    """Base, added, retrained and removed words; the last three together in about this share of the texts."""
    df = Counter(word for text in tokens for word in {stem(t) for t in set(text) if t.isalpha() and t not in STOPWORDS})
    usable = []
    for word, _ in df.most_common(N_BASE + 20_000):
        try:
            check_word(word)
            usable.append(word)
        except VocabularyError:  # a stem that is a stopword
            continue
    base, rest = usable[:N_BASE], usable[N_BASE:]
    retrained = base[-N_RETRAINED:]
    removed = base[-N_RETRAINED - N_REMOVED : -N_RETRAINED]
    left = share * len(tokens) - sum(df[word] for word in (*retrained, *removed))
    each = left / N_ADDED
    start = next((i for i, word in enumerate(rest) if df[word] <= each), 0)
    start = max(start - N_ADDED // 2, 0)
    return base, rest[start : start + N_ADDED], retrained, removed


def make_releases(place: Place, encoder_folder: Path, folder: Path, words: Words) -> None:
    """Release 1 of the base words, release 2 with the changes; `production` serves the first."""
    base, added, retrained, removed = words
    create_empty_bundle(encoder_folder, folder / "model-0")
    steps = ({"add": {w: [w] for w in base}}, {"add": {w: [w] for w in added}, "retrain": retrained, "remove": removed})
    parent = folder / "model-0"
    for number, step in enumerate(steps, 1):
        vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(**step)
        rng = np.random.default_rng(number)
        rows = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float32) for i in fresh.values()}
        derive_bundle(parent, folder / f"model-{number}", vocabulary, rows)
        parent = folder / f"model-{number}"
        publish_release(place.objects(), parent, number - 1 or None, {})
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
