"""Whatever a command does, its exit status, stdout and stderr say what became of it."""

import json

import click
import pytest
from click.testing import CliRunner

from flows.cli import main
from flows.command_line.options import common_options
from tasks.store.damage import forget_damage, name_damage


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (0, ["release", "list"]),
        (0, ["release", "waiting"]),
        (1, ["search", "nowhere", "pods"]),
        (1, ["words"]),
        (1, ["release", "show", "7"]),
        (2, ["try", "/nowhere"]),
        (2, ["search", "docs"]),
        (2, ["search", "docs", "pods", "--limit", "0"]),
        (2, ["words", "--no-such-option"]),
        (2, ["words", "--quiet", "--verbose"]),
        (2, ["no-such-command"]),
        (2, ["release", "list", "--store", "s3://me:secret@bucket/x"]),
    ],
)
def test_the_exit_status_says_what_the_help_says(status, arguments, tmp_path):
    place = ["--home", str(tmp_path)] if arguments[0] != "no-such-command" else []
    answer = call(*arguments, *place)
    assert answer.exit_code == status, answer.output
    assert bool(answer.stderr) == (status != 0)
    if status == 1:
        said = json.loads(call(*arguments, *place, "--json").stdout)
        assert set(said) == {"error", "message"} and said["message"] in answer.stderr


def test_a_result_that_was_refused_and_an_interruption_end_with_1(bundle, tmp_path, monkeypatch):
    encode = ("encode", "--model", str(bundle), "--home", str(tmp_path), "--format", "jsonl")
    assert call(*encode, text='{"text": "pods"}\n').exit_code == 0
    refused = call(*encode, "--quiet", text="nothing\n")
    assert refused.exit_code == 1 and "1 bad: line 1" in refused.stderr  # what was lost is said even then
    monkeypatch.setattr("tasks.report.list_words", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    interrupted = call("words", "--home", str(tmp_path), "--quiet")
    assert interrupted.exit_code == 1 and "interrupted" in interrupted.stderr


def test_quiet_leaves_the_answer_alone(bundle, tmp_path):
    encode = ("encode", "--model", str(bundle), "--home", str(tmp_path))
    loud, quiet = call(*encode, text="pods\n"), call(*encode, "--quiet", text="pods\n")
    assert loud.stdout == quiet.stdout and "1 of 1 lines encoded" in loud.stderr and not quiet.stderr


@click.group()
def program():
    """A program of commands that answer as they are told."""


@program.command()
@click.option("--what", default="answer")
@click.option("--texts", multiple=True)
@click.option("--dry-run", is_flag=True)
@common_options
def do(place, what, texts, dry_run):
    """Answer, refuse or fail."""
    if what == "damage":
        name_damage("a.json", "a.json is damaged")
    outcomes = {"refuse": {"refused": True, "n": 1}, "silent": {"silent": True}, "nothing": None}
    return outcomes.get(what, {**place, "texts": list(texts), "what": what})


def run(*arguments, **environment):
    answer = CliRunner().invoke(program, ["do", *arguments], env=environment)
    forget_damage()
    return answer


def test_places_come_from_options_else_from_the_environment():
    said = json.loads(run("--json", "--texts", "a", "--texts", "b").stdout)
    assert said == {"home": ".minicoil", "store": None, "qdrant_url": None, "texts": ["a", "b"], "what": "answer"}
    named = {"MINICOIL_HOME": "/h", "MINICOIL_STORE": "s3://b/x", "MINICOIL_QDRANT_URL": "http://q"}
    said = json.loads(run("--json", "--store", "file:///s", **named).stdout)
    assert (said["home"], said["store"], said["qdrant_url"]) == ("/h", "file:///s", "http://q")


def test_words_that_are_no_utf8_are_written_so_that_they_can_be_sent():
    said = json.loads(run("--json", "--what", "a\udcff", "--texts", "b\udcfe").stdout)
    assert "\udcff" not in said["what"] and said["what"].startswith("a") and said["what"].isprintable()
    assert "\udcfe" not in said["texts"][0]


def test_an_answer_that_was_refused_is_shown_and_ends_with_1_and_none_is_no_failure():
    refused = run("--what", "refuse", "--json")
    assert refused.exit_code == 1 and json.loads(refused.stdout) == {"refused": True, "n": 1}
    for quiet in ("silent", "nothing"):
        answer = run("--what", quiet, "--json")
        assert answer.exit_code == 0 and answer.stdout == ""


def test_what_was_passed_over_stands_in_the_document_and_beside_the_answer():
    assert json.loads(run("--what", "damage", "--json").stdout)["damaged"][0]["what"] == "a.json"
    shown = run("--what", "damage")
    assert shown.exit_code == 0 and "a.json is damaged" in shown.stderr and "damaged" not in shown.stdout
    assert "damaged" not in json.loads(run("--json").stdout)  # of the command before


def test_quiet_and_verbose_contradict_each_other():
    answer = run("--quiet", "--verbose")
    assert answer.exit_code == 2
    assert "--verbose and --quiet contradict each other; give one of them" in answer.stderr
