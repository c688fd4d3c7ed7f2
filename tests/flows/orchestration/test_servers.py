"""Which Prefect server keeps a run, and that no file of the working folder has a say in it."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from deployments.serving import _service_lock
from flows.cli import main
from flows.orchestration.servers import find_server, named
from minicoil.errors import UsageError
from tasks.store.damage import forget_damage, named_damage

ROOT = Path(__file__).parents[3]
CLOUD = "https://api.prefect.cloud/api/accounts/a/workspaces/w"
PROFILES = f"""
active = "cloud"

[profiles.ephemeral]
PREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "true"

[profiles.cloud]
PREFECT_API_URL = "{CLOUD}"
PREFECT_API_KEY = "pnu_1"
"""


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    (tmp_path / "prefect").mkdir()
    return tmp_path / "prefect" / "profiles.toml"


def test_what_was_asked_for_comes_before_environment_profile_and_service(profiles, tmp_path, monkeypatch):
    assert find_server(tmp_path) is None
    with _service_lock(tmp_path) as say_address:
        assert find_server(tmp_path) is None  # not ready yet
        say_address("http://127.0.0.1:4201/api")
        service = find_server(tmp_path)
        assert (service.url, service.settings) == ("http://127.0.0.1:4201/api", {})
        assert str(tmp_path) in service.named_by
        profiles.write_text(PROFILES)
        profile = find_server(tmp_path)
        assert (profile.url, profile.settings) == (CLOUD, {"PREFECT_API_KEY": "pnu_1"})
        assert profile.named_by == "Prefect's profile 'cloud'"
        monkeypatch.setenv("PREFECT_PROFILE", "ephemeral")
        assert find_server(tmp_path).url == "http://127.0.0.1:4201/api"
        monkeypatch.setenv("PREFECT_API_URL", "http://env/api")
        assert find_server(tmp_path).named_by == "PREFECT_API_URL"
        assert find_server(tmp_path, "http://asked/api").url == "http://asked/api"
        assert find_server(tmp_path, "") is None  # asked for none
    monkeypatch.delenv("PREFECT_API_URL")
    assert find_server(tmp_path) is None  # the service ended; its lock's file is still there


def test_a_service_of_an_earlier_version_or_a_damaged_file_names_no_server(profiles, tmp_path):
    (tmp_path / "serve.lock").write_text("4711")
    assert find_server(tmp_path) is None
    for text in ("not [ toml", 'active = "x"', 'active = "x"\nprofiles = 3\n', 'active = "x"\n[profiles]\nx = 1\n'):
        profiles.write_text(text)
        assert find_server(tmp_path) is None


def test_profiles_that_cannot_be_read_are_told_once_on_the_terminal(profiles, tmp_path, monkeypatch):
    forget_damage()
    profiles.write_text("not [ toml")
    assert find_server(tmp_path) is find_server(tmp_path) is None
    (said,) = named_damage()
    assert said.is_aside and "none of them is used: mend or remove" in said.message
    status = CliRunner().invoke(main, ["status", "--home", str(tmp_path / "home")])
    assert status.stderr.count("Prefect's profiles in") == 1 and "Prefect's profiles" not in status.stdout
    doctor = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path / "home"), "--json"])
    (check,) = [row for row in json.loads(doctor.stdout)["checks"] if row["name"] == "Prefect"]
    assert check["state"] == "odd" and str(profiles) in check["found"]
    monkeypatch.setattr("flows.command_line.doctor_command._ask", lambda url: None)  # a server that answers
    place = ["--home", str(tmp_path / "home"), "--prefect-url", "http://127.0.0.1:9/api"]
    doctor = CliRunner().invoke(main, ["doctor", *place, "--json"])
    assert [row["state"] for row in json.loads(doctor.stdout)["checks"] if row["name"] == "Prefect"] == ["odd"]
    profiles.write_text("")
    doctor = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path / "home"), "--json"])
    assert [row["state"] for row in json.loads(doctor.stdout)["checks"] if row["name"] == "Prefect"] == ["good"]


def test_a_server_that_was_found_is_named_to_prefect_with_its_key(profiles, tmp_path, monkeypatch):
    profiles.write_text(PROFILES)
    monkeypatch.setenv("PREFECT_API_KEY", "")
    monkeypatch.delenv("PREFECT_API_KEY")
    monkeypatch.setenv("PREFECT_API_URL", "")
    monkeypatch.delenv("PREFECT_API_URL")
    with named(find_server(tmp_path)):
        assert (os.environ["PREFECT_API_URL"], os.environ["PREFECT_API_KEY"]) == (CLOUD, "pnu_1")
    assert not {"PREFECT_API_URL", "PREFECT_API_KEY"} & os.environ.keys()  # the next call may have another home
    with named(find_server(tmp_path, "http://127.0.0.1:9/api")):
        assert "PREFECT_API_KEY" not in os.environ and os.environ["PREFECT_PROFILES_PATH"] == os.devnull
    monkeypatch.setenv("PREFECT_API_URL", CLOUD)
    assert find_server(tmp_path).settings == {"PREFECT_API_KEY": "pnu_1"}  # the profile's own server, named again


def test_the_key_of_a_profile_reaches_no_other_server(profiles, tmp_path):
    """A listener hears what a run sends it."""
    heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append((self.path, self.headers.get("Authorization")))
            self.send_error(500)

        def log_message(self, *arguments):
            """Nothing."""

    profiles.write_text(PROFILES)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PREFECT_CLIENT_MAX_RETRIES": "0"}
    address = f"http://127.0.0.1:{server.server_port}/api"
    command = [sys.executable, "-m", "flows.cli", "reencode", "--home", "home", "--prefect-url", address]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    server.shutdown()
    server.server_close()
    assert done.returncode == 1 and heard, done.stderr
    assert {key for _, key in heard} == {None}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://bob:hunter2@127.0.0.1:9/api", "carries a user name"),
        ("127.0.0.1:9", "no address"),
        ("ftp://x/api", "no"),
    ],
)
def test_addresses_with_secrets_and_such_that_are_none_are_refused(profiles, tmp_path, address, said):
    with pytest.raises(UsageError, match=said) as refused:
        find_server(tmp_path, address)
    assert "hunter2" not in str(refused.value)
    profiles.write_text(PROFILES.replace(CLOUD, address))
    with pytest.raises(UsageError, match=said):
        find_server(tmp_path)


def test_a_service_elsewhere_or_one_that_stops_names_no_server(profiles, tmp_path, monkeypatch):
    with _service_lock(tmp_path) as say_address:
        say_address("http://127.0.0.1:4201/api")
        assert find_server(tmp_path) is not None
        monkeypatch.setattr("flows.orchestration.servers.this_machine", lambda: "another container")
        assert find_server(tmp_path) is None  # its loopback is not ours
        monkeypatch.undo()
        say_address(None)
        assert find_server(tmp_path) is None


def test_somebody_who_looks_for_a_moment_does_not_keep_a_service_from_starting(tmp_path):
    with _service_lock(tmp_path):
        pass
    with (tmp_path / "serve.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        timer = threading.Timer(0.2, lambda: fcntl.flock(file, fcntl.LOCK_UN))
        timer.start()
        with _service_lock(tmp_path) as say_address:
            say_address("http://127.0.0.1:4201/api")
            assert json.loads((tmp_path / "serve.lock").read_text())["process"] == os.getpid()  # held, and by us
        timer.join()


def test_files_of_the_working_folder_name_no_server(tmp_path):
    """Another project's `.env`, `prefect.toml` and `pyproject.toml`, whose server is away: the run takes no notice."""
    address = "http://127.0.0.1:9/api"
    (tmp_path / ".env").write_text(f"PREFECT_API_URL={address}\n")
    (tmp_path / "prefect.toml").write_text(f'[api]\nurl = "{address}"\n')
    (tmp_path / "pyproject.toml").write_text(f'[tool.prefect.api]\nurl = "{address}"\n')
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MINICOIL_"))}
    environment = {**clean, "PYTHONPATH": str(ROOT), "PREFECT_PROFILES_PATH": os.devnull}
    command = [sys.executable, "-m", "flows.cli", "reencode", "--home", "home", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "ReleaseError" and "has no release" in done.stderr
    left, error = done.stderr.splitlines()
    assert f".env, prefect.toml, pyproject.toml of {tmp_path} are left aside, the run goes to no server" in left
    assert error.startswith("error: ")
