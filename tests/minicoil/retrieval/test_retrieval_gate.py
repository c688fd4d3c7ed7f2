import pytest

from minicoil.config import RetrievalGateConfig
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.retrieval_gate import SetEvidence, hurting_words, judge_release, judge_set

CONFIG = RetrievalGateConfig()
SAME = Difference(0.0, -0.001, 0.001, 300)


def evidence(mean, low, high, n=300, kind="known_item", parent=SAME):
    return SetEvidence("docs", kind, Difference(mean, low, high, n), parent)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (evidence(0.01, 0.002, 0.018), "passed"),
        (evidence(-0.002, -0.010, 0.006), "passed"),  # within the margin
        (evidence(-0.015, -0.025, -0.005), "failed"),  # below by more than noise
        (evidence(-0.014, -0.028, 0.001), "failed"),  # narrow enough, and a loss not excluded
        (evidence(0.0, -0.05, 0.05), "inconclusive"),  # so wide that nothing could pass
        (evidence(0.05, 0.01, 0.09, n=20), "inconclusive"),  # too few, whatever they say
        (evidence(-0.20, -0.30, -0.10, n=20), "failed"),  # a loss that even few show
        (
            evidence(0.01, 0.002, 0.018, parent=Difference(-0.03, -0.04, -0.02, 300)),
            "failed",
        ),  # above BM25, below its parent
        (evidence(0.03, 0.01, 0.05, kind="sense"), "passed"),
        (evidence(0.01, -0.01, 0.03, kind="sense"), "inconclusive"),  # a gain is not shown
        (evidence(-0.001, -0.01, 0.01, kind="sense"), "failed"),  # no gain where meanings differ
    ],
)
def test_a_set_is_judged_by_its_interval(found, verdict):
    judged = judge_set(found, CONFIG)
    assert judged.verdict == verdict and judged.reasons


def test_a_step_below_the_one_before_fails_even_where_the_whole_is_not_below():
    good, bad = Difference(0.03, 0.02, 0.04, 300), Difference(-0.025, -0.035, -0.015, 300)
    taken = SetEvidence(
        "docs", "known_item", good, SAME, (("the parent, by new words alone", good), ("its new words", bad))
    )
    judged = judge_set(taken, CONFIG)
    assert judged.verdict == "failed" and "against its new words" in judged.reasons[0] and len(judged.reasons) == 1
    assert (
        judge_set(SetEvidence("docs", "known_item", good, SAME, (("its new words", SAME),)), CONFIG).verdict == "passed"
    )


def test_one_failed_set_fails_a_release_and_a_small_one_neither_promotes_nor_blocks_it():
    good, bad, small = evidence(0.01, 0.002, 0.018), evidence(-0.03, -0.05, -0.01), evidence(0.0, -0.1, 0.1, n=10)
    assert judge_release([good, bad], CONFIG).verdict == "failed"
    assert judge_release([small], CONFIG).verdict == "inconclusive"
    assert judge_release([small, good], CONFIG).verdict == "passed"
    nothing = judge_release([], CONFIG)
    assert nothing.verdict == "inconclusive" and "--evaluate DIR" in nothing.reasons[0]


def test_a_handful_of_queries_shows_no_loss_even_where_all_of_them_lose():
    few, enough = (evidence(-0.125, -0.125, -0.125, n=n, kind="sense") for n in (4, 8))
    assert judge_set(few, CONFIG).verdict == "inconclusive"
    assert judge_set(enough, CONFIG).verdict == "failed"


def test_the_verdict_as_a_fact_says_set_figures_and_reason():
    row = judge_release([evidence(-0.03, -0.05, -0.01)], CONFIG, ["pod"]).to_row()
    assert row["verdict"] == "failed" and row["hurting"] == ["pod"]
    assert row["sets"][0]["against_bm25"] == {"change": -0.03, "low": -0.05, "high": -0.01}
    assert "docs: -0.0300" in row["reasons"][0]


def test_a_word_that_lowers_many_queries_is_named_and_one_that_lowers_few_is_not():
    many = {(f"q{i}", "flow"): -0.1 - 0.01 * i for i in range(12)}
    few = {(f"q{i}", "pod"): -0.5 for i in range(3)}
    noise = {(f"q{i}", "node"): (-1) ** i * 0.3 for i in range(20)}
    assert hurting_words([{**many, **few, **noise}], CONFIG) == ["flow"]
    halves = [dict(list(many.items())[:6]), dict(list(many.items())[6:])]
    assert hurting_words(halves, CONFIG) == ["flow"]  # over all sets together


def test_a_quick_look_names_every_word_that_loses_and_looks_at_few():
    quick = RetrievalGateConfig.at_most(40)
    assert (quick.max_queries, quick.max_documents) == (40, 40)
    loses = {(f"q{i}", "pod"): effect for i, effect in enumerate((-0.5, 0.1, 0.2))}
    gains = {(f"q{i}", "flow"): effect for i, effect in enumerate((-0.1, 0.3, 0.2))}
    nothing = {(f"q{i}", "node"): 0.0 for i in range(9)}
    two = {(f"q{i}", "cell"): -0.5 for i in range(2)}
    assert hurting_words([{**loses, **gains, **nothing, **two}], quick) == ["pod"]
    assert hurting_words([loses], CONFIG) == []


def frozen(mean, low, high, n=300, bm25=SAME):
    return SetEvidence("docs as release 4 found it", "known_item", bm25, Difference(mean, low, high, n), best=4)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (frozen(0.002, -0.004, 0.008), "passed"),
        (frozen(-0.006, -0.013, 0.001), "passed"),  # noise
        (frozen(-0.004, -0.007, -0.001), "passed"),  # certain, and too little to matter
        (frozen(-0.008, -0.014, -0.002), "failed"),  # which the parent's margin would let pass, night after night
        (frozen(-0.008, -0.014, -0.002, n=20), "inconclusive"),
        (frozen(0.001, -0.004, 0.008, bm25=Difference(-0.03, -0.04, -0.02, 300)), "failed"),
    ],
)
def test_questions_of_the_best_release_say_no_to_small_losses_that_add_up(found, verdict):
    judged = judge_set(found, CONFIG)
    assert judged.verdict == verdict
    assert "BM25" in judged.reasons[0] or "release 4, the best so far" in judged.reasons[0]


def test_questions_of_the_best_release_promote_nothing_by_themselves():
    good, small = frozen(0.01, 0.002, 0.018), evidence(0.0, -0.1, 0.1, n=10)
    assert judge_release([small, good], CONFIG).verdict == "inconclusive"
    assert judge_release([evidence(0.01, 0.002, 0.018), good], CONFIG).verdict == "passed"
    verdict = judge_release([evidence(0.01, 0.002, 0.018), frozen(-0.03, -0.04, -0.02)], CONFIG)
    assert verdict.verdict == "failed" and verdict.to_row()["sets"][1]["best"] == 4
    assert "best" not in verdict.to_row()["sets"][0]
