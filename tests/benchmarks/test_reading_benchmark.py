"""Reading a corpus: from JSON lines on disk to sentences counted, deduplicated and stored, beside the earlier way.

MINICOIL_BENCH_SENTENCES=5000000 pytest -m benchmark -s tests/benchmarks/test_reading_benchmark.py

The earlier way (pysbd, the whole tokenizer, one token at a time, every sentence a point) reads a part of the same corpus,
in the same run. The corpus is made of real sentences, see `grown_corpus`. CPU counts all threads of the process.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from asked_figures import ASKED
from grown_corpus import write_corpus
from results_file import keep_figures

from minicoil.text.sentences import sentence_keys, split_sentences
from minicoil.text.tokens import WordTokenizer
from minicoil.text.word_rows import RowTokenizer
from minicoil.words.word_counts import WordCounts

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600), pytest.mark.shared]
N_SENTENCES = int(os.environ.get("MINICOIL_BENCH_SENTENCES", "200000"))
N_EARLIER = 6000  # sentences that the earlier way reads
CHILD = Path(__file__).with_name("reading_child.py")
PATHOLOGICAL = {
    "numbers in brackets": "Word.[111 111 111] lower case ",
    "brackets": "([{",
    "dots": ".",
    "dots and spaces": ". ",
    "quotes": "\u201c",
    "no space": "a",
    "zero-width": "a\u200b",
    "combining": "e\u0301",
    "lines": "a\n",
    "plain": "The pods of a node share its kernel and run. ",
}


def run_child(way, home, corpus):
    done = subprocess.run([sys.executable, str(CHILD), way, str(home), str(corpus)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_reading_against_the_earlier_way(shared_data, tmp_path):
    corpus, part = tmp_path / "corpus.jsonl", tmp_path / "part.jsonl"
    write_corpus(shared_data, corpus, N_SENTENCES)
    with corpus.open() as whole:
        part.write_text("".join(next(whole) for _ in range(N_EARLIER // 6)))
    earlier, new = run_child("earlier", tmp_path / "earlier", part), run_child("new", tmp_path / "new", corpus)
    rates = [figures["read"]["n_sentences"] / figures["read"]["cpu_seconds"] for figures in (earlier, new)]
    figures = {
        "n_sentences": N_SENTENCES,
        "corpus_bytes": corpus.stat().st_size,
        "earlier": earlier,
        "new": new,
        "sentences_a_cpu_second": {"earlier": round(rates[0]), "new": round(rates[1])},
        "times_faster": round(rates[1] / rates[0], 1),
    }
    print(f"\n{json.dumps(figures, indent=1)}\nload {os.getloadavg()}")
    keep_figures("reading", figures, part=True)
    for asked in ASKED["reading"]:
        assert asked.is_met(asked.find(figures)), asked.what


def cpu_of(text, tokenizer):
    started = time.process_time()
    found = list(split_sentences(text))
    sentence_keys(found)
    WordCounts().add_rows(RowTokenizer(tokenizer).tokenize(found), np.zeros(len(found), np.int64))
    return time.process_time() - started


@pytest.mark.parametrize("kind", list(PATHOLOGICAL))
def test_twice_the_text_takes_twice_the_time_whatever_it_is(kind, encoder_folder):
    tokenizer, unit = WordTokenizer.from_folder(encoder_folder), PATHOLOGICAL[kind]
    times = []
    for size in (1_250_000, 2_500_000, 5_000_000, 10_000_000):
        text = (unit * (size // len(unit) + 1))[:size]
        times.append(min(cpu_of(text, tokenizer) for _ in range(2)))
    ratios = [round(after / max(before, 1e-9), 2) for before, after in zip(times, times[1:], strict=False)]
    print(f"\n{kind}: CPU s {[round(t, 3) for t in times]}, ratios at each doubling {ratios}")
    assert times[-1] < 8 * 2.5 * max(times[0], 0.02)  # 8 where it is linear
