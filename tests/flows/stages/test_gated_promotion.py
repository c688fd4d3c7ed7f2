"""A release is served where every gate passes, and else waits for a person who is told how to serve it."""

import pytest

from flows.forms.parameters import ExtendParameters
from flows.stages.gated_promotion import refusal, settle_answered, settle_release
from flows.stages.steps import Clock
from tasks.catalogue.approvals import hold_release, read_waiting
from tasks.catalogue.channels import read_channel
from tasks.catalogue.releases import publish_release
from tasks.place import Place


def test_a_refused_release_names_the_command_that_serves_it_nevertheless():
    said = refusal(5, ["below BM25", "parity"], "2026-12-01")
    assert "below BM25; parity" in said and "`minicoil release promote 5`" in said and "2026-12-01" in said


GOOD = {"parity": {"n_texts": 208, "with_fastembed": True}, "verdicts": {"accepted": 3}}
BAD = {"verdicts": {"accepted": 3}}


@pytest.fixture
def place(tmp_path):
    """A home without releases."""
    return Place.at(tmp_path / "home")


@pytest.fixture
def manifest(place, tmp_path):
    """A function that publishes a release of these facts, which is nothing but a card."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("# A model\n")
    return lambda facts, parent=None: publish_release(place.objects(), tmp_path / "model", parent, facts).manifest


def test_nobody_who_only_publishes_is_refused_anything(place, manifest):
    outcome = settle_release(place, "production", manifest(BAD), False, Clock())
    assert not outcome["promoted"] and "refused" not in outcome and not outcome["gate"]["passed"]
    assert read_waiting(place.objects(), "production", 1) is None
    assert read_channel(place.objects(), "production").pending is None


@pytest.mark.parametrize("wish", [True, "elsewhere"])
def test_a_release_that_a_gate_refuses_waits_for_a_person_whoever_would_promote_it(place, manifest, wish):
    outcome = settle_release(place, "production", manifest(BAD), wish, Clock(), approval_days=3)
    assert outcome["refused"] and not outcome["promoted"] and "pending" not in outcome
    waiting = read_waiting(place.objects(), "production", 1)
    assert waiting.until.isoformat(timespec="seconds") == outcome["expires_at"]
    assert (waiting.until - waiting.since).days == 3
    assert outcome["message"] == refusal(1, waiting.reasons, outcome["expires_at"])
    state = read_channel(place.objects(), "production")
    assert state.pending is None and state.current is None


def test_what_is_left_to_others_is_announced_as_pending(place, manifest):
    outcome = settle_release(place, "production", manifest(GOOD), "elsewhere", Clock())
    assert outcome["pending"] and not outcome["promoted"] and outcome["gate"]["passed"]
    assert read_channel(place.objects(), "production").pending == 1


def test_a_release_that_passes_is_served_and_waits_no_more(place, manifest):
    hold_release(place.objects(), "production", 1, ["for a person"], 3)
    clock = Clock()
    outcome = settle_release(place, "production", manifest(GOOD), True, clock)  # no collection to re-encode
    assert outcome["promoted"] and read_channel(place.objects(), "production").current == 1
    assert read_waiting(place.objects(), "production", 1) is None and "promote" in clock.seconds


def asked(**values):
    return ExtendParameters(corpus=["x"], words=["pod"], **values)


def test_a_request_that_was_answered_and_is_served_has_nothing_to_do(place, manifest):
    settle_release(place, "production", manifest(GOOD), True, Clock())
    answer = settle_answered(place, asked(), manifest(GOOD), Clock())
    assert answer == {
        "parent": 1,
        "message": "nothing to do: release 1 answered this request on the same text",
        "promoted": True,
        "collections": [],
    }


def test_an_answer_that_was_never_promoted_is_promoted_now_where_that_is_asked_for(place, manifest):
    untouched = settle_answered(place, asked(promote=False), manifest(GOOD), Clock())
    assert not untouched["promoted"] and read_channel(place.objects(), "production").current is None
    answer = settle_answered(place, asked(), manifest(GOOD), Clock())
    assert answer["promoted"] and read_channel(place.objects(), "production").current == 1


def test_an_answer_that_waits_goes_on_waiting(place, manifest):
    settle_release(place, "production", manifest(BAD), True, Clock())
    answer = settle_answered(place, asked(), manifest(BAD), Clock())
    assert answer["refused"] and "waits for a person" in answer["message"] and not answer["promoted"]


def test_an_answer_that_grew_from_something_else_than_is_served_now_is_left(place, manifest):
    settle_release(place, "production", manifest(GOOD), True, Clock())
    other = manifest(GOOD).model_copy(update={"release": 6, "parent": 5})
    answer = settle_answered(place, asked(), other, Clock())
    assert not answer["promoted"] and answer["parent"] == 1 and read_channel(place.objects(), "production").current == 1
