"""Training features: each sentence encoded once for all of its words, in this run and in the next."""

from dataclasses import replace

import numpy as np
import pytest

from minicoil.config import SamplingConfig
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.files.layout import BundleLayout
from minicoil.text.sentences import sentence_key
from minicoil.text.tokens import WordTokenizer
from tasks.models.sentence_encoder import Encoders
from tasks.qdrant import open_points
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.training.features import encode_features

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
FORMS = {"pod": ["pod", "pods"], "node": ["node", "nodes"], "kernel": ["kernel"]}
TEXTS = [
    f"{a} pod number {i} runs beside {b} pods on a node of the kernel {c}" if i % 3 else f"{a} node {i} fails {c}"
    for i, (a, b, c) in enumerate(
        (a, b, c) for a in ("one", "another", "some") for b in ("three", "few") for c in ("today", "again", "here")
    )
]


class CountingEncoder(TokenEncoder):
    """Counts the texts it is given."""

    n_texts = 0

    def encode(self, texts):
        self.n_texts += len(texts)
        yield from super().encode(texts)


@pytest.fixture(scope="module")
def encoders(empty_bundle):
    layout = BundleLayout(empty_bundle)
    return Encoders(WordTokenizer.from_folder(empty_bundle), CountingEncoder(layout.encoder, threads=1), digest="d")


@pytest.fixture
def store(tmp_path):
    with open_points(tmp_path / "points") as points:
        yield SentenceStore(points, 384)


def run(store, encoders, texts, folder, **sampling):
    """Features of `texts`, and how many texts were encoded for them."""
    store.add([Sentence(sentence_key(text), text, "doc") for text in texts])
    chosen = {w: np.sort(np.asarray(store.sample(forms, 1000), np.uint64)) for w, forms in FORMS.items()}
    before = encoders.encoder.n_texts
    features = encode_features(store, encoders, FORMS, chosen, SamplingConfig(**sampling), folder)
    return features, encoders.encoder.n_texts - before


def samples_equal(one, other, atol=0.0):
    for word in FORMS:
        a, b = one.sample(word), other.sample(word)
        np.testing.assert_array_equal(a.keys, b.keys)
        np.testing.assert_allclose(a.embeddings, b.embeddings, atol=atol)
        np.testing.assert_allclose(a.role, b.role, atol=atol)
        np.testing.assert_array_equal(a.snippet_rows, b.snippet_rows)
        np.testing.assert_allclose(a.snippet_embeddings, b.snippet_embeddings, atol=atol)


def test_each_sentence_passes_once_for_all_words_and_for_the_role_model(store, encoders, empty_bundle, tmp_path):
    features, n_encoded = run(store, encoders, TEXTS, tmp_path / "f", max_snippets=0)
    assert n_encoded == len(TEXTS)  # though most hold three words, and the role vector comes of the same pass
    sample = features.sample("pod")
    assert sample.embeddings.dtype == np.float32 and sample.embeddings.shape == (12, 384)
    vectors = store.vectors([int(key) for key in sample.keys])
    np.testing.assert_allclose([vectors[int(key)] for key in sample.keys], sample.role, atol=1e-6)
    text = next(text for text in TEXTS if sentence_key(text) == int(sample.keys[0]))
    (tokens,) = encoders.tokenizer.tokenize([text])
    (batch,) = TokenEncoder(BundleLayout(empty_bundle).encoder, threads=1).encode([tokens])
    places = [p for p, token in enumerate(tokens.tokens) if token in ("pod", "pods")]
    expected = batch.embeddings[0][np.isin(tokens.positions, places)].mean(axis=0)
    np.testing.assert_allclose(sample.embeddings[0], expected, atol=2e-3)  # float16 twice


def test_a_grown_corpus_costs_its_new_sentences_only_and_gives_the_same_features(store, encoders, tmp_path):
    cached = replace(encoders, cache=tmp_path / "cache")
    _, first = run(store, cached, TEXTS[:12], tmp_path / "one", max_snippets=0)
    _, again = run(store, cached, TEXTS[:12], tmp_path / "two", max_snippets=0)
    grown, new = run(store, cached, TEXTS, tmp_path / "three", max_snippets=0)
    assert (first, again, new) == (12, 0, len(TEXTS) - 12)
    anew, everything = run(store, encoders, TEXTS, tmp_path / "four", max_snippets=0)
    assert everything == len(TEXTS)
    samples_equal(grown, anew, atol=2e-3)  # the company in a batch changes the last bits


def test_snippets_are_capped_and_those_of_a_sentence_stay_when_others_come(store, encoders, tmp_path):
    cached = replace(encoders, cache=tmp_path / "cache")
    before, first = run(store, cached, TEXTS[:12], tmp_path / "one", max_snippets=1000)
    after, new = run(store, cached, TEXTS, tmp_path / "two", max_snippets=1000)
    assert 0 < new < first
    for word in FORMS:
        one, other = before.sample(word), after.sample(word)
        kept = {
            int(other.keys[row]): vector
            for row, vector in zip(other.snippet_rows, other.snippet_embeddings, strict=True)
        }
        for row, vector in zip(one.snippet_rows, one.snippet_embeddings, strict=True):
            np.testing.assert_array_equal(kept[int(one.keys[row])], vector)
    capped, _ = run(store, cached, TEXTS, tmp_path / "three", max_snippets=2)
    assert [len(capped.sample(word).snippet_rows) for word in FORMS] == [2, 2, 2]


def test_words_that_never_occur_give_empty_features(store, encoders, tmp_path):
    store.add([Sentence(1, "nothing of the kind", "doc")])
    chosen = {"zzyzx": np.zeros(0, np.uint64)}
    features = encode_features(store, encoders, {"zzyzx": []}, chosen, SamplingConfig(), tmp_path / "f")
    assert features.count("zzyzx") == 0
    assert features.sample("zzyzx").embeddings.shape == (0, 384)
