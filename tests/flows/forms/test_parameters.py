"""The forms that the UI renders: every field explains itself, and no change of one goes unnoticed."""

import importlib
import json
import os
import typing
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.forms import parameters, release_parameters
from flows.orchestration.embedded import FLOWS

SCHEMAS = Path(__file__).with_name("schemas")
pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def schema_of(name):
    from prefect.utilities.callables import parameter_schema

    module, function = FLOWS[name]
    return parameter_schema(getattr(importlib.import_module(module), function)).model_dump_for_openapi()


def fields_of(schema):
    (model,) = [d for d in schema["definitions"].values() if d.get("title", "").endswith("Parameters")]
    return model["properties"]


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_the_form_is_the_one_that_was_agreed_on(name):
    """After a wanted change: `MINICOIL_WRITE_SCHEMAS=1 pytest tests/flows/forms/test_parameters.py`, and read the diff."""
    path, found = SCHEMAS / f"{name}.json", schema_of(name)
    if os.environ.get("MINICOIL_WRITE_SCHEMAS"):
        path.write_text(json.dumps(found, indent=1) + "\n")
    assert json.loads(path.read_text()) == found


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_field_has_a_title_and_a_description_and_a_literal_default_or_is_required(name):
    schema = schema_of(name)
    (model,) = [d for d in schema["definitions"].values() if d.get("title", "").endswith("Parameters")]
    for field, entry in model["properties"].items():
        assert entry.get("description"), field
        assert entry["title"] != field and entry["title"][0].isupper(), field
        assert "default" in entry or field in model["required"], field


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_no_default_comes_from_a_factory_because_the_form_would_not_show_it(name):
    module, function = FLOWS[name]
    flow = getattr(importlib.import_module(module), function)
    model = typing.get_type_hints(flow.fn)["parameters"]
    assert not [field for field, info in model.model_fields.items() if info.default_factory]


def test_a_form_begins_with_what_must_be_filled_in_and_ends_with_addresses():
    names = list(fields_of(schema_of("extend-vocabulary")))
    assert names[0] == "corpus" and names[-3:] == ["home", "store", "qdrant_url"]
    assert list(fields_of(schema_of("promote-release")))[:2] == ["release", "channel"]


def test_bounds_and_choices_reach_the_form():
    fields = fields_of(schema_of("extend-vocabulary"))
    assert fields["dims"]["enum"] == [4, 8, 16]
    assert fields["target"]["enum"] == ["saturated", "correlation", "ordering"]
    assert fields["min_sentences"]["minimum"] == 10
    assert fields["corpus"]["minItems"] == 1 and fields["corpus"]["examples"]
    assert fields_of(schema_of("publish-release"))["promote"]["enum"] == ["here", "elsewhere", "no"]


def test_what_only_fields_together_say_is_refused_in_one_line():
    with pytest.raises(
        ValidationError, match="min_sentences 50 is more than max_sentences 20: no word could be trained"
    ):
        parameters.ExtendParameters(corpus=["x"], min_sentences=50, max_sentences=20)


def test_an_empty_home_is_the_workers_own(monkeypatch, tmp_path):
    monkeypatch.setenv("MINICOIL_HOME", str(tmp_path))
    assert release_parameters.PromoteParameters(release=1).place().home == tmp_path
    assert (
        release_parameters.PromoteParameters(release=1, home=str(tmp_path / "other")).place().home == tmp_path / "other"
    )


@pytest.mark.parametrize("also", [{"dry_run": True}, {"max_points": 10}])
def test_ambiguous_words_are_found_by_looking_at_sentences_which_a_dry_run_does_not(also):
    with pytest.raises(ValidationError, match="ambiguous words are found by encoding"):
        parameters.ExtendParameters(corpus=["x"], ambiguous=5, **also)
