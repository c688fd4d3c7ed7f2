"""The service's own commands check what they need before anything is started."""

import pytest
from click.testing import CliRunner

from flows.cli import main


def test_deploying_without_a_server_is_bad_usage(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from flows.cli import main

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    answer = CliRunner().invoke(main, ["deploy", "--home", str(tmp_path)])
    assert answer.exit_code == 2 and "PREFECT_API_URL is not set" in answer.stderr


@pytest.mark.parametrize("command", ["serve", "deploy"])
def test_what_trains_needs_its_extra_before_anything_is_made(command, tmp_path, monkeypatch):
    monkeypatch.setattr("minicoil.extras.find_spec", lambda module: None)
    answer = CliRunner().invoke(main, [command, "--home", str(tmp_path / "home")])
    assert (
        answer.exit_code == 2
        and "[train]" in answer.stderr
        and f"minicoil {command}" in answer.stderr.replace("main", "minicoil")
    )
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "options",
    [["--port", "0"], ["--port", "70000"], ["--run-limit", "0"], ["--health-port", "0"], ["--metrics-port", "x"]],
)
def test_ports_and_limits_have_their_bounds(options, tmp_path):
    answer = CliRunner().invoke(main, ["serve", *options, "--home", str(tmp_path / "home")])
    assert answer.exit_code == 2 and options[0] in answer.stderr and not (tmp_path / "home").exists()


def test_a_pool_is_of_a_known_kind(tmp_path):
    answer = CliRunner().invoke(main, ["deploy", "--pool-type", "swarm", "--home", str(tmp_path)])
    assert answer.exit_code == 2 and "swarm" in answer.stderr
