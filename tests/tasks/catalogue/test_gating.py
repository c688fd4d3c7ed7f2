import pytest

from tasks.catalogue.gating import PromotionFloors, decide_promotion

GOOD = {"parity": {"n_texts": 208}, "verdicts": {"accepted": 18, "kept_bm25": 2}, "mean_ordering_accuracy": 0.78}


def test_a_good_release_passes_and_says_what_was_seen():
    gate = decide_promotion(GOOD)
    assert gate.passed and not gate.reasons
    assert any("208 texts" in remark for remark in gate.remarks)
    assert any("not evaluated" in remark for remark in gate.remarks)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parity": None}, "were not compared"),
        ({"parity": {"n_texts": 0}}, "were not compared"),
        ({"verdicts": {}}, "no verdict on any word"),
        ({"verdicts": {"accepted": 7, "failed": 1}}, "1 of 8 words failed in training, at most 10%"),
        ({"mean_ordering_accuracy": 0.55}, "ordering accuracy 0.550, at least 0.62"),
        ({"retrieval_gate": {"verdict": "failed", "reasons": ["nDCG@10 -.02"]}}, "retrieval: nDCG@10 -.02"),
        ({"retrieval_gate": {"verdict": "failed"}}, "retrieval got worse"),
        ({"retrieval_gate": {"verdict": "maybe"}}, "'maybe' is none of"),
    ],
)
def test_each_gate_refuses_by_itself_and_says_why(change, reason):
    gate = decide_promotion({**GOOD, **change})
    assert not gate.passed and len(gate.reasons) == 1
    assert reason in gate.reasons[0]


def test_a_retrieval_verdict_without_harm_is_a_remark():
    for verdict in ("passed", "inconclusive"):
        gate = decide_promotion({**GOOD, "retrieval_gate": {"verdict": verdict, "reasons": ["300 queries"]}})
        assert gate.passed and f"retrieval {verdict}: 300 queries" in gate.remarks


def test_nothing_known_is_refused_for_every_missing_fact():
    assert len(decide_promotion({}).reasons) == 2


def test_a_removal_trains_nothing_and_passes():
    assert decide_promotion(
        {"parity": {"n_texts": 9}, "verdicts": {"removed": 2}, "mean_ordering_accuracy": None}
    ).passed


def test_floors_can_be_raised():
    assert not decide_promotion(GOOD, PromotionFloors(min_mean_ordering=0.8)).passed
