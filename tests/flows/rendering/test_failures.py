"""How a command fails: one line, whatever raised it; a traceback only for those who ask for one."""

import json

import pytest
from click.testing import CliRunner

from flows import screen
from flows.cli import main
from flows.rendering.failures import UNEXPECTED
from minicoil.errors import StoreError
from tasks.store.damage import forget_damage, name_damage, named_damage
from tasks.store.local_store import LocalStore


@pytest.fixture
def failing(monkeypatch):
    """A function that makes `release waiting` raise something."""

    def fail(error):
        def look(*arguments):
            raise error

        monkeypatch.setattr("tasks.catalogue.list_waiting", look)

    return fail


def run(tmp_path, *options, debug=False, **environment):
    arguments = [*(["--debug"] if debug else []), "release", "waiting", "--home", str(tmp_path), *options]
    return CliRunner().invoke(main, arguments, env=environment)


def test_a_fault_of_the_program_is_one_line_that_says_so(tmp_path, failing):
    failing(TypeError("can't add\nthese"))
    answer = run(tmp_path)
    assert answer.exit_code == 1 and answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith("error: this is ours to mend: TypeError: can't add these;")
    assert "`minicoil --debug ...`" in line and "MINICOIL_DEBUG=1" in line and "report" in line
    document = json.loads(run(tmp_path, "--json").stdout)
    assert document["error"] == "TypeError" and "ours to mend" in document["message"]


@pytest.mark.parametrize("values", [{"debug": True}, {"MINICOIL_DEBUG": "1"}])
def test_the_traceback_is_shown_to_those_who_ask_for_it(tmp_path, failing, values):
    failing(TypeError("no"))
    said = run(tmp_path, **values).stderr
    assert (
        "Traceback (most recent call last)" in said
        and "in look" in said
        and said.splitlines()[-1].startswith("error: ")
    )
    failing(StoreError("refused on purpose"))
    said = run(tmp_path, **values).stderr
    assert "in look" in said and said.splitlines()[-1] == "error: refused on purpose"
    failing(TypeError("no"))
    assert "Traceback" not in run(tmp_path).stderr


def test_what_the_machine_refuses_names_the_file_and_is_not_ours(tmp_path, failing):
    failing(PermissionError(13, "Permission denied", "/some/file"))
    answer = run(tmp_path)
    assert answer.exit_code == 1 and "ours" not in answer.stderr
    assert answer.stderr == (
        "error: /some/file: Permission denied; check the path and its permissions, then run the same command again\n"
    )
    failing(OSError(28, "No space left on device"))
    assert "free some space" in run(tmp_path).stderr


def test_a_message_as_long_as_a_book_is_cut_and_control_characters_are_written_out(tmp_path, failing):
    failing(ValueError("x\x1b[2J" * 5000))
    said = run(tmp_path).stderr
    assert len(said) < 700 and "\x1b" not in said and "..." in said


def test_a_message_of_several_lines_is_one(tmp_path, failing):
    failing(StoreError("it said:\n  no\n  never; try again"))
    assert run(tmp_path).stderr == "error: it said:   no   never; try again\n"


def test_what_was_passed_over_is_told_once_behind_the_answer_and_in_json(tmp_path, monkeypatch):
    store = LocalStore(tmp_path / "store")
    store.write("waiting/production/3.json", b"{")
    answer = run(tmp_path)
    assert answer.exit_code == 0 and answer.stderr.count("waiting/production/3.json is damaged") == 1
    answer = run(tmp_path, "--json")
    document = json.loads(answer.stdout)
    assert document["waiting"] == [] and [row["what"] for row in document["damaged"]] == ["waiting/production/3.json"]
    store.delete("waiting/production/3.json")
    assert run(tmp_path).stderr == "" and "damaged" not in json.loads(run(tmp_path, "--json").stdout)


def test_damage_is_named_once_until_it_is_forgotten(caplog):
    forget_damage()
    for _ in range(3):
        name_damage("a.json", "a.json is damaged")
    name_damage("b.json", "b.json is damaged")
    assert [damage.what for damage in named_damage()] == ["a.json", "b.json"]
    assert [record.message for record in caplog.records] == ["a.json is damaged", "b.json is damaged"]
    forget_damage()
    assert named_damage() == []


def test_a_figure_that_could_not_be_computed_is_null_in_an_answer():
    assert screen.dump_json({"a": float("nan"), "b": (1, float("inf"))}) == '{"a": null, "b": [1, null]}'


def test_a_module_that_an_extra_brings_is_told_by_that_extra(failing, tmp_path, monkeypatch):
    monkeypatch.setattr("minicoil.extras.find_spec", lambda module: None)
    failing(ModuleNotFoundError("No module named 'sklearn.cluster'", name="sklearn.cluster"))
    answer = run(tmp_path)
    assert answer.exit_code == 2
    assert answer.stderr.strip().endswith("the extra [train] brings it: pip install 'minicoil-service[train]'")
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_module_that_no_extra_brings_is_ours_to_mend(failing, tmp_path):
    failing(ModuleNotFoundError("No module named 'nobody_has_this'", name="nobody_has_this"))
    answer = run(tmp_path)
    assert answer.exit_code == 1 and UNEXPECTED in answer.stderr
