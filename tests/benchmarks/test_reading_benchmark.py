"""Reading a corpus: from JSON lines on disk to sentences counted, deduplicated and stored, beside the earlier way.

MINICOIL_BENCH_SENTENCES=5000000 pytest -m benchmark -s tests/benchmarks/test_reading_benchmark.py

One process against two, and the memory of all processes at two sizes, N and a fifth of it. The earlier way (pysbd, the whole tokenizer, one token at a time, every sentence a point) reads a part of the same corpus,
in the same run. The corpus is made of real sentences, see `grown_corpus`. CPU counts all threads of the process.
"""

import json
import os
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from asked_figures import ASKED
from grown_corpus import write_corpus
from process_watch import make_environment, run_watched
from results_file import keep_figures

from minicoil.columns.sentence_rows import split_texts
from minicoil.columns.word_rows import RowTokenizer
from minicoil.text.prose import from_html
from minicoil.text.tokens import WordTokenizer
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
# the same as a page of HTML: tags, values and comments that are never closed
PATHOLOGICAL_HTML = {
    "html tags": "a<b ",
    "html values": '<a b="',
    "html comments": "<!--",
    "html instructions": "<?x ",
    "html sections": "<![cdata[",
    "html references": "&#9",
    "html in order": "<p>The pods of a <b>node</b> share its kernel and run.</p> ",
}


def run_child(way, home, corpus, n_processes=1):
    command = [sys.executable, str(CHILD), way, str(home), str(corpus)]
    environment = make_environment(home.parent, MINICOIL_READ_PROCESSES=str(n_processes))
    watched = run_watched(command, environment, home.with_suffix(".log"))
    return json.loads(watched.output.splitlines()[-1]) | {"peak_mib": watched.total_mib, "own_mib": watched.own_mib}


def test_reading_against_the_earlier_way(shared_data, tmp_path):
    corpus, part, fifth = (tmp_path / name for name in ("corpus.jsonl", "part.jsonl", "fifth.jsonl"))
    write_corpus(shared_data, corpus, N_SENTENCES)
    for path, n_rows in ((part, N_EARLIER // 6), (fifth, N_SENTENCES // 30)):
        with corpus.open() as whole, path.open("w") as file:
            file.writelines(islice(whole, n_rows))
    earlier, new = run_child("earlier", tmp_path / "earlier", part), run_child("new", tmp_path / "one", corpus)
    two, small = run_child("new", tmp_path / "two", corpus, 2), run_child("new", tmp_path / "small", fifth, 2)
    assert two["digest"] == new["digest"]
    rates = [figures["read"]["n_sentences"] / figures["read"]["cpu_seconds"] for figures in (earlier, new)]
    figures = {
        "n_sentences": N_SENTENCES,
        "corpus_bytes": corpus.stat().st_size,
        "earlier": earlier,
        "new": new,
        "two": two,
        "small": small,
        "sentences_a_cpu_second": {"earlier": round(rates[0]), "new": round(rates[1])},
        "times_faster": round(rates[1] / rates[0], 1),
        "times_faster_by_two": round(new["read"]["seconds"] / two["read"]["seconds"], 2),
        "minutes_for_40_million": {str(n): round(minutes_for(40e6, two, n), 1) for n in (2, 16)},
        "peak_growth_bytes_a_sentence": growth(small, two),
    }
    print(f"\n{json.dumps(figures, indent=1)}\nload {os.getloadavg()}")
    keep_figures("reading", figures, part=True)
    for asked in ASKED["reading"]:
        assert asked.is_met(asked.find(figures)), asked.what


def minutes_for(n_sentences, two, n_cores):
    """Computed from a run of two processes: what they shared is divided, what one alone did is not."""
    shared = sum(stage["seconds"] for stage in two["spread"].values())
    alone = two["read"]["seconds"] - shared
    return (alone + shared * 2 / n_cores) * n_sentences / two["read"]["n_sentences"] / 60


def growth(small, large):
    """Bytes that the peak of all processes grew by, a sentence more, beyond a tenth of what the small one held."""
    more = large["read"]["n_sentences"] - small["read"]["n_sentences"]
    return round((large["peak_mib"] - 1.1 * small["peak_mib"]) * 2**20 / more, 1)


def cpu_of(text, tokenizer, is_html=False):
    """Of all that reading does to a text that it has in memory."""
    started = time.process_time()
    rows = split_texts([from_html(text) if is_html else text])
    WordCounts().add_rows(RowTokenizer(tokenizer).tokenize(rows.texts), rows.owners.astype(np.int64))
    return time.process_time() - started


@pytest.mark.parametrize("kind", [*PATHOLOGICAL, *PATHOLOGICAL_HTML])
def test_twice_the_text_takes_twice_the_time_whatever_it_is(kind, encoder_folder):
    is_html, unit = kind in PATHOLOGICAL_HTML, (PATHOLOGICAL | PATHOLOGICAL_HTML)[kind]
    tokenizer, times = WordTokenizer.from_folder(encoder_folder), []
    for size in (1_250_000, 2_500_000, 5_000_000, 10_000_000):
        text = (unit * (size // len(unit) + 1))[:size]
        times.append(min(cpu_of(text, tokenizer, is_html) for _ in range(2)))
    ratios = [round(after / max(before, 1e-9), 2) for before, after in zip(times, times[1:], strict=False)]
    print(f"\n{kind}: CPU s {[round(t, 3) for t in times]}, ratios at each doubling {ratios}")
    assert times[-1] < 8 * 2.5 * max(times[0], 0.02)  # 8 where it is linear
