"""Counting needs its extra and a port, and passes on what the command beside it ended with."""

import json

import pytest
from click.testing import CliRunner

from flows.cli import main


@pytest.fixture
def counted(monkeypatch):
    """What would have been run and counted; it ends with 3."""
    asked = []

    def run(command, look, home, host, port, say_ready):
        asked.append((command, host, port))
        say_ready("http://127.0.0.1:9464/metrics")
        return 3

    monkeypatch.setattr("deployments.metrics.run_counted", lambda command, home, look, *where: run(command, look, home, *where))  # fmt: skip
    return asked


def test_a_commands_own_options_are_its_own_and_its_end_is_the_end(counted, tmp_path):
    words = ["prefect", "worker", "start", "--pool", "minicoil", "--port", "1"]
    answer = CliRunner().invoke(main, ["metrics", "--port", "9464", "--home", str(tmp_path), *words])
    assert counted == [(tuple(words), "127.0.0.1", 9464)] and answer.exit_code == 3
    assert answer.stderr == "ready: http://127.0.0.1:9464/metrics\n" and answer.stdout == ""


def test_the_address_is_a_json_document_for_who_asks(counted, tmp_path):
    answer = CliRunner().invoke(main, ["metrics", "--port", "0", "--json", "--home", str(tmp_path)])
    assert json.loads(answer.stdout) == {"url": "http://127.0.0.1:9464/metrics"} and counted[0][0] == ()


def test_without_its_extra_or_a_port_it_is_bad_usage(tmp_path, monkeypatch):
    assert "--port" in CliRunner().invoke(main, ["metrics", "--home", str(tmp_path)]).stderr
    monkeypatch.setattr("minicoil.extras.find_spec", lambda module: None)
    answer = CliRunner().invoke(main, ["metrics", "--port", "0", "--home", str(tmp_path)])
    assert answer.exit_code == 2 and "`minicoil metrics`" in answer.stderr and "[serve]" in answer.stderr
