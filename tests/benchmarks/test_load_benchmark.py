"""Three things that grow, each at three sizes: the corpus that is read, the points of a collection, the words at once.

pytest -m benchmark tests/benchmarks/test_load_benchmark.py -s      (MINICOIL_BENCH_OUT=FILE keeps the figures)

The encoder is tiny: encoding has benchmarks of its own and would dominate. Sizes come from the environment
(MINICOIL_BENCH_CORPUS_MB=1,10,100 MINICOIL_BENCH_POINTS=... MINICOIL_BENCH_WORDS=...).
"""

import datetime
import json
import os
import platform
import sys
from pathlib import Path

import pytest
from crash_homes import make_encoder
from load_child import english
from load_corpora import read_sentences, write_planted, write_varied
from process_watch import make_environment, run_watched

from minicoil.folder.bundle import create_empty_bundle

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(14400)]
CHILD = Path(__file__).with_name("load_child.py")
SAMPLE = 5000  # documents of the corpus that are read for their words
MOST_MIB = 3 * 1024  # of everything that runs, at the largest size
GROWTH = 1.25  # of memory, at most, while a corpus grows tenfold


def sizes(name, default):
    return [int(size) for size in os.environ.get(f"MINICOIL_BENCH_{name}", default).split(",")]


@pytest.fixture
def encoder(tiny_encoder, tmp_path):
    return str(make_encoder(tiny_encoder, tmp_path / "encoder"))


def keep(part, rows):
    """Print a part's rows and put them beside those of other parts."""
    print("\n" + json.dumps({part: rows}, indent=1))
    target = os.environ.get("MINICOIL_BENCH_OUT")
    if target:
        path = Path(target)
        report = json.loads(path.read_text()) if path.exists() else {}
        cpu = platform.processor() or platform.machine()
        report |= {"machine": f"{cpu}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores used"}
        report |= {"date": datetime.date.today().isoformat(), part: rows}
        path.write_text(json.dumps(report, indent=1) + "\n")


def row_of(size, watched, **more):
    return {
        "size": size,
        "seconds": watched.seconds,
        "peak_mib": watched.total_mib,
        "peak_mib_by_part": watched.peak_mib,
        "own_mib_by_part": watched.own_mib,
        **more,
    }


def minicoil(tmp_path, home, *words):
    """The command line, watched; its answer beside."""
    command = [sys.executable, "-m", "flows.cli", *words, "--home", str(home), "--json"]
    watched = run_watched(command, make_environment(tmp_path), tmp_path / "log")
    return watched, json.loads(watched.output.splitlines()[-1])


@pytest.mark.shared
def test_a_corpus_is_read_as_a_stream(shared_data, encoder, tmp_path):
    sentences, rows = read_sentences(shared_data), []
    for size in sizes("CORPUS_MB", "50,500,5000"):
        corpus = tmp_path / f"{size}.jsonl"
        n_rows = write_varied(corpus, sentences, size * 1_000_000)
        model = ("--encoder", encoder, "--role-model", encoder, "--no-evaluate")
        sample = ("--sample", str(SAMPLE), "--max-sentences", "300")
        watched, answer = minicoil(
            tmp_path, tmp_path / f"home-{size}", "extend", "--common", "50", "--corpus", str(corpus), *sample, *model
        )
        corpus.unlink()
        rows.append(row_of(size, watched, n_documents=n_rows, sample=SAMPLE, steps=answer["seconds"]))
    keep("corpus", rows)
    assert rows[-1]["peak_mib"] <= MOST_MIB
    assert rows[-1]["peak_mib"] <= GROWTH * rows[-2]["peak_mib"]


def test_a_collection_grows_to_a_million_points(encoder, tmp_path):
    create_empty_bundle(Path(encoder), tmp_path / "empty", 4, encoder)
    rows = []
    for n in sizes("POINTS", "10000,100000,1000000"):
        command = [sys.executable, str(CHILD), "points", str(n), str(tmp_path / f"home-{n}"), str(tmp_path / "empty")]
        watched = run_watched(command, make_environment(tmp_path), tmp_path / "log")
        rows.append(row_of(n, watched, **json.loads(watched.output)))
    keep("points", rows)
    # the engine may map its files, which the kernel takes back where memory is short; what it holds itself may follow
    # the number of points (its index of ids and payloads) and no more
    assert rows[-1]["peak_mib_by_part"]["command"] <= MOST_MIB
    first, last = rows[0], rows[-1]
    assert (
        last["own_mib_by_part"]["engine"] <= GROWTH * first["own_mib_by_part"]["engine"] * last["size"] / first["size"]
    )


def test_an_extension_takes_ten_thousand_words(encoder, tmp_path):
    rows = []
    for n in sizes("WORDS", "100,1000,10000"):
        words = english(n)
        corpus, file = tmp_path / f"{n}.jsonl", tmp_path / f"{n}.txt"
        n_sentences = write_planted(corpus, words)
        file.write_text("\n".join(words))
        home, model = tmp_path / f"home-{n}", ("--encoder", encoder)
        minicoil(tmp_path, home, "index", "docs", "--corpus", str(corpus), "--sample", "2000", *model)
        watched, answer = minicoil(
            tmp_path, home, "extend", "--words-file", str(file), "--corpus", str(corpus),
            *model, "--role-model", encoder, "--no-evaluate", "--max-sentences", "200",
        )  # fmt: skip
        verdicts = [row["verdict"] for row in answer["words"]]
        kinds = {kind: verdicts.count(kind) for kind in sorted(set(verdicts))}
        rows.append(row_of(n, watched, n_sentences=n_sentences, verdicts=kinds, steps=answer["seconds"]))
        assert answer["promoted"] and kinds.get("accepted", 0) >= n / 2, kinds
    keep("words", rows)
    assert rows[-1]["peak_mib"] <= MOST_MIB
