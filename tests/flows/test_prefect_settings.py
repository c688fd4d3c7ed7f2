"""Where flows go: decided by the environment, the user's profile and the home, never by the folder one stands in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import prefect_settings
from flows.prefect_settings import choose_server, told
from minicoil.errors import UsageError

ROOT = Path(__file__).parents[2]
THEIRS = "http://127.0.0.1:9/api"
OURS = "http://server:4200/api"
FOREIGN = {
    ".env": f"SECRET=1\nexport PREFECT_API_URL={THEIRS}\nPREFECT_SERVER_API_DEFAULT_LIMIT=7\n"
    "PREFECT_SERVER_DATABASE_CONNECTION_URL=sqlite+aiosqlite:///theirs.db\nPREFECT_PROFILES_PATH=theirs.toml\n",
    "prefect.toml": f'[api]\nurl = "{THEIRS}"\nkey = "their-key"\n',
    "pyproject.toml": f'[project]\nname = "theirs"\n[tool.prefect.api]\nurl = "{THEIRS}"\n',
}


@pytest.fixture
def user(tmp_path, monkeypatch):
    """A user without any settings of Prefect, in a folder of another project."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_API_URL", "put back afterwards")
    monkeypatch.delenv("PREFECT_API_URL")
    monkeypatch.setattr(prefect_settings, "_profiles_path", prefect_settings._profiles_path.__wrapped__)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    yield tmp_path
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        os.environ.pop(name)


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def profile(user, text, folder="user/.prefect"):
    write(user / folder, {"profiles.toml": text})


WORK = f"""active = "work"
[profiles.work]
PREFECT_API_URL = "{OURS}"
PREFECT_API_KEY = "key"
PREFECT_CLIENT_MAX_RETRIES = 3
PREFECT_API_DATABASE_CONNECTION_URL = "postgresql://another"
PREFECT_HOME = "/elsewhere"
[profiles.quiet]
PREFECT_LOGGING_LEVEL = "ERROR"
"""


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_the_working_folder_decides_nothing_and_is_named(user, name):
    write(user / "project", {name: FOREIGN[name]})
    choice = choose_server(user / "home")
    assert choice.server == "" and choice.left_aside == (name,) and "PREFECT_API_URL" not in os.environ
    (line,) = told(choice)
    assert f"settings of Prefect in {name} of {user / 'project'} are left aside, flows run in this process" in line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "API_URL=x\n#PREFECT_API_URL=x\nMY_PREFECT_API_URL=x\n"),
        ("prefect.toml", "# nothing\n\n"),
        ("pyproject.toml", "[tool.prefectionist]\nx = 1\n[project]\nname='prefect'\n"),
    ],
)
def test_files_that_say_nothing_of_prefect_are_not_worth_a_word(user, name, text):
    write(user / "project", {name: text})
    assert not list(told(choose_server(user / "home")))


def test_the_environment_comes_first_and_an_empty_address_is_this_process(user, monkeypatch):
    profile(user, WORK)
    write(user / "home", {".env": f"PREFECT_API_URL={THEIRS}\n"})
    monkeypatch.setenv("PREFECT_API_URL", "http://named/api")
    choice = choose_server(user / "home")
    assert choice.server == "http://named/api" and not list(told(choice))
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert choose_server(user / "home").server == "" and "PREFECT_API_URL" not in os.environ


def test_the_users_profile_counts_for_how_a_server_is_reached_and_for_nothing_else(user):
    profile(user, WORK)
    write(user / "project", FOREIGN)
    choice = choose_server(user / "home")
    assert choice.server == os.environ["PREFECT_API_URL"] == OURS
    assert (os.environ["PREFECT_API_KEY"], os.environ["PREFECT_CLIENT_MAX_RETRIES"]) == ("key", "3")
    assert not {"PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_HOME"} & set(os.environ)
    goes, left = told(choice)
    assert "as your Prefect profile 'work'" in goes and "PREFECT_API_URL= (empty)" in goes
    assert ".env, prefect.toml, pyproject.toml" in left and f"flows go to {OURS}" in left


