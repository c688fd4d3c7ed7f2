"""Every field of a form can be said on the command line, in the UI and in Python, with one default and one bound."""

import importlib
import json
import re
import typing
from pathlib import Path
from typing import Annotated

import click
import pydantic
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

import flows.forms
import flows.orchestration
from flows.cli import main
from flows.command_line.form_options import CommandGroup, FormCommand, FormFields, options_of
from flows.command_line.help_pages import every_command
from flows.forms.place_parameters import PlaceParameters
from flows.forms.said import Said
from flows.orchestration.embedded import FLOWS
from minicoil.files.numbers import Number

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
SCHEMAS = Path(__file__).parents[1] / "forms" / "schemas"
# of flows that other flows start; `minicoil status` looks without a run
WITHOUT_COMMAND = {"ShardParameters", "TrainingShardParameters", "ReadingShardParameters", "StatusParameters"}
PLACE = {"home": "/h", "store": "file:///s", "qdrant_url": "http://q:6333"}
READERS = {"readers": [], "collections": []}
ROLLBACK = {"channel": "production", "release": 1, "previous": 2, "promoted": True}
VALUES = {
    "part": "2/4",
    "window": "22:00-06:00",
    "folder": "sets",
    "acknowledged": "6",
    "collection": "docs",
    "model": None,
    "importance": "none",
}  # of a pattern


def form_of(flow):
    module, function = FLOWS[flow]
    return typing.get_type_hints(getattr(importlib.import_module(module), function).fn)["parameters"]


FORMS = {form_of(flow).__name__: flow for flow in FLOWS}


COMMANDS = {
    command.form: (path, command)
    for path, command in every_command(main)
    if isinstance(command, FormCommand) and command.form
}
FIELDS = [
    (form, name) for form in sorted(COMMANDS) for name in getattr(flows.forms, form).model_fields if name not in PLACE
]


def schema_of(form):
    """As the UI shows it: of the file that was agreed on."""
    document = json.loads((SCHEMAS / f"{FORMS[form]}.json").read_text())
    (model,) = [entry for entry in document["definitions"].values() if entry.get("title") == form]
    return model


def kind_of(entry):
    """The schema of one value, and whether the field is a list of such."""
    (kind,) = [kind for kind in entry.get("anyOf", [entry]) if kind.get("type") != "null"]
    return (kind["items"], True) if kind["type"] == "array" else (kind, False)


def parameter_of(form, name):
    (found,) = [parameter for parameter in COMMANDS[form][1].params if parameter.name == name]
    return found


def other_value(form, name):
    """A value of the field that is not its default, as JSON has it."""
    entry = schema_of(form)["properties"][name]
    kind, many = kind_of(entry)
    if kind["type"] == "boolean":
        return entry.get("default") is not True
    if "enum" in kind or "const" in kind:
        value = kind.get("enum", [kind.get("const")])[-1]
    elif kind["type"] == "integer":
        value = kind["minimum"] + 30
    elif kind["type"] == "number":
        value = 0.5
    else:
        value = VALUES.get(name, "other")
    return [value] if many else value


def words_for(form, values, place=PLACE):
    """A command line that says `values`, required ones in their places."""
    path, command = COMMANDS[form]
    options, arguments = [], []
    for parameter in command.params:
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        if isinstance(parameter, click.Argument):
            arguments += value if isinstance(value, list) else [str(value)]
        elif parameter.is_flag:
            on = parameter.opts if value is not False or not parameter.secondary_opts else parameter.secondary_opts
            assert parameter.secondary_opts or value is (parameter.default is not True)
            options.append(on[0])
        else:
            for entry in value if isinstance(value, list) else [value]:
                options += [parameter.opts[0], str(entry)]
    options += [f"--{key.replace('_', '-')}={value}" for key, value in place.items()]
    return [*path.split(), *options, "--", *arguments]


def said(form, values, monkeypatch):
    """The form that a command line fills in, without running the flow."""
    taken = {}
    if form == "ReadersParameters":
        monkeypatch.setattr("tasks.readers.settle_readers", lambda _, request: taken.update(vars(request)) or READERS)
    elif form == "RollbackParameters":
        monkeypatch.setattr(
            "tasks.rewriting.roll_back_channel", lambda _, channel: taken.update(channel=channel) or ROLLBACK
        )
    else:
        monkeypatch.setattr(flows.orchestration, "run", lambda _, values, *__: taken.update(values), raising=False)
    answer = CliRunner().invoke(main, words_for(form, values), catch_exceptions=False)
    assert answer.exit_code == 0, answer.stderr
    given = {key: list(value) if isinstance(value, tuple) else value for key, value in taken.items()}
    return getattr(flows.forms, form).model_validate({**PLACE, **given})


