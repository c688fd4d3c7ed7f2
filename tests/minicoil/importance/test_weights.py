"""Weights of mean 1, bounded, growing with z; a file that holds all that decides them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minicoil.encoder.pooled_words import PooledWords
from minicoil.errors import BundleError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.importance.document_words import FEATURES, DocumentWords
from minicoil.importance.weights import Importance, open_importance

WIDTH = 5
seeds, sizes = st.integers(0, 2**32 - 1), st.integers(1, 30)
scales, betas = st.sampled_from([0.0, 0.1, 1.0, 50.0]), st.floats(0, 1)


def drawn(seed, n_words, scale):
    """Inputs of a text, and a vector."""
    rng = np.random.default_rng(seed)
    width = WIDTH + len(FEATURES)
    return rng.normal(size=(n_words, width)).astype(np.float32), rng.normal(scale=scale, size=width).astype(np.float32)


def words_of(inputs):
    stems = tuple(f"w{i}" for i in range(len(inputs)))
    return DocumentWords(stems, {}, np.ones(len(inputs), np.int64), inputs)


def random_entry(rng, tokens):
    n = len(tokens)
    sums = rng.normal(size=(n, WIDTH)).astype(np.float32)
    ones = np.ones(n, np.int32)
    return PooledWords(tuple(tokens), ones, ones, np.arange(1, n + 1, dtype=np.int32), sums, np.zeros(0, np.float32))


@given(seeds, sizes, scales, betas)
def test_the_mean_weight_of_a_document_is_one_and_no_weight_leaves_its_bounds(seed, n_words, scale, beta):
    inputs, vector = drawn(seed, n_words, scale)
    weights = Importance(vector, beta).weigh_words(words_of(inputs))
    assert weights.mean() == pytest.approx(1)
    assert (weights >= np.exp(-4 * beta) - 1e-9).all() and (weights <= np.exp(4 * beta) + 1e-9).all()


@given(seeds, sizes, scales, betas)
def test_a_word_of_larger_z_never_weighs_less(seed, n_words, scale, beta):
    inputs, vector = drawn(seed, n_words, scale)
    importance = Importance(vector, beta)
    order = np.argsort(importance.scores(inputs), kind="stable")
    assert (np.diff(importance.weigh_words(words_of(inputs))[order]) >= -1e-12).all()


@given(seeds, sizes, scales)
def test_beta_nought_is_plain_bm25(seed, n_words, scale):
    inputs, vector = drawn(seed, n_words, scale)
    assert (Importance(vector, 0.0).weigh_words(words_of(inputs)) == 1).all()


def test_a_text_of_one_word_or_of_none_is_plain_bm25():
    importance = Importance(np.full(WIDTH + len(FEATURES), 3.0, np.float32), 1.0)
    rng = np.random.default_rng(1)
    assert importance.weigh(random_entry(rng, ["pod", "the"]), 4) == {"pod": 1.0}
    assert importance.weigh(random_entry(rng, ["the"]), 3) == {}
    assert importance.weigh(random_entry(rng, []), 2) == {}


def test_forms_of_one_stem_have_one_weight():
    importance = Importance(np.arange(WIDTH + len(FEATURES), dtype=np.float32), 1.0)
    weights = importance.weigh(random_entry(np.random.default_rng(2), ["pod", "nodes", "pods", "runs"]), 6)
    assert weights["pod"] == weights["pods"] != weights["nodes"]


def test_a_file_gives_the_same_weights_and_digest_back(tmp_path):
    vector = np.random.default_rng(3).normal(size=WIDTH + len(FEATURES)).astype(np.float32)
    importance = Importance(vector, 0.5)
    path = BundleLayout(tmp_path).importance
    importance.write(path)
    found = open_importance(tmp_path, importance.digest)
    assert found.vector.tobytes() == vector.tobytes() and found.beta == 0.5 and found.width == WIDTH
    assert found.digest == importance.digest != Importance(vector, 0.25).digest


def test_a_folder_without_the_file_or_with_another_one_is_refused_in_one_line(tmp_path):
    importance = Importance(np.ones(WIDTH + len(FEATURES), np.float32), 0.5)
    with pytest.raises(BundleError, match="carries no importance.*serve a release that grew from") as refused:
        open_importance(tmp_path, importance.digest)
    assert "\n" not in str(refused.value)
    importance.write(BundleLayout(tmp_path).importance)
    with pytest.raises(BundleError, match=f"carries importance {importance.digest[:12]}"):
        open_importance(tmp_path, "0" * 64)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 1, "beta": 2, "features": [], "vector": [1, 2, 3, 4]}',
        '{"version": 1, "beta": 0.5, "features": ["ln tf", "first place", "ln pieces"], "vector": [1]}',
        '{"version": 1, "beta": 0.5, "features": ["ln tf", "first place", "ln pieces"], "vector": [1, 2, 3, NaN]}',
        '{"version": 1, "beta": 0.5, "features": ["ln tf", "first place", "ln pieces"], "vector": [1, 2, 3, 1e200]}',
        '{"version": 1, "beta": 0.5, "features": ["ln tf", "first place", "ln pieces"], "vector": "1234"}',
        '{"version": 2, "beta": 0.5, "features": ["ln tf", "first place", "ln pieces"], "vector": [1, 2, 3, 4]}',
        '{"beta": 0.5, "version": 1, "features": ["ln tf", "first place", "ln pieces"], "vector": [1, 2, 3, 4]}',
        '{"version": 1, "beta": 0.5, "features": ["ln tf"], "vector": [1, 2, 3, 4]}',
    ],
)
def test_a_damaged_or_newer_file_is_one_clear_error(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(BundleError, match="file.json"):
        Importance.read(path)


def test_a_vector_that_is_none_is_refused():
    with pytest.raises(UsageError, match="beta"):
        Importance(np.ones(9, np.float32), 1.5)
    with pytest.raises(UsageError, match="finite"):
        Importance(np.full(9, np.nan, np.float32), 0.5)


def test_embeddings_that_are_none_are_told():
    importance = Importance(np.ones(WIDTH + len(FEATURES), np.float32), 0.5)
    inputs = np.full((2, WIDTH + len(FEATURES)), np.nan, np.float32)
    with pytest.raises(BundleError, match="encoder gives numbers that are none"):
        importance.weigh_words(words_of(inputs))
