"""A Prefect server for tests that want one, and one home in which the product lives through its life once."""

import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from folders import wait_closed

from tasks.disk import lock_file
from tasks.place import Place

CORPUS = "pydocs:networkx"


@pytest.fixture(scope="session")
def prefect_server():
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=270):
        yield str(PREFECT_API_URL.value())


@dataclass
class Life:
    """What happened, in order."""

    home: Path
    indexed: dict[str, Any]
    first: dict[str, Any]
    again: dict[str, Any]
    second: dict[str, Any]

    @property
    def place(self):
        return Place.at(self.home)


@pytest.fixture(scope="session")
def life(tmp_path_factory) -> Life:
    """Lived once for all processes of a test run; each has a copy of the home."""
    own = tmp_path_factory.mktemp("life") / "home"
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-life"
    shared.mkdir(exist_ok=True)
    with lock_file(shared / "lock", patience_seconds=280):
        if not (shared / "answers").exists():
            answers = _live(shared / "home")
            wait_closed(shared / "home")
            (shared / "answers").write_bytes(pickle.dumps(answers))
    shutil.copytree(shared / "home", own, ignore=shutil.ignore_patterns("owner.sock"))
    return Life(own, *pickle.loads((shared / "answers").read_bytes()))


def _live(home: Path) -> list[dict[str, Any]]:
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms.parameters import ExtendParameters, IndexParameters
    from flows.index_collection import index_collection

    index = IndexParameters(home=str(home), collection="docs", corpus=[CORPUS], sample=250)
    named = {"home": str(home), "corpus": [CORPUS], "sample": 250, "max_sentences": 120}
    words = (["nodes", "graph", "paths", "edges", "zzyzx"],) * 2 + (["weight", "algorithm", "node"],)
    return [
        index_collection(index),
        *(extend_vocabulary(ExtendParameters(**named, words=asked)) for asked in words),
    ]


KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


@pytest.fixture(scope="session")
def s3_environment(s3_address):
    """S3 as every command and check of this process finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINICOIL_S3_ENDPOINT_URL", s3_address)
        patch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
        patch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
        yield s3_address


@pytest.fixture(scope="session")
def homes(s3_environment, tiny_encoder, make_bucket, tmp_path_factory):
    """See `crash_homes.CrashHomes`."""
    from crash_homes import CrashHomes, CrashServer, make_encoder

    folder = tmp_path_factory.mktemp("crashes")
    server = CrashServer(folder / "server.log")
    client = boto3.client("s3", endpoint_url=s3_environment, region_name="us-east-1", **KEYS)
    encoder = make_encoder(tiny_encoder, folder / "encoder")
    yield CrashHomes(folder, encoder, server, lambda: make_bucket(s3_environment), client)
    server.close()


@pytest.fixture(scope="session")
def checker():
    from crash_checks import Checker

    return Checker()


@pytest.fixture(scope="session")
def undisturbed(homes, checker):
    from crash_checks import Undisturbed

    return Undisturbed(homes, checker)
