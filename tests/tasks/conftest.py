"""A store on disk and on S3, a proxy that does to HTTP what networks do, and releases to re-encode for."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_kinds import KINDS
from fault_proxy import FaultProxy
from object_stores import s3_settings

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.text.stemming import stem
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.releases import publish_release
from tasks.place import Place
from tasks.points import CollectionSchema, PointStore
from tasks.settings import Settings
from tasks.store.object_store import ObjectStore
from tasks.store.opening import open_store


@pytest.fixture(params=["local", "s3", "signed"])
def store(request, tmp_path, make_bucket) -> ObjectStore:
    if request.param == "local":
        return open_store((tmp_path / "store").as_uri(), Settings())
    address = request.getfixturevalue({"s3": "s3_address", "signed": "signed_address"}[request.param])
    return open_store(f"s3://{make_bucket(address)}/team/models", s3_settings(address))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    (made / "onnx").mkdir(parents=True)
    (made / "onnx" / "model.onnx").write_bytes(b"weights" * 1000)
    (made / "words.json").write_text("[1]")
    return made


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


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch) -> Iterator[PointStore]:
    """The engine of `place`, of every kind; files to which the kind does not matter have a fixture of their own."""
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            from local_server import share_server

            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


@pytest.fixture
def foreign(place, points, texts) -> PointStore:
    """The engine with "theirs", a collection that somebody else made with release 1, which the channel serves."""
    from foreign_points import foreign_points
    from small_service import serve

    serve(place, 1)
    points.ensure("theirs", CollectionSchema(dense={"dense": 3}, sparse=("sparse",)))
    points.upsert("theirs", foreign_points(place, texts, 1))
    return points
