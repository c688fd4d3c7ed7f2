"""What a release costs: rows appended to a large stack, and a pull over HTTP against a plain copy of the same files.

pytest -m benchmark tests/benchmarks/test_release_benchmark.py -s
"""

import os
import shutil
import statistics
import time

import boto3
import numpy as np
import pytest
from results_file import keep_figures

from minicoil.files.stack import append_rows, open_stack
from tasks.catalogue.releases import publish_release, pull_release
from tasks.settings import Settings
from tasks.store.opening import open_store

WORDS, WIDTH, DIMS, ADDED = 30_000, 512, 4, 200
REPEATS = 5


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_appending_words_to_a_large_stack_against_writing_it_anew(tmp_path, capsys):
    path = tmp_path / "stack.npy"
    with path.open("wb") as file:
        np.save(file, np.zeros((WORDS + 1, WIDTH, DIMS), dtype=np.float32))
    rows = np.random.default_rng(1).normal(size=(ADDED, WIDTH, DIMS)).astype(np.float32)
    appended = []
    for i in range(REPEATS):
        started = time.perf_counter()
        append_rows(path, WORDS + 1 + i * ADDED, rows)
        appended.append(time.perf_counter() - started)
    whole = np.array(open_stack(path))
    started = time.perf_counter()
    with (tmp_path / "anew.npy").open("wb") as file:
        np.save(file, np.concatenate([whole, rows]))
        os.fsync(file.fileno())
    anew = time.perf_counter() - started
    ours = statistics.median(appended)
    figures = {"n_added": ADDED, "n_words": WORDS, "append_ms": round(ours * 1000, 2), "anew_ms": round(anew * 1000, 1)}
    keep_figures("release", {"append": figures}, part=True)
    with capsys.disabled():
        print(
            f"\n{ADDED} rows appended to {WORDS:,} x {WIDTH} x {DIMS}: {ours * 1000:.1f} ms; "
            f"written anew {anew * 1000:.0f} ms: {anew / ours:.0f}x"
        )
    assert ours < 0.1


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_pulling_a_release_against_a_plain_copy(tmp_path, signed_address, make_bucket, capsys):
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    for name, size in (("onnx/model.onnx", 90), ("minicoil.triplet.model.npy", 240), ("tokenizer.json", 1)):
        (folder / name).write_bytes(os.urandom(size * 2**20))
    settings = Settings(s3_endpoint_url=signed_address, s3_access_key_id="key", s3_secret_access_key="secret")
    bucket = make_bucket(signed_address)
    store = open_store(f"s3://{bucket}/m", settings)
    publish_release(store, folder, None, {})
    client = boto3.client(
        "s3",
        endpoint_url=signed_address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]]

    def copy(target):
        for key in keys:
            (target / key).parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, key, str(target / key))

    seconds: dict[str, list[float]] = {"pull": [], "copy": []}
    for i in range(REPEATS):
        for name, run in (("copy", copy), ("pull", lambda target: pull_release(store, 1, target))):
            started = time.perf_counter()
            run(tmp_path / f"{name}{i}")
            seconds[name].append(time.perf_counter() - started)
            shutil.rmtree(tmp_path / f"{name}{i}")
    pull, plain = (statistics.median(seconds[name]) for name in ("pull", "copy"))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) >> 20
    figures = {"size_mib": size, "seconds": round(pull, 2), "copy_seconds": round(plain, 2)}
    keep_figures("release", {"pull": figures}, part=True)
    with capsys.disabled():
        print(f"\npull with every file hashed {pull:.2f} s, plain copy {plain:.2f} s: {pull / plain:.2f}x")
    assert pull <= 2 * plain
