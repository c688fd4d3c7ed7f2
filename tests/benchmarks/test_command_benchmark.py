"""How long a command takes beside its work, against the commit before flows ran in their own process.

pytest -m benchmark -s tests/benchmarks/test_command_benchmark.py

Both sides run the real command line in a Python of its own, turn by turn, each on a home of its own whose encoder is
exported and whose collection has a release. The other side's code comes out of the repository by `git archive`
(MINICOIL_BENCH_COMMIT names another commit); without git or the commit there is no comparison, and the test says so.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from asked_figures import check_asked
from results_file import keep_figures

ROOT = Path(__file__).parents[2]
COMMIT = os.environ.get("MINICOIL_BENCH_COMMIT", "f6b87aca47e2b73496eecb463a1a5a33db9356f0")
ROUNDS = int(os.environ.get("MINICOIL_BENCH_ROUNDS", "3"))
WORDS = ("kernel", "pool")
COMMANDS = {
    "index": ("index", "fresh{turn}", "--corpus", "documents.jsonl"),
    "search": ("search", "docs", "kernel scheduling"),
    "reencode_dry_run": ("reencode", "--dry-run"),
    "extend_nothing": ("extend", *WORDS, "--corpus", "documents.jsonl", "--min-sentences", "20", "--no-evaluate"),
    "refusal": ("extend", "the", "--corpus", "documents.jsonl"),
}
STATUS = {"refusal": 2}


def _write_documents(path):
    """A hundred short documents, in which two words have two meanings each."""
    contexts = {
        "kernel": ("schedules the processes of computer", "of the matrix is smoothed by filter"),
        "pool": ("of threads serves request", "was full of swimmers in summer"),
    }
    rows = [
        {"text": f"The {word} {contexts[word][i % 2]} {i}. It was seen on day {i}."}
        for i in range(50)
        for word in WORDS
    ]
    path.write_text("\n".join(map(json.dumps, rows)))


def _call(tree, folder, arguments, status=0):
    """Run a command; wall seconds, and CPU seconds of it and its children."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MINICOIL_"))}
    environment |= {"PYTHONPATH": str(tree), "PREFECT_PROFILES_PATH": os.devnull}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed packages are: compiled once
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "flows.cli", *arguments, "--home", "home", "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == status, done.stderr[-3000:]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": cpu}, json.loads(done.stdout)


def _old_tree(folder):
    """The code of the commit before."""
    archive = folder.with_suffix(".tar")
    done = subprocess.run(
        ["git", "archive", "-o", archive, COMMIT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_commands_against_those_of_the_commit_before(tmp_path):
    trees = {"now": ROOT, "before": _old_tree(tmp_path / "before")}
    if trees["before"] is None:
        print(f"commit {COMMIT} is not in this repository: no comparison")
        del trees["before"]
    for side, tree in trees.items():
        folder = tmp_path / f"{side}-home"
        folder.mkdir()
        _write_documents(folder / "documents.jsonl")
        _call(tree, folder, ("index", "docs", "--corpus", "documents.jsonl"))  # exports the encoder
        _, made = _call(tree, folder, COMMANDS["extend_nothing"])
        assert made["promoted"], made
    figures = {name: {side: [] for side in trees} for name in COMMANDS}
    for turn in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            for side, tree in trees.items():
                given = [argument.format(turn=turn) for argument in arguments]
                figures[name][side].append(_call(tree, tmp_path / f"{side}-home", given, STATUS.get(name, 0))[0])
    report = {
        name: {
            side: {key: round(statistics.median(run[key] for run in runs), 2) for key in ("seconds", "cpu_seconds")}
            for side, runs in sides.items()
        }
        for name, sides in figures.items()
    }
    report = {"rounds": ROUNDS, "commit_before": COMMIT[:9], "commands": report}
    keep_figures("commands", report)
    for name, sides in report["commands"].items():
        ratio = sides["before"]["cpu_seconds"] / sides["now"]["cpu_seconds"] if "before" in sides else float("nan")
        print(f"{name}: {sides}, {ratio:.1f} times less CPU")
    check_asked("commands", report)
