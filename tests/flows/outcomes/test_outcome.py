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
from flows.outcomes.word_outcomes import RemovalOutcome

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
