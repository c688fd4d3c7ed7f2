"""Prefect's own command as the service starts it: blind to the folder it runs in, and to nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THEIRS = "http://127.0.0.1:9/theirs"
FILES = {
    ".env": f"PREFECT_API_URL={THEIRS}\n",
    "prefect.toml": f'[api]\nurl = "{THEIRS}"\n',
    "pyproject.toml": f'[tool.prefect.api]\nurl = "{THEIRS}"\n',
}


def server_type(folder, module, **more):
    """What `prefect version` says: "server" where an address is known."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**ours, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(folder / "home"), **more}
    command = [sys.executable, "-m", module, "--no-prompt", "version"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return next(line.split()[-1] for line in done.stdout.splitlines() if line.startswith("Server type"))


@pytest.mark.parametrize("name", FILES)
def test_an_address_in_a_file_of_the_folder_is_not_seen(tmp_path, name):
    (tmp_path / name).write_text(FILES[name])
    assert server_type(tmp_path, "deployments.prefect_process") == "ephemeral"


def test_prefect_alone_sees_it_and_the_environment_is_seen_by_both(tmp_path):
    (tmp_path / ".env").write_text(FILES[".env"])
    assert server_type(tmp_path, "prefect") == "server"
    assert server_type(tmp_path, "deployments.prefect_process", PREFECT_API_URL="http://ours/api") == "server"
