"""Threads, processes, dense vectors and bad input: the same vectors whichever way they are asked for."""

import asyncio
import os
import signal

import numpy as np
import pytest

from minicoil.encoder.token_encoder import TokenEncoder, pool_words
from minicoil.errors import BundleError, DocumentError, EncoderError, NotTextError
from minicoil.sparse.model import MiniCoil

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making

TEXTS = [f"pods and nodes number {i} " + "kernel of a matrix " * (i % 7) for i in range(60)]


def cells(vectors):
    return [(vector.indices.tolist(), vector.values.tolist()) for vector in vectors]


@pytest.fixture(scope="module")
def model(bundle):
    return MiniCoil.load(bundle, avg_len=20.0, threads=1)


@pytest.mark.parametrize("kind", ["embed", "query_embed"])
def test_threads_processes_and_small_windows_give_the_same_vectors(model, bundle, kind):
    expected = cells(getattr(model, kind)(TEXTS))
    threaded = MiniCoil.load(bundle, avg_len=20.0, threads=3)
    threaded.encoder.tokens_per_batch = 128
    assert len(set(map(len, [indices for indices, _ in expected]))) > 1
    for other in (
        getattr(threaded, kind)(TEXTS),
        getattr(model, kind)(iter(TEXTS), batch_size=7),
        getattr(model, kind)(iter(TEXTS), batch_size=16, parallel=2),
    ):
        found = cells(other)
        assert [indices for indices, _ in found] == [indices for indices, _ in expected]
        for (_, values), (_, wanted) in zip(found, expected, strict=True):
            np.testing.assert_allclose(values, wanted, atol=2e-6)


def test_one_window_needs_no_process(model, monkeypatch):
    monkeypatch.setattr("minicoil.sparse.workers.ProcessPoolExecutor", None)
    assert cells(model.embed(TEXTS, parallel=2)) == cells(model.embed(TEXTS))


def test_a_process_a_core_is_as_many_as_cores_and_memory_allow(model, monkeypatch):
    asked = []
    monkeypatch.setattr("minicoil.sparse.model.processes", lambda bytes_each: 5)
    monkeypatch.setattr(
        "minicoil.sparse.model.encode_in_processes", lambda *arguments: asked.append(arguments[3]) or iter(())
    )
    assert list(model.embed(TEXTS, parallel=0)) == list(model.embed(TEXTS, parallel=3)) == []
    assert asked == [5, 3]


def test_a_killed_process_is_one_clear_error(model, monkeypatch):
    def killing():
        import multiprocessing

        for number, text in enumerate(TEXTS * 4):
            if number == 64:
                for child in multiprocessing.active_children():
                    os.kill(child.pid, signal.SIGKILL)
            yield text

    with pytest.raises(EncoderError, match="died"):
        list(model.embed(killing(), batch_size=16, parallel=2))


def test_the_dense_vector_is_sentence_transformers_own(model, encoder_folder):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(encoder_folder))
    theirs.max_seq_length = 512  # the model's real limit; MiniLM's card stops at 256
    texts = [*TEXTS[:8], "", "nothing known here", "pods " * 700, "caf\u00e9 \u65e5\u672c\u8a9e \U0001f408"]
    found = list(model.embed_hybrid(texts))
    np.testing.assert_allclose(
        np.stack([vector.dense for vector in found]), theirs.encode(texts, normalize_embeddings=True), atol=2e-6
    )
    assert cells(vector.sparse for vector in found) == cells(model.embed(texts))
    queries = list(model.query_embed_hybrid(texts[:3]))
    assert cells(vector.sparse for vector in queries) == cells(model.query_embed(texts[:3]))
    np.testing.assert_allclose(queries[1].dense, found[1].dense, atol=2e-6)


def test_dense_vectors_cross_processes_too(model):
    one = np.stack([vector.dense for vector in model.embed_hybrid(TEXTS)])
    other = np.stack([vector.dense for vector in model.embed_hybrid(TEXTS, batch_size=16, parallel=2)])
    np.testing.assert_allclose(one, other, atol=2e-6)


