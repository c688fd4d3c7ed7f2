"""What all forms share is refused or filled in before a flow begins."""

import pytest
from pydantic import ValidationError

from flows.forms.expansion_parameters import ReencodeParameters
from flows.forms.parameters import ExtendParameters, IndexParameters, RemoveParameters
from flows.forms.place_parameters import MAX_WORDS, ChannelParameters, PlaceParameters, read_part
from minicoil.text.languages import SNOWBALL
from tasks.place import Place


def test_the_form_lists_the_languages_of_the_library():
    from flows.forms.place_parameters import LanguageCode

    assert LanguageCode.__args__ == tuple(SNOWBALL)


@pytest.mark.parametrize("field", ["store", "qdrant_url"])
@pytest.mark.parametrize("address", ["s3://me:secret@bucket/x", "http://q:6333?api-key=secret"])
def test_an_address_with_a_secret_in_it_is_refused_and_not_repeated(field, address):
    with pytest.raises(ValidationError) as caught:
        PlaceParameters(**{field: address})
    said = str(caught.value)
    assert "carries a user name, password or key; secrets come from the environment alone" in said
    assert "secret@" not in said and "api-key" not in said and field in said


def test_addresses_are_those_given_or_the_workers_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_HOME", str(tmp_path / "workers"))
    assert PlaceParameters().place() == Place.at(tmp_path / "workers")
    given = PlaceParameters(home=str(tmp_path / "own"), store="s3://bucket/x").place()
    assert given.home == tmp_path / "own" and given.store_url == "s3://bucket/x"
    for wrong in ({"home": ""}, {"hom": "typed wrong"}):
        with pytest.raises(ValidationError):
            PlaceParameters(**wrong)


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "x" * 101, "-x", "\u00e9"])
def test_what_is_no_name_of_a_channel_is_refused(name):
    with pytest.raises(ValidationError, match="channel"):
        ChannelParameters(channel=name)
    assert ChannelParameters(channel="x" * 100).channel and ChannelParameters().channel == "production"


@pytest.mark.parametrize("part", ["1/1", "2/4", "9999/9999"])
def test_a_part_is_a_share_of_the_whole(part):
    one, total = map(int, part.split("/"))
    assert read_part(ReencodeParameters(part=part).part) == (one - 1, total)


@pytest.mark.parametrize("part", ["0/4", "5/4", "1/0", "1", "1/4/2", "-1/4", "1/10000", "a/b", "01/4"])
def test_what_is_no_part_is_refused(part):
    with pytest.raises(ValidationError, match="part"):
        ReencodeParameters(part=part)


def test_no_part_is_the_whole():
    assert read_part(None) is None is read_part("")


@pytest.mark.parametrize("window", ["22:00-06:00", "00:00-23:59"])
def test_a_window_is_of_hours(window):
    assert ReencodeParameters(window=window).window == window
    with pytest.raises(ValidationError, match="window"):
        ReencodeParameters(window=window + "x")


@pytest.mark.parametrize("words", [["w"] * (MAX_WORDS + 1), ["w" * 101] * MAX_WORDS])
def test_more_words_than_a_form_takes_are_sent_to_a_file(words):
    with pytest.raises(
        ValidationError, match=f"{len(words):,} words were given and a form takes 5,000; write them into"
    ):
        RemoveParameters(words=words)
    assert len(RemoveParameters(words=["w"] * MAX_WORDS).words) == MAX_WORDS


def test_a_profile_fills_in_what_nobody_said():
    filled = ExtendParameters(corpus=["x"], profile="minicoil-v1")
    assert filled.base == "Qdrant/minicoil-v1" and filled.role_model == "mixedbread-ai/mxbai-embed-large-v1"
    said = ExtendParameters(corpus=["x"], profile="minicoil-v1", base="./mine")
    assert said.base == "./mine" and said.role_model == "mixedbread-ai/mxbai-embed-large-v1"
    assert IndexParameters(corpus=["x"], collection="docs", profile="minicoil-v1").base == "Qdrant/minicoil-v1"
    assert ExtendParameters(corpus=["x"]).base is None


@pytest.mark.parametrize("form", [ExtendParameters, IndexParameters, ReencodeParameters, RemoveParameters])
def test_a_form_shows_what_is_required_first_and_addresses_last(form):
    schema = form.model_json_schema()
    names, required = list(schema["properties"]), schema.get("required", [])
    assert names[: len(required)] == required and names[-3:] == ["home", "store", "qdrant_url"]
    assert set(names) == set(form.model_fields)
