"""Our encoder gives FastEmbed's answers: same cells in the same order, values equal but for rounding."""

import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
from fastembed import SparseTextEmbedding

import minicoil
from minicoil.encoder.export import write_tokenizer_files
from minicoil.errors import EncoderError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.parity import VALUE_TOLERANCE, check_parity

pytestmark = pytest.mark.filterwarnings("ignore")  # of FastEmbed's and ONNX's making

HOSTILE = [
    "",
    " ",
    "the of and",
    "\x00 pods \x00",
    "so\u00adft hy\u00adphen po\u00add",
    "zero\u200bwidth no\u200bdes \ufeffcells",
    "\u65e5\u672c\u8a9e nodes \ud55c\uad6d\uc5b4 \u4e2d\u6587",
    "\U0001f408 cats\U0001f408 dogs\u2764\ufe0f",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 pods \u05e2\u05d1\u05e8\u05d9\u05ea",
    "e\u0301cole na\u00efve caf\u00e9s co\u0308operation",
    "java\u2122 pods\u00ae 90\u00b0 \u20ac5 \u00a9cells word^vec x|y a=b",
    "x" * 10_000,
    "pods" * 500,
    "pods " * 900,
    "PODS Pods pOdS",
    "[CLS] [SEP] [MASK] [UNK] [PAD] pods",
    "university universities universal universe univers",
    "running-running/running_running.running",
    "\u202epods reversed\u202c nodes",
    "a\u0300\u0301\u0302\u0303 pods\u0336",
    "\n\t pods \r\n nodes \v\f cells",
    "##pods pods## #pods",
]


def mixed_texts(n):
    """Ordinary and odd texts of every length, seeded."""
    rng = random.Random(11)
    known = ["pods", "nodes", "kernel", "cells", "bank", "rivers", "pool", "flows", "java", "universities", "cat's"]
    others = [
        "quantum",
        "the",
        "of",
        "shipping",
        "3.14",
        "caf\u00e9",
        "don't",
        "e-mail",
        "x\u2122",
        "\u03b1\u03b2",
        "a,b;c",
    ]
    return [" ".join(rng.choice(known + others) for _ in range(rng.choice([1, 3, 8, 30, 90]))) for _ in range(n)]


@pytest.fixture(scope="module")
def both(bundle):
    theirs = SparseTextEmbedding(
        "Qdrant/minicoil-v1", specific_model_path=str(bundle), avg_len=37.5, k=1.1, b=0.6, threads=1
    )
    return theirs, minicoil.load(bundle, avg_len=37.5, k=1.1, b=0.6, threads=1)


@pytest.mark.parametrize("kind", ["embed", "query_embed"])
def test_hundreds_of_texts_give_fastembeds_vectors(both, kind):
    texts = HOSTILE + mixed_texts(250)
    theirs, ours = both
    for text, expected, found in zip(
        texts, getattr(theirs, kind)(texts, batch_size=8), getattr(ours, kind)(texts), strict=True
    ):
        assert found.indices.tolist() == expected.indices.tolist(), text[:80]
        np.testing.assert_allclose(found.values, expected.values, atol=VALUE_TOLERANCE, err_msg=text[:80])


def test_a_text_without_a_known_word_never_loads_the_encoder(bundle):
    model = MiniCoil.load(bundle)
    (vector,) = model.embed("quantum shipping")
    assert len(vector.indices) == 2
    assert model._encoder is None


def test_something_that_is_no_string_is_named_by_position_after_the_rest_was_answered(bundle):
    model = MiniCoil.load(bundle)
    with pytest.raises(TypeError, match="document 1 is int"):
        list(model.embed(["pods", 7]))


def test_numpy_fused_graph_head_graph_and_fastembed_agree(bundle):
    report = check_parity(bundle, mixed_texts(20))
    assert report.fused < 1e-5 and report.head < 1e-5
    assert report.fastembed is not None and report.fastembed < VALUE_TOLERANCE


def test_an_encoder_without_wordpiece_is_refused_by_name(encoder_folder, tmp_path):
    for name in ("config.json", "tokenizer_config.json"):
        shutil.copyfile(encoder_folder / name, tmp_path / name)
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')
    with pytest.raises(EncoderError, match="BPE"):
        write_tokenizer_files(tmp_path, BundleLayout(tmp_path / "out"))


def test_loading_an_address_nobody_resolves_says_who_could():
    with pytest.raises(UsageError, match="no resolver for nowhere://"):
        minicoil.load("nowhere://x")


def test_importing_the_package_brings_no_heavy_library_in():
    code = "import sys, minicoil; print(sorted({'torch', 'onnxruntime', 'prefect', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
