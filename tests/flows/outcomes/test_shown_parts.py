"""Parts that several answers share say everything that a person has to know, and nothing that is not so."""

import pytest

from flows.outcomes.shown_parts import (
    describe_costs,
    show_collections,
    show_frontier,
    show_gate,
    show_mapping,
    show_problems,
)


@pytest.fixture
def told(capsys):
    """The lines that showing something leaves."""

    def show(function, *arguments):
        function(*arguments)
        return capsys.readouterr().out.splitlines()

    return show


def test_a_mapping_is_a_line_a_key_and_long_lists_are_counted(told):
    shown = told(
        show_mapping,
        {
            "n_points": 1200,
            "seconds": {"total": 1.5, "n": 1000, "kind": "x"},
            "names": ["a", "b"],
            "rows": list(range(7)),
            "nothing": None,
            "waiting": [{"message": "cells of release 1 wait"}],
        },
    )
    assert shown == [
        "n points: 1200",
        "seconds: total 1.500, n 1,000, kind x",
        "names: a, b",
        "rows: 7 rows (--json shows them)",
        "nothing: None",
        "cells of release 1 wait",
    ]


def test_problems_have_their_number_reason_and_two_examples(told):
    rows = [
        {"n": 1200, "reason": "no text", "examples": ["a:1", "a:2", "a:3"]},
        {"n": 1, "reason": "odd", "examples": []},
    ]
    assert told(show_problems, rows) == ["  1,200 no text, such as a:1, a:2", "  1 odd"]


COLLECTION = {"name": "docs", "n_points": 1200, "n_affected": 30, "n_rewritten": 7}
COSTS = {
    "cpu_hours": 1.5, "wall_hours": 0.25, "nights": 3, "postings": 12_000, "memory_bytes": 2**21, "disk_bytes": 2**20,
    "posting_bytes": 8,
    "computed_from": {
        "cpu_seconds_per_point": 0.004, "seconds_per_point": 0.002, "n_timed": 50, "source": "this run",
        "seconds_finding": 7.0, "cells_per_point": 4.25,
    },
}  # fmt: skip


def test_collections_are_counted_with_what_would_change_and_cost(told):
    words = [
        {"word": "pod", "n_points": 7, "examples": ["A pod " * 40]},
        {"word": "rare", "n_points": 0, "examples": []},  # in none: no line
    ]
    idf = [
        {"is_off": True, "word": "pod", "engine": 1.25, "expected": 2.5},
        {"is_off": False, "word": "node", "engine": 1.0, "expected": 1.0},
    ]
    planned = {**COLLECTION, "words": words, "seconds_expected": 61.4, "costs": COSTS, "idf": idf}
    shown = told(show_collections, [planned], [{"message": "cells wait"}])
    page = "\n".join(shown)
    assert shown[1].split() == ["docs", "1,200", "30", "7"]
    assert "docs: first of 2 changed words" in page and "rare" not in page and "A pod A pod" in page
    assert "encoding them takes about 61 s here" in page and describe_costs(COSTS) in shown
    assert "docs: 'pod' is weighed by 1.250, 2.500 is right" in page and "node" not in page
    assert shown[-1] == "cells wait"
    assert told(show_collections, [], []) == []


def test_costs_are_told_with_what_they_were_computed_from():
    assert describe_costs(COSTS) == (
        "1.50 CPU-hours (4.0 ms a point, 50 timed), 0.25 h of one worker (2.0 ms a point by this run, 7 s finding "
        "them); 3 runs within the budget; 12,000 more postings (4.2 a point), 2.0 MiB of them in memory (8 bytes each), "
        "1.0 MiB on disk until the optimiser has run"
    )
    assert "runs within" not in describe_costs({**COSTS, "nights": 0})


def frontier(*shares):
    return [{"n_words": 10 * i, "n_points": 100 * i, "share_of_gain": share} for i, share in enumerate(shares, 1)]


def test_the_price_of_most_of_the_gain_is_told_where_it_is_less_than_all(told):
    (line,) = told(show_frontier, frontier(0.5, 0.81, 0.9, 1.0))
    assert line == "20 of 40 words reach 81% of the expected gain for 50% of the points: --max-points 200"
    for nothing in ([], frontier(1.0), frontier(0.5, 1.0), frontier(0.2, 0.3)):
        assert told(show_frontier, nothing) == []


def test_a_gate_gives_its_verdict_reasons_and_what_to_do_about_words_that_hurt(told):
    gate = {"verdict": "failed", "reasons": ["nDCG@10 fell"], "hurting": ["pod", "node"]}
    assert told(show_gate, gate) == [
        "retrieval gate: failed",
        "  nDCG@10 fell",
        "words that lower retrieval: pod, node; `minicoil remove` returns them to BM25",
    ]
    assert told(show_gate, {"verdict": "passed", "reasons": [], "hurting": []}) == ["retrieval gate: passed"]
