"""The step between a parent and its extension, against a release that was really made with the new words alone."""

import numpy as np
import pytest

from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.retrieval.evaluation import (
    BM25,
    NEW_WORDS,
    PARENT,
    RELEASE,
    encode_documents,
    encode_queries,
    judge,
    memory_search,
    rank,
    ranked_names,
)
from minicoil.retrieval.extension_steps import split_extension
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.sparse.model import MiniCoil

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making

TEXTS = [
    "pods and nodes of a quantum kernel",
    "nodes alone on the bank of a river",
    "quantum cells in pods spin",
    "a kernel without any of them",
    "the pool of pods, pods, pods",
]


def layer(seed):
    return np.random.default_rng(seed).normal(scale=0.4, size=(384, 4)).astype(np.float32)


def derive(bundle, target, add, retrain):
    """A release grown from `bundle`; a word's layer depends on its name alone."""
    _, old = check_bundle(bundle)
    vocabulary, fresh = old.apply({word: [] for word in add}, retrain=retrain)
    derive_bundle(bundle, target, vocabulary, {i: layer(sum(map(ord, word))) for word, i in fresh.items()})
    return MiniCoil.load(target, avg_len=5.0)


@pytest.fixture(scope="module")
def models(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("steps")
    new = ["quantum", "spin"]
    whole = derive(bundle, folder / "whole", new, ["pod", "kernel"])
    return MiniCoil.load(bundle, avg_len=5.0), derive(bundle, folder / "new", new, []), whole


def test_new_words_alone_rank_as_a_release_that_has_nothing_else(models):
    parent, alone, whole = models
    steps = split_extension(parent.vocabulary, whole.vocabulary, whole.stack)
    assert (steps.n_new, steps.n_retrained) == (2, 2)
    documents = encode_documents(TEXTS, whole, parent, True, steps)
    for ours, theirs in zip(documents[NEW_WORDS], alone.embed(TEXTS), strict=True):
        np.testing.assert_allclose(np.sort(ours.values), np.sort(theirs.values), atol=2e-6)
    for system, model in ((RELEASE, whole), (PARENT, parent)):
        for ours, theirs in zip(documents[system], model.embed(TEXTS), strict=True):
            assert ours.indices.tolist() == theirs.indices.tolist()
            np.testing.assert_allclose(ours.values, theirs.values, atol=2e-6)
    data = RetrievalSet(
        "set",
        "judged",
        {f"d{i}": text for i, text in enumerate(TEXTS)},
        {"q": "quantum spin of pods in a kernel"},
        {"q": {"d2": 1}},
    )
    queries = encode_queries(data, whole, parent, steps)
    made = encode_queries(data, alone, parent)
    np.testing.assert_allclose(
        np.sort(queries.vectors[NEW_WORDS][0].values), np.sort(made.vectors[RELEASE][0].values), atol=2e-6
    )
    runs = rank(data, queries, memory_search(data, documents))
    expected = rank(data, made, memory_search(data, {RELEASE: list(alone.embed(TEXTS)), BM25: [], PARENT: []}))
    assert ranked_names(runs[NEW_WORDS]) == ranked_names(expected[RELEASE])
    result = judge(data, queries, runs, {}, steps=steps)
    assert [step.name for step in result.steps] == ["parent", "+ 2 new words", "+ 2 retrained words"]
    ndcg = [result.means[BM25]["ndcg@10"], *(step.ndcg for step in result.steps)]
    assert [step.gain.mean for step in result.steps] == pytest.approx(np.diff(ndcg).tolist())
