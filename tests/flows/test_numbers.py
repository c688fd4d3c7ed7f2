"""Numbers that are none, at every door: forms, commands, the environment."""

import importlib
import json
import os
import typing

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel, ValidationError

from flows.cli import main
from flows.orchestration.embedded import FLOWS
from minicoil.errors import UsageError
from minicoil.files.numbers import Number
from tasks.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
FLOWS_OF_ALL = {**FLOWS, "reap-runs": ("flows.reap_runs", "reap_runs")}
BAD = [float("nan"), float("inf"), float("-inf"), 1e309, -1e309, True, "5", 10**400, -(10**400)]
FILLED = {
    "collection": "docs", "corpus": ["pydocs:json"], "source": "a", "target": "b", "words": ["pod"], "folder": "x", "release": 1,
    "vector": "v", "one": 1, "other": 2, "queries": "q.txt", "text": "{text}",
    "shard": "shards/0123456789abcdef01234567/0.json.gz",
}  # fmt: skip


SHARDS = {
    "train-shard": "training/0123456789abcdef01234567/0.zip",
    "read-shard": "reading/0123456789ab/shards/0123456789abcdef01234567.json",
}


def model_of(name):
    module, function = FLOWS_OF_ALL[name]
    return typing.get_type_hints(getattr(importlib.import_module(module), function).fn)["parameters"]


def numeric_fields():
    """Every field of every form that a number goes into."""
    for name in sorted(FLOWS_OF_ALL):
        for field, info in model_of(name).model_fields.items():
            kinds = {info.annotation, *typing.get_args(info.annotation)}
            kinds |= {typing.get_origin(kind) and typing.get_args(kind)[0] for kind in kinds}
            if kinds & {int, float}:
                yield name, field


def valid(name):
    shard = SHARDS.get(name, FILLED["shard"])
    names = model_of(name).model_fields
    given = {key: value for key, value in {**FILLED, "shard": shard}.items() if key in names}
    if name == "evaluate-retrieval":
        given = {"folder": "x"}
    if "target" in given and name != "rebuild-collection":
        del given["target"]
    if name == "settle-readers":
        given = {"name": "shop", "release": 1}
    return given


NUMERIC = sorted(numeric_fields())


def test_the_walk_finds_the_numbers_of_the_forms():
    found = {field for _, field in NUMERIC}
    wanted = {
        "k",
        "b",
        "avg_len",
        "sample",
        "min_sentences",
        "max_sentences",
        "mine",
        "common",
        "max_points",
        "below",
        "days",
    }
    wanted |= {"points_per_second", "grace_hours", "approval_days", "release", "one", "other", "limit", "stale_seconds"}
    assert wanted <= found
    for name in sorted(FLOWS_OF_ALL):
        model_of(name).model_validate(valid(name))  # so that what is refused below is refused for its number


@pytest.mark.parametrize(("name", "field"), NUMERIC)
def test_no_form_takes_a_number_that_is_none(name, field):
    model: type[BaseModel] = model_of(name)
    for value in BAD:
        with pytest.raises(ValidationError) as caught:
            model.model_validate({**valid(name), field: value})
        (error,) = caught.value.errors()
        assert error["loc"][0] == field and "was expected, found" in error["msg"] and "\n" not in error["msg"]
    for text in ("NaN", "Infinity", "-Infinity", "1e309"):  # as JSON brings them: a deployment's, a schedule's
        document = json.dumps({**valid(name), field: "@"}).replace('"@"', text)
        with pytest.raises(ValidationError, match="was expected, found"):
            model.model_validate_json(document)


def test_every_number_of_a_form_says_its_bounds():
    for name, field in NUMERIC:
        info = model_of(name).model_fields[field]
        hints = typing.get_type_hints(model_of(name), include_extras=True)[field]
        assert any(isinstance(entry, Number) for entry in info.metadata) or "Number(" in repr(hints), (name, field)


def commands(group=main, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


NUMBERS = [
    (path, parameter)
    for path, command in commands()
    for parameter in command.params
    if isinstance(parameter.type, click.types.FloatParamType | click.types.IntParamType)
]
ARGUMENTS = {
    "index": ["docs", "--corpus", "x.jsonl"], "extend": ["--corpus", "x.jsonl"], "retrain": ["--corpus", "x.jsonl"],
    "rebuild": ["a", "b"], "attach": ["a", "--vector", "v", "--text", "{t}"], "adopt": ["a"], "search": ["docs", "pod"],
    "evaluate": ["x"], "compare": ["1", "2", "docs", "--queries", "q"], "promote": ["1"],
    "readers": ["--register", "shop", "--release", "1"],
}  # fmt: skip
POSITIONS = {
    "release": ["--", "{}"],
    "one": ["--queries", "q", "--", "{}", "2", "docs"],
    "other": ["--queries", "q", "--", "1", "{}", "docs"],
}


@pytest.mark.parametrize(("path", "parameter"), NUMBERS, ids=[f"{' '.join(p)} {o.name}" for p, o in NUMBERS])
def test_no_command_takes_a_number_that_is_none(path, parameter, tmp_path):
    home = ("--home", str(tmp_path / "home"))
    for text in ("nan", "inf", "-inf", "1e309", "-1"):
        if isinstance(parameter, click.Argument):
            given = [word.format(text) for word in POSITIONS[parameter.name]]
            answer = CliRunner().invoke(main, [*path, *home, *given], input="")
        else:
            given = [*ARGUMENTS.get(path[-1], []), f"{parameter.opts[0]}={text}"]
            answer = CliRunner().invoke(main, [*path, *given, *home], input="")
        assert answer.exit_code in (1, 2) and "Traceback" not in answer.stderr, (text, answer.stderr)
        assert "ours to mend" not in answer.stderr
        if text != "-1":
            assert answer.exit_code == 2, (text, answer.stderr)
    assert not (tmp_path / "home" / "store").exists()


@pytest.mark.parametrize("value", ["nan", "inf", "1e309", "-1", "true", "many", ""])
@pytest.mark.parametrize(
    "name",
    [
        "MINICOIL_ENCODE_SHARDS",
        "MINICOIL_TRAIN_SHARDS",
        "MINICOIL_READ_SHARDS",
        "MINICOIL_READ_PROCESSES",
        "MINICOIL_SENTENCE_CACHE_BYTES",
        "MINICOIL_EMBEDDING_CACHE_BYTES",
    ],
)
def test_a_number_of_the_environment_is_refused_by_name(monkeypatch, tmp_path, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"{name}: a whole number from .* was expected") as caught:
        Settings()
    assert "\n" not in str(caught.value)
    answer = CliRunner().invoke(main, ["release", "list", "--home", str(tmp_path)])
    assert answer.exit_code == 2 and answer.stderr.count("\n") == 1 and name in answer.stderr


def test_a_number_of_the_environment_is_read():
    os.environ["MINICOIL_ENCODE_SHARDS"] = "7"
    try:
        assert Settings().encode_shards == 7
    finally:
        del os.environ["MINICOIL_ENCODE_SHARDS"]
