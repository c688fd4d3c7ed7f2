"""Does training notice how its features are kept? Layers from float32, float16 and bfloat16, judged on float32.

A layer serves float32 embeddings of the ONNX encoder, so every layer is measured on those: held-out ordering accuracy
on the same triplets. Writes docs/benchmarks/feature_precision.json.
"""

import json

import numpy as np
import pytest
from results_file import keep_figures

from minicoil.config import SamplingConfig, TrainingConfig, TripletConfig
from minicoil.encoder.content_words import pool_content
from minicoil.encoder.token_encoder import TokenEncoder, pool_sentences, pool_words
from minicoil.encoder.torch_encoder import TorchTokenEncoder
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle
from minicoil.text.sentences import sentence_key
from minicoil.text.stemming import stem
from minicoil.text.tokens import WordTokenizer
from minicoil.training.occurrences import WordSample
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trainer import train_words
from minicoil.training.validation import apply_layer, measure

pytestmark = [pytest.mark.benchmark, pytest.mark.shared, pytest.mark.timeout(1800)]
WORDS = ("state", "set", "run", "point", "table", "field", "group", "order", "turn", "light", "head", "hand", "node")
MAX_SENTENCES = 400
ALLOWED_LOSS = 0.005  # a standard error of a word's accuracy is about .01


def read_texts(shared_data):
    """Word -> sentences with one of its forms, of documentation and general English alike."""
    found = {stem(word): {} for word in WORDS}
    forms = {form: stem(word) for word in WORDS for form in (word, word + "s")}
    for path in sorted(shared_data.rglob("sentences.jsonl")):
        with path.open() as file:
            for line in file:
                text = json.loads(line)["text"]
                for word in {forms[token] for token in text.lower().split() if token in forms}:
                    if len(text) < 400:
                        found[word][sentence_key(text)] = text
    return {w: {k: texts[k] for k in sorted(texts)[:MAX_SENTENCES]} for w, texts in found.items()}


def encode(encoder, tokenizer, texts, word):
    """Mean embedding of the word in each text, at full precision and as the cache keeps it; sentence vectors."""
    tokenized = tokenizer.tokenize(list(texts.values()))
    full, kept, role = ({} for _ in range(3))
    for batch in encoder.encode(tokenized):
        some = [tokenized[place] for place in batch.places]
        pooled = pool_sentences(batch)
        for row, (place, text, words) in enumerate(
            zip(batch.places.tolist(), some, pool_content(batch, some, pooled), strict=True)
        ):
            pieces = np.flatnonzero([stem(text.tokens[position]) == word for position in text.positions])
            mine = words.by_number(lambda token: int(stem(token) == word), {1})
            if len(pieces) and mine:
                full[place] = pool_words(batch.embeddings[row, pieces], np.zeros(len(pieces), np.int64), 1)[0]
                kept[place], role[place] = mine[1], pooled[row]
    return full, kept, role


def make_sample(word, texts, embeddings, role):
    places = sorted(embeddings)
    keys = np.asarray(list(texts), dtype=np.uint64)[places]
    rows = np.stack([embeddings[place] for place in places])
    nothing = np.zeros(0, np.int64), np.zeros((0, rows.shape[1]), np.float32)
    return WordSample(word, keys, rows, np.stack([role[place] for place in places]), *nothing)


def test_training_does_not_notice_how_features_are_kept(shared_data, encoder_folder, tmp_path):
    create_empty_bundle(encoder_folder, tmp_path / "empty")
    tokenizer = WordTokenizer.from_folder(tmp_path / "empty")
    onnx = TokenEncoder(BundleLayout(tmp_path / "empty").encoder)
    bfloat = TorchTokenEncoder(encoder_folder)
    samples = {"float32": [], "float16": [], "bfloat16 kept as float16": []}
    for word, texts in read_texts(shared_data).items():
        full, kept, role = encode(onnx, tokenizer, texts, word)
        _, half, half_role = encode(bfloat, tokenizer, texts, word)
        samples["float32"].append(make_sample(word, texts, full, role))
        samples["float16"].append(make_sample(word, texts, kept, role))
        samples["bfloat16 kept as float16"].append(make_sample(word, texts, half, half_role))
    exact = samples["float32"]
    rows = {}
    for name, some in samples.items():
        components = principal_components(
            np.concatenate([sample.role for sample in some]), TrainingConfig.role_components
        )
        prior = collect_prior(some, components)
        trained = train_words(some, prior, TrainingConfig(), SamplingConfig(), TripletConfig())
        rows[name] = {"weights": [outcome.weights for outcome in trained], "tests": [o.test for o in trained]}
    accuracy = {
        name: [
            measure(apply_layer(sample.embeddings, weights), test, 1).ordering
            for sample, weights, test in zip(exact, row["weights"], rows["float32"]["tests"], strict=True)
        ]
        for name, row in rows.items()
    }
    means = {name: float(np.mean(values)) for name, values in accuracy.items()}
    report = {
        "words": [sample.word for sample in exact],
        "sentences_a_word": [len(sample.keys) for sample in exact],
        "held_out_ordering_accuracy_on_float32": {name: round(value, 4) for name, value in means.items()},
        "by_word": {name: [round(value, 4) for value in values] for name, values in accuracy.items()},
    }
    keep_figures("feature_precision", report)
    print("\n" + json.dumps(report, indent=1))
    assert min(len(sample.keys) for sample in exact) >= 100 and means["float32"] > 0.6
    for value in means.values():
        assert value >= means["float32"] - ALLOWED_LOSS
