"""Processes of this machine at work on pieces: what one process reads, whatever happens to them."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from flows import screen
from flows.shards.shard_processes import spread_on_processes
from flows.shards.sharding import read_in_shards
from minicoil.errors import CorpusError, StoreUnavailableError, UsageError
from minicoil.text.tokens import WordTokenizer
from tasks.corpus import pieces
from tasks.corpus.pieces import Piece
from tasks.place import Place
from tasks.reading.reading import read_sentences
from tasks.reading.reading_shards import cut_splitting
from tasks.sentences.kept_sentences import KeptSentences

SCOPE = "reading/0123456789ab/"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 30_000)
    rng, path = random.Random(3), tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for number in range(1500):
            text = " ".join(
                f"The pod of node {rng.randrange(900)} runs on kernel {rng.randrange(9)}." for _ in range(3)
            )
            file.write(json.dumps({"text": text, "_id": str(number)}) + "\n")
    return [str(path)]


def facts(reading):
    uses = {use.word: (use.count, use.n_documents, use.forms) for use in reading.counts.uses()}
    return reading.digest, reading.n_sentences, reading.n_new, reading.keys.tolist(), uses


def read_by(monkeypatch, place, corpus, encoder_folder, n):
    monkeypatch.setenv("MINICOIL_READ_PROCESSES", str(n))
    with place.points() as points:
        store = KeptSentences(points, 384, "minilm", place)
        return facts(read_in_shards(place, "production", corpus, store, True, encoder_folder))


def test_two_processes_read_what_one_reads(tmp_path, monkeypatch, corpus, encoder_folder):
    one = read_by(monkeypatch, Place.at(tmp_path / "one"), corpus, encoder_folder, 1)
    assert read_by(monkeypatch, Place.at(tmp_path / "two"), corpus, encoder_folder, 2) == one
    place = Place.at(tmp_path / "whole")
    with place.points() as points:
        store = KeptSentences(points, 384, "minilm", place)
        tokenizer = WordTokenizer.from_folder(encoder_folder)
        assert facts(read_sentences(points, store, tokenizer, corpus, None)) == one


def test_a_corpus_of_one_piece_is_read_by_the_process_itself(tmp_path, encoder_folder):
    (tmp_path / "a.txt").write_text("The pods of a node share its kernel.")
    place = Place.at(tmp_path / "home")
    assert read_in_shards(place, "production", [str(tmp_path / "a.txt")], None, False, encoder_folder) is None


def split_keys(place, paths):
    found = [piece for path in paths for piece in pieces.cut_corpora([str(path)], None)]
    return cut_splitting(place.objects(), SCOPE, found, None)


def kill_first_reader(known):
    """Kill one process that reads, as soon as there is one."""
    while True:
        done = subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", "shard_processes"], capture_output=True, text=True
        )
        if fresh := [int(line) for line in done.stdout.split() if int(line) not in known]:
            os.kill(fresh[0], signal.SIGKILL)
            return fresh[0]
        time.sleep(0.02)


def test_a_process_that_is_killed_costs_its_piece_once_more(tmp_path, corpus):
    place = Place.at(tmp_path / "home")
    keys = split_keys(place, corpus)
    killer = threading.Thread(target=kill_first_reader, args=([],))
    killer.start()
    spread_on_processes("read-shard", place, keys, 2, "reading")
    killer.join()
    there = [entry.key for entry in place.objects().list(SCOPE) if entry.key.endswith(".documents.parquet")]
    assert len(there) == len(keys) > 3


def test_a_piece_that_kills_every_process_is_named_and_what_is_done_is_kept(tmp_path, corpus):
    place = Place.at(tmp_path / "home")
    keys = split_keys(place, corpus)[:1]
    killed: list[int] = []

    def kill_two():
        for _ in range(2):
            killed.append(kill_first_reader(killed))

    killer = threading.Thread(target=kill_two)
    killer.start()
    with pytest.raises(StoreUnavailableError, match="ended with status -9 at .* for want of memory.*READ_PROCESSES"):
        spread_on_processes("read-shard", place, keys, 2, "reading")
    killer.join()
    spread_on_processes("read-shard", place, keys, 2, "reading")


def test_what_the_work_refuses_is_told_as_it_is(tmp_path):
    place = Place.at(tmp_path / "home")
    keys = cut_splitting(place.objects(), SCOPE, [Piece("pydocs:nopackage"), Piece("pydocs:json")], None)
    with pytest.raises(CorpusError, match="pydocs:nopackage: no installed package"):
        spread_on_processes("read-shard", place, keys, 2, "reading")


@pytest.mark.slow
def test_a_dask_cluster_reads_what_one_process_reads(tmp_path, monkeypatch, corpus, encoder_folder):
    one = read_by(monkeypatch, Place.at(tmp_path / "one"), corpus, encoder_folder, 1)
    monkeypatch.setenv("MINICOIL_READ_SHARDS", "2")
    monkeypatch.setenv("MINICOIL_SHARD_RUNNER", "dask")
    place = Place.at(tmp_path / "dask")
    assert read_by(monkeypatch, place, corpus, encoder_folder, 1) == one
    assert list(place.objects().list("reading/")) == []


def test_processes_write_json_lines_where_their_command_was_asked_for_them(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("MINICOIL_LOG_JSON", raising=False)
    monkeypatch.setattr(screen, "_json_lines", True)  # what --log-json does
    with pytest.raises(StoreUnavailableError, match="what they said stands above"):
        spread_on_processes("no-such-work", Place.at(tmp_path / "home"), ["a-key"], 2, "reading")
    ended = [line for line in map(json.loads, capfd.readouterr().err.splitlines()) if line["level"] == "critical"]
    assert len(ended) == 2 and {line["process"] for line in ended}.isdisjoint({os.getpid()})
    assert all("no-such-work" in line["exception"] for line in ended)


WARNING_WORK = """
import logging, sys
from flows.shards import shard_processes
def work(place, key):
    logging.getLogger("tasks.reading").warning("passed over %s", key)
    return {{}}
