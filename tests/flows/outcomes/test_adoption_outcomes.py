"""What adopting added, would add, or took off a live collection is told, and which points have no text."""

import pytest

from flows.outcomes.adoption_outcomes import AdoptOutcome

SETTINGS = {"k": 1.2, "b": 0.75, "avg_len": 40.04}
COMMON = {"collection": "docs", "vectors": ["minicoil", "bm25"], "n_points": 1200}


def lines_of(capsys, **values):
    AdoptOutcome.of({**COMMON, **values}).show()
    return capsys.readouterr().out.splitlines()


def test_what_was_written_and_what_is_left(capsys):
    lines = lines_of(
        capsys, **SETTINGS, n_written=1000, n_due=150, n_without_text=50, importance="a" * 64, message="part 1/2 is done",
        without_text=[f"point {i}: nothing in body" for i in range(7)],
    )  # fmt: skip
    assert lines[0] == (
        "docs: 1,200 points; 1,000 written, 150 left, 50 without text; vectors minicoil, bm25; "
        f"k=1.2, b=0.75, avg_len=40.0, importance {'a' * 12}"
    )
    assert lines[1:6] == [f"  no text point {i}: nothing in body" for i in range(5)]
    assert lines[6:] == ["part 1/2 is done"]


def test_a_dry_run_says_what_would_be_written_and_the_cost_where_it_was_measured(capsys):
    dry = {**SETTINGS, "dry_run": True, "n_due": 1000, "n_without_text": 3}
    promise = "docs: 1,000 of 1,200 points would get the vectors minicoil, bm25; k=1.2, b=0.75, avg_len=40.0"
    assert lines_of(capsys, **dry) == [promise]
    assert lines_of(capsys, **dry, seconds_expected=1234.4, n_sampled=500) == [
        promise,
        "encoding them takes about 1,234 s here, one worker",
        "of 500 points sampled 3 have no text",
    ]


@pytest.mark.parametrize(("dry_run", "verb"), [(True, "would be"), (False, "were")])
def test_what_goes_back_is_told_as_done_or_as_planned(capsys, dry_run, verb):
    (line,) = lines_of(capsys, n_cleared=700, dry_run=dry_run, vectors=[])
    assert line == f"docs: 700 of 1,200 points carry what {verb} taken off; vectors: none"
