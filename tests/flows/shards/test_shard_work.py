"""Each kind of shard has its work, and who reads text loads no trainer for it."""

import os
import subprocess
import sys

import pytest

import tasks.reading
import tasks.shards
from flows.orchestration.embedded import FLOWS
from flows.shards.shard_work import SHARDS, shard_work


def test_every_kind_of_shard_is_a_flow_and_has_work_of_its_own():
    found = {what: shard_work(what) for what in SHARDS}
    assert found == {
        "read-shard": tasks.reading.read_shard,
        "encode-shard": tasks.shards.encode_shard,
        "train-shard": tasks.shards.train_shard,
    }
    assert set(SHARDS) <= set(FLOWS)


def test_what_is_no_kind_of_shard_is_not_guessed():
    with pytest.raises(KeyError, match="no-such-work"):
        shard_work("no-such-work")


LIGHT = """
import sys
from flows.shards.shard_work import shard_work
shard_work("read-shard")
print(sorted({"torch", "prefect", "transformers"} & set(sys.modules)))
"""


def test_who_reads_loads_no_trainer():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "[]\n"
