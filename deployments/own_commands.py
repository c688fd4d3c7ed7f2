"""Programs that run this project's own command line and say what it found: the tour, and the base that ships."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from minicoil.files import parse_json


def run_command(arguments: Sequence[str], home: str) -> tuple[int, Mapping[str, Any]]:
    """Exit status and answer of a command on a home; its progress goes to stderr, as for a person.

    Args:
        arguments: Behind `minicoil`.
        home: For --home.

    Returns:
        An empty answer where it gave none.
    """
    command = [sys.executable, "-m", "flows.cli", *arguments, "--home", home, "--json"]
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    try:
        answer = parse_json(ran.stdout or b"{}")
    except ValueError:
        answer = {}
    return ran.returncode, answer


def say(text: str) -> None:
    """Print at once, in order with what the commands print."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
