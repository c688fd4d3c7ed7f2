"""One model, four implementations: numpy, the fused graph, the head graph and FastEmbed must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from minicoil.encoder import PARITY, cores, encoding_for
from minicoil.errors import ParityError
from minicoil.files import BundleLayout
from minicoil.sparse.cells import count_words, normalise
from minicoil.sparse.model import MiniCoil

# Against FastEmbed on the same ONNX file. One unit in the last place (1e-7) was measured; ONNX Runtime may sum in
# another order on another CPU or batch size, and a wrong cell, layer or length is off by a thousand times that.
VALUE_TOLERANCE = 5e-6
GRAPH_TOLERANCE = 1e-5  # the fused graph pools inside ONNX Runtime
# ordinary and odd, so that a release is never published untried on what users really send
PROBES = (
    "A pod is the smallest unit that can be scheduled on a node.",
    "The kernel of the matrix, the kernel of the system: two kernels.",
    "",
    "the of and",
    "caf\u00e9 na\u00efve soft\u00adhyphen zero\u200bwidth",
    "pod\u2122 node\u00ae 90\u00b0 \u65e5\u672c\u8a9e \U0001f408 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\x00nul " + "x" * 300,
    "running runs ran runner " * 200,
)


@dataclass(frozen=True)
class ParityReport:
    """Largest absolute differences of values seen; None where an implementation was not asked."""

    n_texts: int
    fused: float | None
    head: float
    fastembed: float | None


def check_parity(folder: Path, texts: Sequence[str], with_fastembed: bool = True) -> ParityReport:
    """Compare the implementations on `texts` and a few built-in odd ones.

    Raises:
        ParityError: two of them disagree by more than the tolerance, or in a single index; names the text.
    """
    texts = [*PROBES, *texts]
    model = MiniCoil.load(folder)
    with encoding_for(PARITY):
        fastembed = _against_fastembed(model, folder, texts) if with_fastembed else None
        fused, head = _against_graphs(model, texts)
    return ParityReport(len(texts), fused, head, fastembed)


def _against_fastembed(model: MiniCoil, folder: Path, texts: Sequence[str]) -> float:
    from fastembed import SparseTextEmbedding

    theirs = SparseTextEmbedding(
        "Qdrant/minicoil-v1", specific_model_path=str(folder), avg_len=model.bm25.avg_len, threads=cores()
    )
    worst = 0.0
    pairs = (
        ("document", theirs.embed(texts, batch_size=4), model.embed(texts)),
        ("query", theirs.query_embed(texts, batch_size=4), model.query_embed(texts)),
    )
    for kind, expected, found in pairs:
        for text, one, other in zip(texts, expected, found, strict=True):
            if one.indices.tolist() != other.indices.tolist():
                raise ParityError(
                    f"FastEmbed gives other cells for the {kind} {text[:80]!r}; the release is not published"
                )
            gap = float(np.abs(one.values - other.values).max(initial=0.0))
            _hold(gap, VALUE_TOLERANCE, f"FastEmbed, {kind}", text)
            worst = max(worst, gap)
    return worst


def _against_graphs(model: MiniCoil, texts: Sequence[str]) -> tuple[float | None, float]:
    layout = BundleLayout(model.layout.folder)
    paths = {"head graph": layout.head, "fused graph": layout.fused}
    options = ort.SessionOptions()
    options.intra_op_num_threads = cores()
    sessions = {name: ort.InferenceSession(str(path), options) for name, path in paths.items() if path.exists()}
    worst = dict.fromkeys(sessions, 0.0)
    for text, tokenized in zip(texts, model.tokenizer.tokenize(texts), strict=True):
        bag = count_words(tokenized.tokens, model.vocabulary)
        if not bag.word_ids:
            continue
        order = {word_id: slot for slot, word_id in enumerate(bag.word_ids)}
        slots = [order.get(model.vocabulary.resolve(token), len(order)) for token in tokenized.tokens]
        token_slot = np.asarray(slots, dtype=np.int64)[tokenized.positions][None, :]
        shared = {"token_slot": token_slot, "word_ids": np.asarray(bag.word_ids, dtype=np.int64)}
        (batch,) = model.encoder.encode([tokenized])
        expected = _meanings(model, batch.embeddings[0], token_slot[0], bag.word_ids)
        ids = tokenized.ids[None, :]
        feeds: dict[str, dict[str, NDArray[Any]]] = {
            "head graph": {"token_embeddings": batch.embeddings},
            "fused graph": {"input_ids": ids, "attention_mask": np.ones_like(ids)},
        }
        for name, session in sessions.items():
            (found,) = session.run(None, {**feeds[name], **shared})
            gap = float(np.abs(found - expected).max())
            _hold(gap, GRAPH_TOLERANCE, name, text)
            worst[name] = max(worst[name], gap)
    return worst.get("fused graph"), worst["head graph"]


def _meanings(
    model: MiniCoil, embeddings: NDArray[np.float32], slots: NDArray[np.int64], ids: Sequence[int]
) -> NDArray[np.float32]:
    """(n, d) unit meanings by the formula as it is written, one word at a time."""
    means = np.stack([embeddings[slots == slot].mean(axis=0) for slot in range(len(ids))])
    return normalise(np.stack([np.tanh(mean @ model.stack[i]) for mean, i in zip(means, ids, strict=True)]))


def _hold(gap: float, tolerance: float, name: str, text: str) -> None:
    if not gap <= tolerance:  # written so that NaN fails
        raise ParityError(f"{name} differs by {gap:.2e} on {text[:80]!r}; {tolerance:.0e} is allowed; not published")