def required(form):
    """What the form must have, and what its rules about several fields ask for."""
    given = {name: other_value(form, name) for name in schema_of(form).get("required", [])}
    return {"EvaluateParameters": {"folder": "sets"}}.get(form, given)


def test_every_form_has_its_command_and_every_command_its_flow():
    assert set(COMMANDS) == set(FORMS) - WITHOUT_COMMAND
    assert set(PLACE) == set(PlaceParameters.model_fields)


@pytest.mark.parametrize("form", sorted(COMMANDS))
def test_what_is_left_out_is_the_same_on_the_command_line_and_in_python(form, monkeypatch):
    in_python = getattr(flows.forms, form)(**required(form), **PLACE)
    assert said(form, required(form), monkeypatch) == in_python


@pytest.mark.parametrize(("form", "name"), FIELDS)
def test_a_field_has_one_default_and_one_text(form, name):
    entry, info = schema_of(form)["properties"][name], getattr(flows.forms, form).model_fields[name]
    parameter = parameter_of(form, name)
    needed = name in schema_of(form).get("required", [])
    assert parameter.required == needed == info.is_required()
    if needed:
        return
    in_form = entry["default"]
    assert info.default == in_form
    context = click.Context(COMMANDS[form][1])
    if isinstance(parameter, click.Option) and not parameter.multiple:
        assert parameter.get_default(context) == in_form
    if isinstance(parameter, click.Option):
        shown = parameter.get_help_record(context)[1]
        if not any(isinstance(extra, Said) and extra.help for extra in info.metadata):
            last = re.split(r"[:;,] ", entry["description"].removeprefix("On the worker; "))[-1]
            assert last in shown
        if type(in_form) in (int, float, str) and in_form != "":
            assert f"[default: {in_form}" in shown


@pytest.mark.parametrize(("form", "name"), FIELDS)
def test_a_field_can_be_said(form, name, monkeypatch):
    value = other_value(form, name)
    needs = {**required(form), name: value}
    if (form, name) == ("EvaluateParameters", "collection"):
        needs.pop("folder")
    if name in ("min_sentences", "max_sentences"):  # one is no more than the other
        needs |= {"min_sentences": 40, "max_sentences": 40}
    if (form, name) == ("EvaluateParameters", "model"):
        needs["model"] = "folder"
    if form == "ReadersParameters":  # a reader is registered with its release, collections are declared known or not
        needs |= {"name": "shop", "release": 7} if name in ("name", "release", "days") else {}
        needs |= {"known": False} if name == "collections" else {}
    heard = said(form, needs, monkeypatch)
    assert heard == getattr(flows.forms, form)(**needs, **PLACE)
    assert name in heard.model_fields_set


BOUNDED = [
    (form, name)
    for form, name in FIELDS
    if {"minimum", "exclusiveMinimum", "maximum", "pattern", "enum"} & set(
        kind_of(schema_of(form)["properties"][name])[0]
    )
]  # fmt: skip


@pytest.mark.parametrize(("form", "name"), BOUNDED)
def test_a_bound_holds_everywhere(form, name, tmp_path):
    entry = schema_of(form)["properties"][name]
    kind, many = kind_of(entry)
    beyond = [kind[key] + step for key, step in (("minimum", -1), ("maximum", 1)) if key in kind]
    beyond += [kind["exclusiveMinimum"]] if "exclusiveMinimum" in kind else []
    beyond += ["no/such name"] if "pattern" in kind else []
    beyond += [99 if kind["type"] == "integer" else "no-such"] if "enum" in kind else []
    assert beyond
    for value in beyond:
        values = {**required(form), name: [value] if many else value}
        with pytest.raises(pydantic.ValidationError) as caught:
            getattr(flows.forms, form)(**values)
        assert {error["loc"][0] for error in caught.value.errors()} == {name}
        answer = CliRunner().invoke(main, words_for(form, values, {"home": tmp_path / "home"}))
        assert answer.exit_code == 2, (value, answer.output)
        parameter = parameter_of(form, name)
        assert name in answer.stderr or parameter.opts[0] in answer.stderr
        assert not (tmp_path / "home" / "store").exists()
        low, high = kind.get("minimum", kind.get("exclusiveMinimum")), kind.get("maximum")
        if low is not None and isinstance(parameter, click.Option):
            shown = parameter.get_help_record(click.Context(COMMANDS[form][1]))[1]
            assert f"x>={low}" in shown or f"x>{low}" in shown or f"{low}<=x<={high}" in shown or f"{low}<x<=" in shown


