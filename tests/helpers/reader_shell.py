"""The shell of a person who follows a page: nothing of ours set but where the code is."""

import os
import subprocess
import sysconfig
from pathlib import Path

from markdown_pages import ROOT


def shell_environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MINICOIL_", "PREFECT_"))}
    for name in ("NO_COLOR", "COLUMNS", "FORCE_COLOR"):
        ours.pop(name, None)
    return {
        **ours,
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])),
        "PYTHONPATH": str(ROOT),
        "PREFECT_PROFILES_PATH": os.devnull,
        "OMP_NUM_THREADS": "1",  # small texts: threads would mostly wait for each other
    }


def run_shell(code: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """How commands ended, and what they printed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
