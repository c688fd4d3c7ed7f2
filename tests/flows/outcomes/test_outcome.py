"""What a flow answers does not change, is the command's JSON document, and has typed fields."""

import copy
import dataclasses
import importlib
import json
import pickle
import typing

import pytest

from flows.orchestration.embedded import FLOWS
from flows.outcomes.collection_outcomes import IndexOutcome
from flows.outcomes.outcome import Outcome
from flows.outcomes.release_outcomes import ReencodingOutcome
from flows.outcomes.word_outcomes import ExtensionOutcome, RemovalOutcome, RetrainOutcome

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
DOCUMENT = {"release": 3, "collections": [{"name": "docs"}], "new": 1, "seconds": {"total": 1.5}}


def test_it_is_its_document_in_the_documents_order():
    outcome = ReencodingOutcome.of(DOCUMENT)
    assert outcome == DOCUMENT and list(outcome) == list(DOCUMENT)
    assert json.dumps(outcome) == json.dumps(DOCUMENT)
    assert outcome["release"] == 3 and outcome.get("message") is None and {**outcome} == DOCUMENT
    assert isinstance(outcome, dict) and "new" in outcome  # a key without a field is not lost


def test_its_fields_are_the_keys_and_what_is_left_out_is_empty():
    outcome = ReencodingOutcome.of(DOCUMENT)
    assert (outcome.release, outcome.seconds["total"], outcome.message, outcome.swept) == (3, 1.5, None, ())
    assert not outcome.promoted


def test_seconds_that_are_still_counted_are_seen():
    seconds = {}
    outcome = ReencodingOutcome.of({**DOCUMENT, "seconds": seconds})
    seconds["total"] = 2.0  # a flow's clock stops after the flow has said what it answers
    assert outcome.seconds == outcome["seconds"] == {"total": 2.0}


def test_it_made_of_fields_has_them_as_its_document():
    made = RemovalOutcome(release=None, words=[])
    assert json.loads(json.dumps(made)) == {
        "seconds": {}, "words": [], "promoted": False, "collections": [], "behind": [], "waiting": [], "refused": False,
        "pending": False,
    }  # fmt: skip


def test_it_does_not_change():
    outcome = ReencodingOutcome.of(DOCUMENT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome.release = 4
    for change in (
        lambda: outcome.__setitem__("release", 4),
        lambda: outcome.update(release=4),
        lambda: outcome.pop("release"),
        lambda: outcome.__delitem__("release"),
        lambda: outcome.setdefault("x", 1),
        lambda: outcome.__ior__({"release": 4}),
        outcome.clear,
        outcome.popitem,
    ):
        with pytest.raises(TypeError, match="does not change"):
            change()
    copied = outcome.to_json()
    copied["release"] = 4
    assert outcome == DOCUMENT and type(copied) is dict


def test_a_copy_and_a_pickle_of_it_are_the_same_outcome():
    outcome = ReencodingOutcome.of(DOCUMENT)
    for again in (pickle.loads(pickle.dumps(outcome)), copy.deepcopy(outcome), copy.copy(outcome)):
        assert type(again) is ReencodingOutcome and again == outcome and again.release == 3
        assert list(again) == list(outcome)


def test_a_document_without_what_a_flow_always_answers_is_refused():
    with pytest.raises(TypeError, match="n_written"):
        IndexOutcome.of({"collection": "docs", "n_points": 1, "release": None, "k": 1.2, "b": 0.75, "avg_len": 3.0})


@pytest.mark.parametrize("name", sorted([*FLOWS, "reap-runs"]))
def test_every_flow_answers_with_an_outcome_of_its_own(name):
    module, function = {**FLOWS, "reap-runs": ("flows.reap_runs", "reap_runs")}[name]
    kind = typing.get_type_hints(getattr(importlib.import_module(module), function).fn)["return"]
    assert issubclass(kind, Outcome) and kind.__dataclass_params__.frozen
    assert kind.__doc__ and f"`{name}`" in " ".join(base.__doc__ or "" for base in kind.__mro__[:2])


# -- for a person


def said(outcome, capsys):
    outcome.show()
    return capsys.readouterr().out


def test_an_outcome_without_lines_of_its_own_shows_its_keys(capsys):
    shown = said(Outcome.of({"n_points": 1200, "seconds": {"total": 1.5}, "names": ["a", "b"]}), capsys)
    assert shown.splitlines() == ["n points: 1200", "seconds: total 1.500", "names: a, b"]


def test_a_dry_run_shows_words_points_and_what_is_pending(capsys):
    word = {"word": "pod", "kind": "named", "n_points": 7, "reasons": ["asked for"]}
    refused = {"word": "zzz", "reason": "18 sentences found, 25 required"}
    common = {"corpus": {}, "unusable": [{"n": 2, "reason": "no text", "examples": ["line 3"]}]}
    document = {"dry_run": True, "release": None, "words": [word], "refused_words": [refused], "estimate": {"n": 2}}
    lines = said(ExtensionOutcome.of({**document, **common, "message": "release 4 is pending"}), capsys)
    for part in (
        "2 no text, such as line 3",
        "pod",
        "asked for",
        "not taken zzz: 18 sentences",
        "release 4 is pending",
    ):
        assert part in lines


def test_a_removal_shows_verdicts_release_and_seconds(capsys):
    rows = [
        {"word": "pod", "verdict": "removed", "reason": "asked for"},
        {"word": "x", "verdict": "kept_bm25", "reason": "'x' was not in the vocabulary"},
    ]
    outcome = RemovalOutcome.of(
        {"release": 4, "parent": 3, "promoted": True, "words": rows, "seconds": {"publish": 2.0}}
    )
    lines = said(outcome, capsys)
    for part in (
        "1 kept_bm25, 1 removed",
        "1 not trained",
        "release 4, grown from release 3; promoted: True",
        "publish 2",
    ):
        assert part in lines


def test_a_retraining_says_what_most_of_its_gain_costs(capsys):
    rows = [
        {"n_words": 3, "n_points": 250, "share_of_gain": 0.5},
        {"n_words": 12, "n_points": 740, "share_of_gain": 0.803},
        {"n_words": 480, "n_points": 2650, "share_of_gain": 1.0},
    ]
    weak = [{"word": "pod", "reasons": ["ordering 0.55 is under 0.60"]}]
    answer = {"release": None, "words": [], "n_measured": 500, "underperforming": weak, "n_left_out": 479}
    RetrainOutcome.of({**answer, "frontier": rows}).show()
    said = " ".join(capsys.readouterr().out.split())
    assert "480 of 500 measured words do badly" in said and "479 more do badly and stay" in said
    assert "12 of 480 words reach 80% of the expected gain for 28% of the points: --max-points 740" in said
    RetrainOutcome.of({**answer, "frontier": rows[2:]}).show()
    assert "--max-points 2650" not in capsys.readouterr().out
