"""The package as people get it: built into a wheel, installed elsewhere, run outside the repository."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)
def test_the_built_wheel_runs_outside_the_repository(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path / "wheel", ROOT], check=True, cwd=tmp_path)
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", tmp_path / "site", wheel], check=True, cwd=tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    for package in ("minicoil", "tasks", "flows", "deployments"):
        assert (tmp_path / "site" / package / "py.typed").is_file()  # its annotations are for others too
    templates = {path.name for path in (ROOT / "tasks" / "report").glob("*.html")}
    assert templates and templates == {path.name for path in (tmp_path / "site" / "tasks" / "report").glob("*.html")}

    def python(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code = "import minicoil, minicoil.text.stemming as s; print(minicoil.__file__, len(s.STOPWORDS))"
    _, said = python("-c", code)
    assert str(tmp_path / "site") in said and int(said.split()[-1]) > 100
    (wheel_version,) = {path.name.split("-")[1] for path in (tmp_path / "site").glob("minicoil_service-*.dist-info")}
    assert python("-m", "flows.cli", "--version")[1].strip().endswith(wheel_version.removesuffix(".dist"))
    status, said = python("-m", "flows.cli", "--help")
    assert status == 0 and "extend" in said
    status, said = python("-m", "flows.cli", "search", "docs", "pods", "--home", str(tmp_path / "home"))
    assert status == 1 and "collection 'docs' was not found" in said


@pytest.fixture
def wheels():
    """The script that `make wheels` runs, as a module."""
    spec = importlib.util.spec_from_file_location("wheels", ROOT / ".ci" / "wheels.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("asked", "found", "status", "untried"),
    [
        ([], {"3.11": "a", "3.12": "b", "3.13": "c"}, 0, ""),
        ([], {"3.12": "b"}, 0, "Python 3.11, 3.13"),
        (["--python", "3.11"], {}, 1, "Python 3.11"),
        ([], {}, 1, "Python 3.11, 3.12, 3.13"),
    ],
)
def test_what_make_wheels_did_not_try_is_its_last_line(wheels, monkeypatch, capsys, asked, found, status, untried):
    tried = []
    monkeypatch.setattr(sys, "argv", ["wheels.py", *asked])
    monkeypatch.setattr(wheels, "pythons", lambda wanted: found)
    monkeypatch.setattr(wheels, "check_all", lambda found, extras: tried.extend(found) or [])
    assert wheels.main() == status and tried == list(found)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(f"NOT TRIED, for it is not found here: {untried}") if untried else "NOT TRIED" not in last
