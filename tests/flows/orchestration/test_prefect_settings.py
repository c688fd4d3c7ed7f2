"""Prefect under a server that somebody named: nothing of the folder one stands in reaches it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.orchestration import prefect_settings
from flows.orchestration.prefect_settings import files_about_prefect, tell_left_aside

ROOT = Path(__file__).parents[3]
THEIRS = "http://127.0.0.1:9/theirs"
FOREIGN = {
    ".env": f"SECRET=1\nexport PREFECT_API_URL={THEIRS}\nPREFECT_API_KEY=their-key\nPREFECT_API_REQUEST_TIMEOUT=1\n",
    "prefect.toml": f'[api]\nurl = "{THEIRS}"\nkey = "their-key"\nrequest_timeout = 1\n',
    "pyproject.toml": f'[tool.prefect.api]\nurl = "{THEIRS}"\nkey = "their-key"\nrequest_timeout = 1\n',
}
BROKEN = {"prefect.toml": "[api", "pyproject.toml": "[tool.prefect"}


def write(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_says_something_of_prefect_is_named_once(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(prefect_settings, "_said", set())
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {name: FOREIGN[name]})
    for _ in range(2):
        tell_left_aside(tmp_path / "home", None)
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("are left aside") == 1
    assert f"settings of Prefect in {name} of {tmp_path} are left aside, the run goes to no server" in said
    tell_left_aside(tmp_path / "home", "http://ours/api")
    assert "the run goes to http://ours/api" in capsys.readouterr().err
    tell_left_aside(tmp_path, "http://other/api")  # whoever stands in the home knows what is in it
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "API_URL=x\n#PREFECT_API_URL=x\nMY_PREFECT_API_URL=x\n"),
        ("prefect.toml", "# nothing\n\n"),
        ("pyproject.toml", "[tool.prefectionist]\nx = 1\n[project]\nname='prefect'\n"),
    ],
)
def test_files_that_say_nothing_of_prefect_are_not_worth_a_word(tmp_path, name, text):
    write(tmp_path, {name: text})
    (tmp_path / ".env.d").mkdir()
    assert not list(files_about_prefect(tmp_path))
    write(tmp_path, FOREIGN | BROKEN)
    assert list(files_about_prefect(tmp_path)) == list(FOREIGN)


_SHOW = """
import json
from pydantic import BaseModel
from flows.orchestration.running import flow

class Asked(BaseModel):
    home: str = "home"

@flow(name="ask", description="Asks.")
def ask(parameters: Asked):
    return None

ask.with_options  # more than a plain function has: Prefect is brought in
from prefect.settings import Settings, get_current_settings
shown = [[str(s.api.url), s.api.key and s.api.key.get_secret_value(), s.api.request_timeout]
         for s in (get_current_settings(), Settings())]
print(json.dumps(shown))
"""


@pytest.mark.parametrize("files", [FOREIGN, FOREIGN | BROKEN])
def test_prefect_sees_what_the_environment_says_and_nothing_of_another_project(tmp_path, files):
    write(tmp_path, files)  # with broken ones Prefect alone ends in a traceback
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    ours |= {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PREFECT_API_URL": "http://ours/api"}
    done = subprocess.run(
        [sys.executable, "-c", _SHOW], cwd=tmp_path, env=ours, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [["http://ours/api", None, 60.0]] * 2


def test_a_server_that_is_away_is_one_line_in_such_a_folder_too(tmp_path):
    write(tmp_path, FOREIGN | BROKEN)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MINICOIL_"))}
    ours |= {"PYTHONPATH": str(ROOT), "PREFECT_CLIENT_MAX_RETRIES": "0", "PREFECT_PROFILES_PATH": os.devnull}
    command = [sys.executable, "-m", "flows.cli", "reencode", "--home", "home", "--json"]
    command += ["--prefect-url", "http://127.0.0.1:9/api"]
    done = subprocess.run(command, cwd=tmp_path, env=ours, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    left, kept, error = done.stderr.splitlines()
    assert "are left aside" in left and "kept by the Prefect server at http://127.0.0.1:9/api" in kept
    assert error.startswith("error: the Prefect server at http://127.0.0.1:9/api does not answer (ConnectError")
    assert json.loads(done.stdout)["error"] == "StoreUnavailableError"
