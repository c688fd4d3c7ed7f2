"""Documents are read whole and by their model, or refused with what is wrong, whose it is and what to do."""

from typing import Annotated

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from minicoil.errors import ObjectNotFoundError, StoreUnavailableError
from tasks.store.formats import (
    DamageError,
    describe_problems,
    load_document,
    read_document,
    salvage_fields,
    write_document,
)
from tasks.store.local_store import LocalStore


class Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=2, le=2)
    name: str
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    lines: tuple[str, ...] = ()


def read(data, **options):
    return read_document(Note, data, "the note", 2, **options)


@settings(max_examples=100, deadline=None)
@given(name=st.text(), share=st.floats(0, 1), lines=st.lists(st.text()))
def test_what_was_written_is_read_as_it_was(name, share, lines):
    try:
        note = Note(name=name, share=share, lines=tuple(lines))
        data = write_document(note)
    except (UnicodeEncodeError, ValidationError):  # half of a pair of surrogates is no text
        return
    assert read(data) == note


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the note is damaged: it is empty; restore it from a backup"),
        (b" \n", "the note is damaged: it is empty; restore it from a backup"),
        (b"[]", "the note is damaged at its top: Input should be a valid dictionary or instance of Note; restore"),
        (b"{}", "the note is damaged at name: Field required; restore it from a backup"),
        (
            b'{"name": "a", "share": 2}',
            "the note is damaged at share: Input should be less than or equal to 1; restore",
        ),
        (
            b'{"name": "a", "lines": ["x", 3]}',
            "the note is damaged at lines.1: Input should be a valid string; restore",
        ),
        (b'{"name": "a", "more": 1}', "the note is damaged at more: Extra inputs are not permitted; restore"),
        (b'{"version": true, "name": 1}', "the note is damaged at name: Input should be a valid string; restore"),
        (b'{"version": "3", "name": 1}', "the note is damaged at version: Input should be less than or equal to 2"),
        (b'{"name": "a", "share": NaN}', "the note is damaged: it is no JSON document ("),
        (b'{"name": "\xff"}', "the note is damaged: it is no JSON document ("),
        (b'{"name": "a"', "the note is damaged: it is no JSON document ("),
        (b"[" * 100_000, "the note is damaged: it is no JSON document ("),
    ],
)
def test_damage_is_told_with_its_place_and_the_way_out_and_is_not_called_newer(data, message):
    with pytest.raises(DamageError) as said:
        read(data)
    assert str(said.value).startswith(message) and not said.value.is_newer and said.value.tag is None
    with pytest.raises(DamageError, match="; write it anew$"):
        read(data, way_out="write it anew")


def test_what_a_newer_version_wrote_is_not_damaged():
    with pytest.raises(DamageError) as said:
        read(b'{"version": 3, "name": "a", "more": 1}')
    assert said.value.is_newer
    assert str(said.value) == (
        "the note has format 3, and this program reads up to 2: a newer version of it wrote here; upgrade this one, "
        "nothing was changed"
    )


def test_damage_in_a_store_carries_the_tag_to_write_over_it_by(tmp_path):
    store = LocalStore(tmp_path)
    tag = store.write("a.json", b"{}")
    with pytest.raises(DamageError) as said:
        load_document(store, "a.json", Note, "the note", 2)
    assert said.value.tag == tag
    store.write("a.json", b"[]", if_tag=said.value.tag)
    store.write("b.json", b'{"name": "b"}')
    note, tag = load_document(store, "b.json", Note, "the note", 2)
    assert note == Note(name="b") and store.write("b.json", b"{}", if_tag=tag)


def test_what_is_not_there_is_not_damaged_and_a_folder_in_its_place_is(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    with pytest.raises(ObjectNotFoundError):
        load_document(store, "a.json", Note, "the note", 2)
    (tmp_path / "a.json").mkdir()
    with pytest.raises(DamageError) as said:
        load_document(store, "a.json", Note, "the note", 2, way_out="remove it")
    assert str(said.value) == f"the note is damaged: {store.url}/a.json is a folder where a file belongs; remove it"
    assert said.value.tag is None

    def silent(key):
        raise StoreUnavailableError("no answer")

    monkeypatch.setattr(store, "read_tagged", silent)
    with pytest.raises(StoreUnavailableError):  # nothing is known of it
        load_document(store, "a.json", Note, "the note", 2)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b'{"name": "a", "share": NaN, "lines": ["x"], "more": 1}', {"name": "a", "lines": ("x",)}),
        (b'{"version": 3, "share": 7, "name": "a"}', {"name": "a"}),  # bounds hold here too
        (b'{"share": 0.25, "lines": "x"}', {"share": 0.25}),
        (b"[]", {}),
        (b'"name"', {}),
        (b"{", {}),
        (b"\xff", {}),
        (b"[" * 100_000, {}),
    ],
)
def test_of_a_damaged_document_the_fields_that_are_right_are_saved(data, fields):
    assert salvage_fields(Note, data) == fields


def test_problems_name_places_and_never_repeat_values():
    with pytest.raises(ValidationError) as wrong:
        Note.model_validate({"name": 5, "share": "SECRET", "lines": [1]})
    told = describe_problems(wrong.value, str.upper)
    assert told == (
        "NAME: Input should be a valid string; SHARE: Input should be a valid number, unable to parse string as a "
        "number; LINES.0: Input should be a valid string"
    )
    assert describe_problems(wrong.value, most=1) == "name: Input should be a valid string"


def test_a_document_with_a_number_that_is_none_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_document(Note.model_construct(name="a", share=float("nan")))