shard_processes.shard_work = lambda what: work
sys.argv = ["shard_processes", "read-shard", "{home}", "file://{home}/store"]
shard_processes.main()
"""


@pytest.mark.parametrize("asked", ["1", "true", "0", ""])
def test_a_process_follows_the_environment_as_commands_do(tmp_path, asked):
    done = subprocess.run(
        [sys.executable, "-c", WARNING_WORK.format(home=tmp_path)],
        input="a-key\n",
        capture_output=True,
        text=True,
        env={**os.environ, "MINICOIL_LOG_JSON": asked, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert json.loads(done.stdout) == {}
    (line,) = done.stderr.splitlines()
    if asked in ("1", "true"):
        found = json.loads(line)
        assert (found["level"], found["logger"], found["message"]) == ("warning", "tasks.reading", "passed over a-key")
    else:
        assert line == "WARNING:tasks.reading:passed over a-key"


def test_workers_need_a_server_and_a_reading_without_one_says_what_to_do(tmp_path, monkeypatch, corpus, encoder_folder):
    monkeypatch.setenv("MINICOIL_READ_SHARDS", "2")
    with pytest.raises(UsageError, match="none is named; set PREFECT_API_URL .* MINICOIL_READ_SHARDS"):
        read_by(monkeypatch, Place.at(tmp_path / "home"), corpus, encoder_folder, 1)


SCRIPT = """
import sys
from pathlib import Path
from flows.shards.sharding import read_in_shards
from tasks.sentences.kept_sentences import KeptSentences
from tasks.place import Place
import tasks.corpus.pieces as pieces
pieces.PIECE_BYTES = 30_000
place = Place.at(sys.argv[1])
with place.points() as points:
    store = KeptSentences(points, 384, "minilm", place)
    reading = read_in_shards(place, "production", [sys.argv[2]], store, True, Path(sys.argv[3]))
    stored = store.count()
print(reading.digest, reading.n_sentences, reading.n_new, len(reading.counts), stored)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_goes_on(tmp_path, corpus, encoder_folder):
    def command(home):
        return [sys.executable, "-c", SCRIPT, str(tmp_path / home), corpus[0], str(encoder_folder)]

    env = {**os.environ, "MINICOIL_READ_PROCESSES": "2", "PYTHONPATH": os.pathsep.join(sys.path)}
    started = time.monotonic()
    whole = subprocess.run(command("whole"), env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    seconds = time.monotonic() - started
    done = None
    for attempt in range(40):
        process = subprocess.Popen(command("killed"), env=env, stdout=subprocess.PIPE, text=True)
        try:
            done = process.communicate(timeout=seconds * (0.2 + 0.1 * attempt))[0].split()
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert attempt > 1
    # what processes kept before they were killed, all of it or a part, is not new to the one that goes on
    new, kept = int(done.pop(2)), int(whole.pop(2))
    assert done == whole
    assert 0 <= new <= kept
