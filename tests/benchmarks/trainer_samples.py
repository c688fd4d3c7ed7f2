"""The words a trainer is measured on, chosen by rule before anything is trained, and their encoded sentences.

Ambiguous are the words that people labelled most often in the word-in-context pairs and that have at least 1,000
sentences in the real text. The first eight of them are measured, on the next eight settings are chosen, so that no
figure is of triplets that a setting was picked on; the other labelled words teach the shared prior, as a lineage's
first words do. Each ambiguous word is there again as the service would meet it with few sentences: they and the snippets
cut from them, drawn several times.
"""

import json
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicoil.config import SamplingConfig
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle
from minicoil.text.sentences import sentence_key, split_sentences
from minicoil.text.stemming import stem
from minicoil.text.tokens import WordTokenizer
from minicoil.training.occurrences import WordSample
from minicoil.training.triplets import split_rows
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.models.sentence_encoder import Encoders
from tasks.qdrant import open_points
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.training.features import encode_features

N_WORDS = int(os.environ.get("MINICOIL_BENCH_WORDS", "8"))
MIN_SENTENCES, MAX_SENTENCES = 1000, 2000
PRIOR_WORDS, PRIOR_SENTENCES = 200, 200
FEW, FEW_DRAWS = 200, 5  # which sentences a word has by chance moves its accuracy by more than a seed does


@dataclass(frozen=True)
class Samples:
    """Encoded sentences of words to measure, of words to choose settings on, and of words of the prior; draws of `few` by word."""

    measured: list[WordSample]
    tuning: list[WordSample]
    prior: list[WordSample]
    few: dict[str, list[WordSample]]


def encode_samples(shared_data, encoder_folder, folder):
    """See `Samples`; what was read and encoded lies in `folder`."""
    for left in ("empty", "home"):  # of a run before
        shutil.rmtree(folder / left, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    create_empty_bundle(encoder_folder, folder / "empty")
    encoders = Encoders(
        WordTokenizer.from_folder(folder / "empty"), TokenEncoder(BundleLayout(folder / "empty").encoder)
    )
    labelled = _labelled_words(shared_data)
    forms, counts, waiting = _read_sentences(shared_data, set(labelled))
    by_labels = sorted(labelled, key=lambda word: (-labelled[word], word))
    ambiguous = [word for word in by_labels if counts[word] >= MIN_SENTENCES][: 2 * N_WORDS]
    others = [word for word in by_labels if word not in ambiguous and counts[word] >= PRIOR_SENTENCES][:PRIOR_WORDS]
    kept = {word: sorted(forms[word]) for word in (*ambiguous, *others)}
    with open_points(folder / "home") as points:
        store = SentenceStore(points, encoders.encoder.width)
        for start in range(0, len(waiting), 5000):
            store.add(waiting[start : start + 5000])
        chosen = {
            word: np.sort(np.asarray(store.sample(kept[word], n), np.uint64))
            for group, n in ((ambiguous, MAX_SENTENCES), (others, PRIOR_SENTENCES))
            for word in group
        }
        features = encode_features(store, encoders, kept, chosen, SamplingConfig(), folder / "features")
        forms = {word: kept[word] for word in ambiguous}
        few = []
        for draw in range(FEW_DRAWS):
            rare = {word: _few(chosen[word], draw) for word in ambiguous}
            few.append(encode_features(store, encoders, forms, rare, SamplingConfig(), folder / f"few{draw}"))
    measured, tuning = ambiguous[:N_WORDS], ambiguous[N_WORDS:]
    return Samples(
        *([features.sample(word) for word in words] for words in (measured, tuning, others)),
        few={word: [draw.sample(word) for draw in few] for word in ambiguous},
    )


def _few(keys, draw):
    """Some of a word's training sentences, so that none of them is among its held-out ones."""
    train = np.sort(keys[split_rows(keys, SamplingConfig()).train])
    return np.sort(np.random.default_rng(1 + draw).permutation(train)[:FEW])


def _labelled_words(shared_data):
    """Stem -> number of rows in which people said what it means."""
    rows = (json.loads(line) for line in (shared_data / "wic-tsv-en.jsonl").read_text().splitlines())
    return Counter(stem(row["word"].lower()) for row in rows if row["word"].isalpha())


def _read_sentences(shared_data, wanted):
    """(surface forms, numbers of sentences) by stem, and the sentences with any of them."""
    forms, counts, waiting, seen = {}, Counter(), [], set()
    stems = {}
    for document in read_corpora([str(path) for path in _folders(shared_data)], CorpusReport()):
        for text in split_sentences(document.body):
            if text in seen:
                continue
            seen.add(text)
            found = set()
            for form in re.findall(r"[a-z]+", text.lower()):
                if form not in stems:
                    stems[form] = stem(form)
                if stems[form] in wanted:
                    forms.setdefault(stems[form], set()).add(form)
                    found.add(stems[form])
            counts.update(found)
            if found:
                waiting.append(Sentence(sentence_key(text), text, document.doc))
    return forms, counts, waiting


def _folders(shared_data: Path):
    return sorted(path.parent for path in shared_data.rglob("sentences.jsonl"))
