"""What a run may write is one allowance for all of its steps, and reaches whoever re-encodes."""

import pytest
from pydantic import ValidationError

from flows.forms.expansion_parameters import BudgetParameters, ReencodeParameters


def test_all_steps_of_a_run_share_one_allowance():
    asked = ReencodeParameters(points_budget=100, window="22:00-06:00")
    assert asked.allowance is asked.allowance is asked.expansion.allowance
    assert ReencodeParameters().allowance is not asked.allowance


def test_how_hard_it_may_press_reaches_whoever_re_encodes():
    asked = ReencodeParameters(points_per_second=50.0, allow_missing_text=True, part="2/4")
    options = asked.expansion
    assert (options.points_per_second, options.allow_missing_text, options.part) == (50.0, True, (1, 4))
    usual = ReencodeParameters().expansion
    assert (usual.points_per_second, usual.allow_missing_text, usual.part) == (None, False, None)


def test_a_flow_that_only_may_re_encode_says_nothing_of_pace_and_share():
    options = BudgetParameters(points_budget=5).expansion
    assert options.points_per_second is None and options.part is None and not options.allowance.is_spent


@pytest.mark.parametrize(
    "wrong", [{"points_budget": 0}, {"points_per_second": 0}, {"grace_hours": -1}, {"window": "22-6"}]
)
def test_what_is_no_budget_pace_or_time_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ReencodeParameters(**wrong)
