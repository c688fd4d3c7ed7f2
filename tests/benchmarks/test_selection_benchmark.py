"""Do the first words by expected gain per point bring most of what retraining all of them brings?

pytest -m benchmark -s tests/benchmarks/test_selection_benchmark.py

Layers of general English are measured on four domains and retrained there. What is asked for is nDCG@10 of prefixes of the
order against the points that they rewrite, beside prefixes of the order of before (ceiling less ordering) and all of them. Where
all of them gain no more than noise, how much of their reordering of the first ten a prefix brings says what nDCG cannot.
The formula was chosen on the sets in CHOSEN_ON; the others are reported. MINICOIL_BENCH_CACHE names a folder from which a
run that was stopped goes on.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from asked_figures import check_asked
from results_file import keep_figures
from retrieval_lab import make_encoders
from selection_lab import CHOSEN_ON, gains_of, make_domains, orders_of, overlap

from minicoil.retrieval.effectiveness import difference

pytestmark = [pytest.mark.benchmark, pytest.mark.shared, pytest.mark.timeout(3 * 3600)]
SHARES = (0.1, 0.3, 0.5, 0.75, 0.9, 0.97, 1.0)  # of the points that retraining all words rewrites


@pytest.fixture(scope="module")
def domains(shared_data, encoder_folder, tmp_path_factory):
    import torch

    torch.set_num_threads(1)
    cache = os.environ.get("MINICOIL_BENCH_CACHE")
    folder = Path(cache) if cache else tmp_path_factory.mktemp("selection")
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    def log(text):
        print(f"{time.monotonic() - started:5.0f} s, {time.process_time():5.0f} s of CPU: {text}", flush=True)

    return make_domains(shared_data, make_encoders(encoder_folder, folder), folder, log)


def test_the_first_words_bring_most_of_what_all_of_them_bring(domains):
    sets = {domain.name: measure(domain) for domain in domains}
    figures = {"chosen_on": list(CHOSEN_ON), "cpu_seconds": round(time.process_time()), "sets": sets}
    if "MINICOIL_BENCH_CACHE" in os.environ:
        figures["note"] = "what was encoded and trained may come from a run before, whose CPU seconds are not counted"
    keep_figures("selection", figures)
    check_asked("selection", figures)


def measure(domain):
    """Every order's prefixes: points rewritten, and nDCG@10 over the layers of general English."""
    better = {word for word, found in domain.words.items() if found.is_weak and found.is_better}
    before, all_of_them = domain.first_ten(set()), domain.first_ten(better)
    base, unlike = domain.ndcg(before), 1 - overlap(before, all_of_them)
    gain, n_all = difference(domain.ndcg(all_of_them), base), domain.n_rewritten(better)
    orders = {}
    for name, order in orders_of(domain).items():
        rows, expected = [], dict(zip(order, gains_of(domain, order), strict=True))
        for share in SHARES:
            n = longest(order, share * n_all, lambda words: domain.n_rewritten(words & better))
            taken = set(order[:n]) & better
            run = domain.first_ten(taken)
            found = difference(domain.ndcg(run), base)
            rows.append(
                {
                    "share_of_points": share,
                    "n_words": len(taken),
                    "n_rewritten": domain.n_rewritten(taken),
                    "expected": round(sum(expected[word] for word in order[:n]) / sum(expected.values()), 4),
                    "reordered": round(1 - (1 - overlap(run, all_of_them)) / unlike, 4),
                    "gain": [round(value, 5) for value in (found.mean, found.low, found.high)],
                }
            )
        orders[name] = rows
    return {
        "n_documents": domain.n_points,
        "n_queries": len(base),
        "n_measured": len(domain.words),
        "n_weak": sum(found.is_weak for found in domain.words.values()),
        "n_better": len(better),
        "n_rewritten": n_all,
        "ndcg_before": round(float(base.mean()), 4),
        "reordered": round(unlike, 4),
        "words_a_point": round(sum(map(len, (domain.points_of[word] for word in better))) / domain.n_points, 1),
        "gain": [round(value, 5) for value in (gain.mean, gain.low, gain.high)],
        "orders": orders,
    }


def longest(order, most, count):
    """Length of the longest prefix of which no more than `most` are counted."""
    sizes = [count(set(order[:n])) for n in range(len(order) + 1)]
    return int(np.searchsorted(sizes, most, side="right")) - 1
