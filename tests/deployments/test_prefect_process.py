"""Prefect's own command as the service starts it: blind to the folder it runs in, and to nothing else."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
THEIRS = "http://127.0.0.1:9/theirs"


def run(folder, *arguments, **more):
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**ours, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(folder / "home"), **more}
    command = [sys.executable, "-m", *arguments, "--no-prompt", "config", "view", "--show-sources"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_settings_of_the_folder_are_not_seen_and_those_of_the_environment_are(tmp_path):
    (tmp_path / ".env").write_text(f"PREFECT_API_URL={THEIRS}\n")
    (tmp_path / "prefect.toml").write_text(f'[api]\nurl = "{THEIRS}"\n')
    assert THEIRS in run(tmp_path, "prefect").stdout  # as it is alone
    done = run(tmp_path, "deployments.prefect_process", PREFECT_API_KEY="ours", PREFECT_LOGGING_LEVEL="ERROR")
    assert done.returncode == 0, done.stderr
    assert THEIRS not in done.stdout and "PREFECT_LOGGING_LEVEL='ERROR' (from env)" in done.stdout
    (tmp_path / "pyproject.toml").write_text("[tool.prefect")
    assert run(tmp_path, "deployments.prefect_process").returncode == 0