@pytest.mark.parametrize(
    "environment",
    [{}, {"MINICOIL_HOME": "/elsewhere", "MINICOIL_STORE": "file:///s", "MINICOIL_QDRANT_URL": "http://q:6333"}],
)
def test_the_place_of_work_is_the_same_where_nothing_is_said_of_it(environment, monkeypatch):
    for name in ("MINICOIL_HOME", "MINICOIL_STORE", "MINICOIL_QDRANT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    taken = {}
    monkeypatch.setattr(flows.orchestration, "run", lambda _, values, *__: taken.update(values), raising=False)
    assert CliRunner().invoke(main, ["remove", "pod"]).exit_code == 0
    in_python = flows.forms.RemoveParameters(words=["pod"]).place()
    assert flows.forms.RemoveParameters(**taken).place() == in_python
    assert in_python.home.name == ("elsewhere" if environment else ".minicoil")


def test_an_option_of_another_name_is_found_under_the_fields_name_too(monkeypatch):
    path = ["extend", "--corpus", "x", "--collections", "docs", "--judged-sets", "sets"]
    taken = {}
    monkeypatch.setattr(flows.orchestration, "run", lambda _, values, *__: taken.update(values), raising=False)
    assert CliRunner().invoke(main, path).exit_code == 0
    assert taken["collections"] == ["docs"] and taken["judged_sets"] == ["sets"]
    help_page = CliRunner().invoke(main, ["extend", "--help"]).output
    assert "--collections" not in help_page and "--judged-sets" not in help_page
    offered = ShellComplete(main, {}, "minicoil", "_MINICOIL_COMPLETE").get_completions(["extend"], "--co")
    assert [item.value for item in offered] == ["--corpus", "--common", "--collection"]


# -- a command of its own


class Form(PlaceParameters):
    """One field of each kind."""

    name: str = pydantic.Field(title="Name", description="Of it")
    rate: Annotated[float, Number(0, 5, above=True)] = pydantic.Field(2.5, title="Rate", description="Empty: none")
    fast: bool = pydantic.Field(True, title="Fast", description="Hurry")
    careful: bool = pydantic.Field(False, title="Careful", description="Look twice")
    sizes: Annotated[list[int], Said("--size")] = pydantic.Field([], title="Sizes", description="Of each")
    odd: dict[str, int] = pydantic.Field({}, title="Odd", description="No option can be made of it")


@pytest.fixture
def command(monkeypatch):
    """Of that form, its last field by hand."""
    monkeypatch.setattr(flows.forms, "Form", Form, raising=False)

    @click.group(cls=CommandGroup)
    def program():
        """Of one command."""

    @program.command()
    @options_of("Form", "name")
    @click.option("--odd", callback=lambda context, parameter, value: {"given": value}, help="By hand.")
    @click.option("--more", is_flag=True, help="Beside the form.")
    def do(**values):
        """It."""
        click.echo(json.dumps(values))

    return program


def test_a_new_field_is_an_option_without_a_line_and_what_is_by_hand_stays(command):
    answer = CliRunner().invoke(command, ["do", "pod", "--size", "3", "--size", "4", "--odd", "x", "--no-fast"])
    assert json.loads(answer.output) == {
        "name": "pod", "rate": 2.5, "fast": False, "careful": False, "sizes": [3, 4], "odd": {"given": "x"}, "more": False,
    }  # fmt: skip
    page = CliRunner().invoke(command, ["do", "--help"]).output
    assert "--fast / --no-fast" in page and "Default: none.  [default: 2.5; 0<x<=5]" in page
    assert "Of each; repeatable." in page and "By hand." in page and "--home" not in page


def test_a_field_that_no_option_can_be_made_of_is_named(monkeypatch):
    monkeypatch.setattr(flows.forms, "Form", Form, raising=False)
    with pytest.raises(TypeError, match="'odd' by itself; give the command one by hand"):
        FormFields("Form", ()).parameters(set())


def test_a_form_is_read_only_when_its_command_is(command):
    read = command.commands["do"]
    assert any(isinstance(entry, FormFields) for entry in read._given)
    assert {parameter.name for parameter in read.params} == {*Form.model_fields, "more"} - set(PLACE)
    assert not any(isinstance(entry, FormFields) for entry in read._given)
