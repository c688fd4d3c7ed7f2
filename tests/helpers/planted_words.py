"""Words with planted senses, for tests of everything that trains and judges."""

import json
from pathlib import Path

import numpy as np

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import append_rows, create_stack
from minicoil.folder.bundle import BundleFacts
from minicoil.training.occurrences import WordSample
from minicoil.words.ledger import Ledger
from minicoil.words.vocabulary import Vocabulary
from tasks.models.bundles import Parent

WIDTH, ROLE = 192, 32
SHARED = np.random.default_rng(12345).normal(size=(ROLE, WIDTH))  # how meaning shows in every word's embedding
NUISANCE = np.random.default_rng(54321).normal(size=(12, WIDTH))  # and what says nothing: position, syntax


def planted(word, n=240, seed=0, noise=0.6, n_senses=3):
    """A word with senses, seen by the role model and, through a map that all words share, by the encoder."""
    rng = np.random.default_rng(seed)
    senses = rng.integers(0, n_senses, n)
    meaning = rng.normal(size=(n_senses, ROLE))[senses]
    embeddings = rng.normal(size=WIDTH) + 0.3 * meaning @ SHARED + noise * rng.normal(size=(n, WIDTH))
    embeddings = embeddings + 4 * noise * rng.normal(size=(n, len(NUISANCE))) @ NUISANCE
    role = meaning + 0.5 * rng.normal(size=(n, ROLE))
    role /= np.linalg.norm(role, axis=1, keepdims=True)
    rows = np.arange(0, n, 4)
    snippets = embeddings[rows] + 0.3 * rng.normal(size=(len(rows), WIDTH))
    keys = np.sort(rng.integers(0, 2**60, n)).astype(np.uint64)
    f32 = np.float32
    return WordSample(word, keys, embeddings.astype(f32), role.astype(f32), rows, snippets.astype(f32))


def repeated(sample, n):
    """One sentence of a word, `n` times."""
    first = (np.repeat(getattr(sample, name)[:1], n, 0) for name in ("keys", "embeddings", "role"))
    return WordSample(sample.word, *first, np.zeros(0, np.int64), sample.snippet_embeddings[:0])


class PlantedFeatures:
    """What `tasks.training.features.Features` gives, of planted words."""

    width = WIDTH

    def __init__(self, samples):
        self._samples = {sample.word: sample for sample in samples}
        self.words = sorted(self._samples)
        self.keys = np.concatenate([self._samples[word].keys for word in self.words])
        self.role = np.concatenate([self._samples[word].role for word in self.words])

    def count(self, word):
        return len(self._samples[word].keys)

    def sample(self, word):
        return self._samples[word]


def planted_parent(folder: Path, layers, ledger=None, dims=4) -> Parent:
    """A release 1 with a layer for each word of `layers` (word -> (D, d)), without encoder."""
    stack = BundleLayout(folder).stack
    create_stack(stack, WIDTH, dims)
    vocabulary, ids = Vocabulary.empty(dims, capacity=200).apply({word: [word] for word in layers})
    for word in sorted(layers, key=ids.get):
        append_rows(stack, ids[word], np.asarray(layers[word], np.float32)[None])
    (folder / "config.json").write_text(json.dumps({"hidden_size": WIDTH}))
    facts = BundleFacts(str(folder), "0" * 64, dims, WIDTH)
    return Parent(folder, 1, facts, vocabulary, ledger or Ledger())
