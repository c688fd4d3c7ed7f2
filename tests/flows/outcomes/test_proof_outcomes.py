"""What a measurement found is told set by set, with intervals, and what is only a proxy is called one."""

from flows.outcomes.proof_outcomes import ComparisonOutcome, EvaluationOutcome, interval, words_of

MEANS = {"ndcg@10": 0.5, "mrr@10": 0.6, "recall@100": 0.7}
CHANGE = {"change": 0.012, "low": 0.004, "high": 0.02}
CHANGES = dict.fromkeys(MEANS, CHANGE)
SET = {
    "set": "docs", "kind": "sense", "is_proxy": True, "n_documents": 1200, "n_queries": 5,
    "bm25": MEANS, "minicoil": MEANS, "parent": MEANS, "against": {"bm25": CHANGES, "parent": CHANGES},
    "steps": [{"name": "+ 2 new words", "ndcg@10": 0.51, **CHANGE}],
    "queries": [
        {"id": "a", "text": "pods " * 40, "change": 0.25, "words": [{"word": "pod", "effect": 0.3}]},
        {"id": "b", "text": "banks", "change": -0.5, "words": []},
        {"id": "c", "text": "same", "change": 0.0, "words": []},
    ],
    "words": [], "problems": [{"n": 2, "reason": "no text", "examples": []}],
    "trained_on": {"is_trained_on": False, "n_trained": 0, "n_sentences": 0},
}  # fmt: skip
GATE = {"verdict": "passed", "reasons": [], "hurting": []}


def shown(capsys, **changed):
    row = {**SET, **changed}
    EvaluationOutcome.of({**row, "model": "release 3", "release": 3, "sets": [row], "gate": GATE}).show()
    return capsys.readouterr().out.splitlines()


def cells(lines, begin):
    (found,) = [line for line in lines if line.startswith(begin + "  ")]
    return found[len(begin) :].split("  ")


def test_figures_stand_by_system_and_changes_with_their_interval(capsys):
    lines = shown(capsys)
    assert lines[1] == "docs: 5 queries, 1,200 documents (proxy, made without labels)"
    for system in ("BM25", "parent", "miniCOIL"):
        assert [part.strip() for part in cells(lines, system) if part.strip()] == ["0.5000", "0.6000", "0.7000"]
    for name in ("against BM25", "against the parent"):
        assert "+0.0120 [+0.0040, +0.0200]" in "".join(cells(lines, name))
    assert any(line.startswith("+ 2 new words") and "0.5100" in line for line in lines)
    assert not any("weighed" in line for line in lines)
    assert lines[-1] == "retrieval gate: passed" and "  2 no text" in lines


def test_queries_that_it_helped_and_hurt_are_shown_with_the_words_that_moved_them(capsys):
    lines = shown(capsys)
    assert "1 queries better, 1 worse, 3 as before" in lines
    helped, hurt = ([line for line in lines if line.startswith(sign)] for sign in ("+0.250", "-0.500"))
    assert "pod +0.30" in helped[0] and "..." in helped[0] or "\u2026" in helped[0]
    assert hurt[0].split() == ["-0.500", "banks", "several", "together"]


def test_a_judged_set_whose_text_trained_the_model_says_so(capsys):
    trained = {"is_trained_on": True, "n_trained": 30, "n_sentences": 40}
    line = shown(capsys, is_proxy=False, trained_on=trained)[1]
    assert line.endswith("(its text trained the model: 30 of 40 sentences looked at)") and "proxy" not in line
    assert shown(capsys, is_proxy=False)[1] == "docs: 5 queries, 1,200 documents"


def test_importance_has_rows_of_its_own(capsys):
    weighed = {"bm25_importance": MEANS, "minicoil_importance": MEANS}
    lines = shown(capsys, **weighed, importance=dict.fromkeys(weighed, CHANGES))
    for name in ("BM25, weighed", "miniCOIL, weighed"):
        assert cells(lines, name) and any(line.startswith(f"{name}: against BM25") for line in lines)


def test_words_that_moved_a_query_are_three_at_most_and_none_is_several_together():
    words = [{"word": name, "effect": effect} for name, effect in (("a", 0.5), ("b", -0.25), ("c", 0.1), ("d", 0.0))]
    assert words_of(words) == "a +0.50, b -0.25, c +0.10" and words_of([]) == "several together"
    assert interval(CHANGE) == "+0.0120 [+0.0040, +0.0200]"


RANKS = {
    "overlap": 0.875, "score_ratio": 1.5, "n_changed": 3, "n_top_changed": 1, "n_without_results_one": 0,
    "n_without_results_other": 2,
}  # fmt: skip
COMPARISON = {
    "one": 6, "other": 7, "collection": "docs", "limit": 10, "n_queries": 4, "sparse": RANKS, "fused": None,
    "fused_with": None, "why_not_fused": "docs has no dense vector", "problems": [{"n": 1, "reason": "empty lines"}],
    "queries": [
        {"overlap": 0.5, "text": "pods", "words": [{"word": "pod"}]},
        {"overlap": 1.0, "text": "unchanged", "words": []},
    ],
    "runs": ["a.6.run", "a.7.run"],
}  # fmt: skip


def test_two_releases_are_compared_in_figures_and_the_queries_that_change(capsys):
    ComparisonOutcome.of(COMPARISON).show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 queries on docs: release 6 against 7"
    assert lines[1] == (
        "sparse: overlap@10 0.875; 3 queries with other results, 1 with another first one; without results 0 and 2"
    )
    assert lines[2] == "not fused with a dense vector: docs has no dense vector"
    assert lines[3] == "best scores under release 7 are 1.50 times those under 6"
    assert any(line.split() == ["0.5", "pods", "pod"] for line in lines)
    assert not any("unchanged" in line for line in lines)
    assert lines[-2:] == ["  1 empty lines", "written: a.6.run, a.7.run"]
    ComparisonOutcome.of({**COMPARISON, "fused": RANKS, "sparse": {**RANKS, "score_ratio": None}}).show()
    fused = capsys.readouterr().out
    assert "fused: overlap@10" in fused and "not fused" not in fused and "best scores" not in fused