def test_an_encoder_that_does_not_pool_by_mean_gives_no_dense_vector(bundle, tmp_path):
    import json
    import shutil

    shutil.copytree(bundle, tmp_path / "cls")
    facts = json.loads((bundle / "minicoil.json").read_text())
    (tmp_path / "cls" / "minicoil.json").write_text(json.dumps({**facts, "pooling": "other"}))
    with pytest.raises(EncoderError, match="mean"):
        list(MiniCoil.load(tmp_path / "cls").embed_hybrid("pods"))


@pytest.mark.parametrize("parallel", [None, 2])
@pytest.mark.parametrize("position", [0, 5, 40])
def test_a_source_that_raises_is_named_by_position_after_everything_before_was_answered(model, position, parallel):
    def source():
        yield from TEXTS[:position]
        raise OSError("the disk is gone")

    answered = []
    with pytest.raises(DocumentError, match=f"OSError at document {position}: the disk is gone") as caught:
        for vector in model.embed(source(), batch_size=16, parallel=parallel):
            answered.append(vector)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.facts["position"] == position
    assert [indices for indices, _ in cells(answered)] == [i for i, _ in cells(model.embed(TEXTS[:position]))]


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["pods", 7], "document 1 is int"),
        (["pods", None], "document 1 is NoneType"),
        (["pods", b"nodes"], "document 1 is bytes"),
        (["pods", "nodes", "a\ud800b"], "document 2 holds a lone surrogate at character 1"),
        (7, "documents are int"),
    ],
)
def test_what_is_no_text_is_named_by_position(model, documents, message):
    answered = []
    with pytest.raises(NotTextError, match=message):
        for vector in model.embed(documents):
            answered.append(vector)
    assert len(answered) == (len(documents) - 1 if isinstance(documents, list) else 0)
    assert issubclass(NotTextError, TypeError)


def test_a_long_source_is_read_no_further_than_a_window_ahead(model):
    taken = []

    def endless():
        number = 0
        while True:
            taken.append(number)
            yield f"pods {number}"
            number += 1

    vectors = model.embed(endless(), batch_size=32)
    assert len(next(vectors).indices) > 4
    assert len(taken) == 32
    vectors.close()


def test_nothing_in_gives_nothing_out(model):
    assert list(model.embed([])) == []
    assert list(model.embed(iter(()), parallel=2)) == []
    assert list(model.embed_hybrid([])) == []


def test_it_works_inside_a_running_event_loop(model):
    async def notebook():
        return cells(model.embed(TEXTS[:3])), cells(model.embed(TEXTS, batch_size=16, parallel=2))

    here, processes = asyncio.run(notebook())
    assert here == cells(model.embed(TEXTS[:3]))
    assert len(processes) == len(TEXTS)


def test_vectors_convert_as_fastembeds_do(model):
    from qdrant_client import models

    (vector,) = model.embed("pods and nodes")
    sparse = models.SparseVector(**{name: values.tolist() for name, values in vector.as_object().items()})
    assert dict(zip(sparse.indices, sparse.values, strict=True)) == vector.as_dict()


def test_a_folder_that_is_no_bundle_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"is not a miniCOIL model: .*model\.onnx"):
        MiniCoil.load(tmp_path)


def test_a_failing_pass_stops_the_others(model, monkeypatch):
    encoder = TokenEncoder(model.layout.encoder, threads=2, tokens_per_batch=32)

    def fail(ids, mask):
        raise RuntimeError("no memory")

    monkeypatch.setattr(encoder, "_forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        list(encoder.encode(model.tokenizer.tokenize(TEXTS)))


def test_words_pool_to_the_mean_of_their_pieces():
    embeddings = np.array([[1.0], [2.0], [4.0], [9.0]], dtype=np.float32)
    slots = np.array([1, 0, 1, 1])
    np.testing.assert_allclose(pool_words(embeddings, slots, 2), [[2.0], [14 / 3]], rtol=1e-6)
    assert pool_words(embeddings[:0], slots[:0], 0).shape == (0, 1)
