"""`minicoil doctor`: one page, and the one thing to fix."""

import json

import pytest
from click.testing import CliRunner

from flows.cli import main


@pytest.fixture(autouse=True)
def nobody_names_a_place(monkeypatch):
    for name in ("MINICOIL_HOME", "MINICOIL_STORE", "MINICOIL_QDRANT_URL", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)


def call(*arguments):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


def test_where_all_is_well_the_next_command_is_named_and_nothing_is_made(tmp_path):
    answer = call("--home", tmp_path / "home")
    assert answer.exit_code == 0, answer.output
    assert "minicoil try ./texts" in answer.stdout and "(by --home)" in answer.stdout
    assert not (tmp_path / "home").exists()


def test_what_is_wrong_first_is_what_to_fix(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_QDRANT_URL", "http://127.0.0.1:9")
    answer = call("--home", tmp_path / "home", "--prefect-url", "http://127.0.0.1:9/api", "--json")
    assert answer.exit_code == 1
    document = json.loads(answer.stdout)
    assert document["fix"]["name"] == "Qdrant" and "MINICOIL_QDRANT_URL" in document["fix"]["found"]
    states = {row["name"]: row["state"] for row in document["checks"]}
    assert states["Prefect"] == "wrong" and states["home"] == "good"
    assert "to fix: Qdrant" in call("--home", tmp_path / "home").stdout


def test_an_address_of_prefect_that_is_none_is_said_on_the_page(tmp_path):
    answer = call("--home", tmp_path / "home", "--prefect-url", "nowhere")
    assert answer.exit_code == 1 and "to fix: Prefect" in answer.stdout
