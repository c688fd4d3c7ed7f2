"""One small model, made once: thirty words with random layers on the packaged encoder."""

from pathlib import Path

import numpy as np
import pytest

from minicoil.bundle import create_empty_bundle, derive_bundle
from minicoil.stemming import stem
from minicoil.vocabulary import Vocabulary

FORMS = [
    *("pods", "nodes", "kernels", "cells", "banks", "rivers", "pools", "flows", "workers", "series", "rings", "graphs"),
    *("matrices", "running", "tasks", "states", "universities", "java", "cats", "dogs", "tensors", "images", "windows"),
    *("containers", "clusters", "schedules", "searches", "words", "meanings", "vectors"),
]


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
