"""A proxy that does to HTTP what networks do, and releases to re-encode for."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_proxy import FaultProxy

from minicoil.bundle import create_empty_bundle, derive_bundle
from minicoil.layout import BundleLayout
from minicoil.stack import read_shape
from minicoil.stemming import stem
from minicoil.vocabulary import Vocabulary
from tasks.object_store import open_store
from tasks.place import Place
from tasks.releases import publish_release
from tasks.settings import Settings


@pytest.fixture
def fault_proxy(s3_address) -> Iterator[FaultProxy]:
    proxy = FaultProxy(s3_address)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def releases(tiny_encoder, tmp_path_factory) -> Path:
    """An object store with three releases of one lineage: some words, then a change of them, then another."""
    folder = tmp_path_factory.mktemp("releases")
    store = open_store((folder / "store").as_uri(), Settings())
    create_empty_bundle(tiny_encoder, folder / "model-0")
    first = (
        "pods",
        "nodes",
        "kernel",
        "cells",
        "banks",
        "rivers",
        "pools",
        "flows",
        "workers",
        "series",
        "graphs",
        "cats",
    )
    steps = (
        {"add": {stem(form): [form] for form in (*first, "matrices", "running", "tasks", "universities")}},
        {"add": {"shard": ["shards"], "lock": ["locks"]}, "retrain": ["pod", "graph"], "remove": ["cat"]},
        {"add": {"univ": ["universal"], "tabl": ["tables", "table"]}, "retrain": ["shard"]},
    )
    parent = folder / "model-0"
    for number, step in enumerate(steps, 1):
        vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(
            **step, joined_tokens=["lock\u2122"]
        )
        rng = np.random.default_rng(number)
        width = read_shape(BundleLayout(parent).stack)[1]
        rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
        derive_bundle(parent, folder / f"model-{number}", vocabulary, rows)
        parent = folder / f"model-{number}"
        publish_release(store, parent, number - 1 or None, {})
    return folder / "store"


@pytest.fixture
def place(releases, tmp_path) -> Place:
    """A home of its own whose object store has the three releases."""
    shutil.copytree(releases, tmp_path / "home" / "store", copy_function=os.link)
    return Place.at(tmp_path / "home")


WORDS = [
    *("pods", "node", "kernel", "cells", "bank", "rivers", "pool", "flow", "workers", "series", "graphs", "cats"),
    *("matrix", "running", "task", "shards", "locks", "lock\u2122", "pod\u00ae", "universal", "universities", "tables"),
    *("weather", "music", "garden", "window", "quantum", "bread", "letter", "morning", "engine", "paper"),
]


@pytest.fixture(scope="session")
def make_texts() -> Callable[[int], list[str]]:
    """A function that gives sentences of three to nine words, with and without words of the vocabulary."""

    def make(n: int) -> list[str]:
        rng = random.Random(4)
        return [f"{' '.join(rng.choices(WORDS, k=rng.randint(3, 9)))} {i}" for i in range(n)]

    return make


@pytest.fixture(scope="session")
def texts(make_texts) -> list[str]:
    return make_texts(240)
