"""Whatever people paste: our vectors are FastEmbed's, cell for cell and in the same order."""

import random
import sys
import unicodedata

import numpy as np
import pytest
from fastembed import SparseTextEmbedding
from hypothesis import HealthCheck, example, given, settings, strategies as st

from minicoil.sparse.model import MiniCoil

pytestmark = pytest.mark.filterwarnings("ignore")  # of FastEmbed's and ONNX's making
TOLERANCE = 2e-6
BLOCK = 256  # code points; the blocks of the standard are multiples of 16, and most of 256

known = st.sampled_from(["pods", "Nodes", "kernel", "RUNNING", "java", "universities", "university", "cells"])
anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
glue = st.sampled_from(
    [
        *("\u2122", "\u00ae", "\u00a9", "\u00b0", "\u20ac", "^", "|", "=", "+", "~", "$", "<", "`"),  # symbols
        *("\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u180e"),  # invisible
        *("\u0301", "\u0336", "\u20dd", "\ufe0f", "\u0e31", "\u0651"),  # combining
        *("\u202e", "\u202c", "\u200f", "\u061c"),  # direction
        *("-", "_", "/", ".", "'", "##", "\x00", "\x1b", "\u3000", "\u2028", "\n"),
    ]
)
odd = st.sampled_from(
    [
        *("\u65e5\u672c\u8a9e", "\ud55c\uad6d\uc5b4", "\u4e2d\u6587", "\U00020000"),
        *("\U0001f408", "\U0001f469\u200d\U0001f4bb", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea"),
        *("\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0e44\u0e17\u0e22"),
        *("caf\u00e9", "cafe\u0301", "na\u00efve", "\ufb01ne", "\uff30\uff2f\uff24", "\u0130stanbul", "stra\u00dfe"),
        *("the", "of", "and", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "[PAD]", "##s", "x" * 101, "x" * 41),
    ]
)
joined = st.builds(lambda one, mark, other: one + mark + other, known | odd, glue, known | anything | st.just(""))
texts = st.builds(
    lambda words, space: space.join(words),
    st.lists(known | odd | joined | anything, max_size=14),
    st.sampled_from(" \n\t"),
)


@pytest.fixture(scope="module")
def both(bundle):
    theirs = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=str(bundle), avg_len=9.0, threads=1)
    return theirs, MiniCoil.load(bundle, avg_len=9.0, threads=1)


def hold_equal(both, batch):
    theirs, ours = both
    for kind in ("embed", "query_embed"):
        expected = list(getattr(theirs, kind)(batch, batch_size=16))
        for text, one, other in zip(batch, expected, getattr(ours, kind)(batch), strict=True):
            assert other.indices.tolist() == one.indices.tolist(), (kind, text[:200])
            np.testing.assert_allclose(other.values, one.values, atol=TOLERANCE, err_msg=f"{kind} {text[:200]!r}")
            assert other.indices.dtype == one.indices.dtype and other.values.dtype == one.values.dtype


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(texts, min_size=1, max_size=8))
@example(["", " ", "\x00", "the of and", "\u00ad", "\u200b\u200d", "\U0001f408", "."])
@example(["x" * 100_000, "pods " + "\u00e9" * 100_000 + " nodes", "pods\u2122" * 25_000])
@example(["\u65e5" * 3000 + " pods", "pods\u00ad" * 300, "pods nodes " * 400])
def test_any_text_gives_fastembeds_vectors(both, batch):
    hold_equal(both, batch)


def test_characters_of_every_block_give_fastembeds_vectors(both):
    rng = random.Random(3)
    batch = []
    for start in range(0, sys.maxunicode + 1, BLOCK):
        block = [chr(code) for code in range(start, start + BLOCK)]
        assigned = [c for c in block if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
        if not assigned:
            continue
        some = rng.sample(assigned, min(len(assigned), 10))
        batch.append(
            f"pods {some[0]}node{some[-1]} cell{some[0]}kernel " + "".join(some[:5]) + " " + " ".join(some[5:])
        )
    batch += ["\ue000pods\uf8ff nodes \U000f0000", "\ufffe pods\uffff"]  # private use, and what is no character
    assert len(batch) > 300
    hold_equal(both, batch)