def test_a_profile_is_named_by_the_environment_or_by_its_file(user, monkeypatch):
    profile(user, WORK)
    monkeypatch.setenv("PREFECT_PROFILE", "quiet")
    assert choose_server(user / "home").server == ""
    monkeypatch.setenv("PREFECT_PROFILE", "local")
    assert choose_server(user / "home").server == "http://127.0.0.1:4200/api"
    monkeypatch.delenv("PREFECT_API_URL")
    monkeypatch.setenv("PREFECT_PROFILE", "wrok")
    with pytest.raises(UsageError, match="names the profile 'wrok', and .*profiles.toml has quiet, work; name one"):
        choose_server(user / "home")
    monkeypatch.delenv("PREFECT_PROFILE")
    monkeypatch.setenv("PREFECT_HOME", str(user / "elsewhere"))
    assert choose_server(user / "home").server == ""
    profile(user, WORK, "elsewhere")
    assert choose_server(user / "home").server == OURS


@pytest.mark.parametrize("text", ["active = [", "active = 3", "profiles = 3", "[profiles]\nwork = 3\n", "\x00"])
def test_profiles_that_make_no_sense_name_no_server(user, text):
    profile(user, text)
    assert choose_server(user / "home").server == ""


def test_files_of_the_home_itself_count_wherever_one_stands(user, monkeypatch):
    profile(user, WORK.replace(OURS, THEIRS))
    write(user / "home", {"prefect.toml": f'[api]\nurl = "{OURS}"\n[server]\nanalytics_enabled = false\n'})
    choice = choose_server(user / "home")
    assert choice.server == OURS and f"as the settings in {user / 'home'} says" in next(iter(told(choice)))
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    monkeypatch.delenv("PREFECT_API_URL")
    write(user / "home", {".env": "prefect_api_url='http://env/api'\nOTHER=1\n"})
    monkeypatch.chdir(user / "home")
    choice = choose_server(Path())
    assert choice.server == "http://env/api" and choice.left_aside == ()
    monkeypatch.delenv("PREFECT_API_URL")
    write(user / "home", {"prefect.toml": "[api"})
    with pytest.raises(UsageError, match="prefect.toml cannot be read .* take it out of the home"):
        choose_server(Path())


_SHOW = """
import json
from pathlib import Path
import httpx
from flows.embedded import prepare_environment
from flows.own_server import start_own_server
prepare_environment(Path("state/home"))
start_own_server()
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import Settings, get_current_settings
settings = [get_current_settings(), Settings()]
shown = httpx.get(f"{SubprocessASGIServer().api_url}/admin/settings").json()
print(json.dumps({"urls": [s.api.url for s in settings], "keys": [s.api.key for s in settings], "home": str(settings[0].home),
                  "limit": shown["server"]["api"]["default_limit"], "url": shown["api"]["url"]}))
"""


@pytest.mark.parametrize("pyproject", [FOREIGN["pyproject.toml"], "[tool.prefect"])
def test_prefect_itself_and_the_server_that_it_starts_see_nothing_of_another_project(tmp_path, pyproject):
    write(tmp_path, {**FOREIGN, "pyproject.toml": pyproject})  # with a broken one Prefect alone ends with a traceback
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    ours |= {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "user")}
    done = subprocess.run(
        [sys.executable, "-c", _SHOW], cwd=tmp_path, env=ours, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        **{"urls": [None, None], "keys": [None, None], "limit": 200, "url": None},
        "home": str(tmp_path / "state/home/prefect"),
    }
    assert done.stderr.count("are left aside") == 1
    assert (tmp_path / "state/home/prefect/prefect.db").exists()
    assert not list(tmp_path.rglob("theirs*"))
