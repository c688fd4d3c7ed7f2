"""An encoder that does not fit the layers is one error, before anything is read or trained."""

import json
from dataclasses import replace

import numpy as np
import pytest
from planted_words import WIDTH, planted_parent

from minicoil.errors import EncoderError
from tasks.models.encoder_check import check_encoder, choose_role_model


@pytest.fixture
def parent(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    return planted_parent(tmp_path, {"pod": np.zeros((WIDTH, 4))})


def test_the_encoder_that_the_layers_were_made_for_passes(parent):
    check_encoder(parent, parent.facts.encoder)
    check_encoder(parent, "minilm")  # the default stands for what is there
    check_encoder(replace(parent, facts=replace(parent.facts, encoder="owner/not-here")), "owner/not-here")


def test_another_encoder_is_refused_by_name(parent):
    with pytest.raises(EncoderError, match="made with encoder .*, not 'other/model', which cannot be changed"):
        check_encoder(parent, "other/model")


def test_a_folder_whose_width_changed_is_refused(parent):
    (parent.folder / "config.json").write_text(json.dumps({"hidden_size": 768}))
    with pytest.raises(
        EncoderError, match=f"gives 768 numbers a token, the layers take {WIDTH}; its folder was changed"
    ):
        check_encoder(parent, parent.facts.encoder)


def test_a_release_whose_files_are_of_different_models_is_refused(parent):
    mixed = replace(parent, facts=replace(parent.facts, width=512))
    with pytest.raises(EncoderError, match=f"gives 512 numbers a token, the layers of .* take {WIDTH}"):
        check_encoder(mixed, mixed.facts.encoder)


def test_an_unreadable_configuration_is_named(parent):
    (parent.folder / "config.json").write_text("{")
    with pytest.raises(EncoderError, match="config.json cannot be read"):
        check_encoder(parent, parent.facts.encoder)


def test_the_default_role_model_stands_for_the_lineages_and_another_is_refused():
    assert choose_role_model("other/role", None) == "other/role"  # nobody said what an imported base was made with
    assert choose_role_model("minilm", "other/role") == choose_role_model("other/role", "other/role") == "other/role"
    with pytest.raises(
        EncoderError, match="trained with role model 'minilm', not 'other/role'.*leave --role-model out"
    ):
        choose_role_model("other/role", "minilm")
