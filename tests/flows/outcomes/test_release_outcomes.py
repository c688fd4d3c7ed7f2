"""A move of a channel is told by what was re-encoded and what still waits."""

import pytest

from flows.outcomes.release_outcomes import AbandonOutcome, PublishOutcome, ReencodingOutcome, RollbackOutcome


def test_what_was_re_encoded_and_what_waits(capsys):
    ReencodingOutcome.of(
        {
            "release": 3,
            "collections": [{"name": "docs", "n_points": 1200, "n_affected": 30, "n_rewritten": 30}],
            "waiting": [{"message": "cells of release 2 wait for shop-api"}],
            "message": "paused: the budget is spent",
        }
    ).show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "paused: the budget is spent" and lines[-1] == "cells of release 2 wait for shop-api"
    assert lines[2].split() == ["docs", "1,200", "30", "30"]


def test_nothing_to_re_encode_is_nothing_to_show(capsys):
    ReencodingOutcome.of({"release": 3, "collections": []}).show()
    assert capsys.readouterr().out == ""


def test_answers_without_lines_of_their_own_show_every_key(capsys):
    RollbackOutcome.of({"channel": "production", "release": 1, "previous": 2, "promoted": True}).show()
    assert capsys.readouterr().out.splitlines() == [
        "channel: production",
        "release: 1",
        "previous: 2",
        "promoted: True",
    ]


@pytest.mark.parametrize("kind", [ReencodingOutcome, PublishOutcome, RollbackOutcome, AbandonOutcome])
def test_what_a_flow_always_answers_cannot_be_left_out(kind):
    with pytest.raises(TypeError, match="missing .* required keyword-only argument"):
        kind.of({})
