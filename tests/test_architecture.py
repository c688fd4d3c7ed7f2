"""The shape of the house: imports point left, light commands stay light, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("minicoil", "tasks", "flows", "deployments")
WORLD = {"prefect", "boto3", "botocore", "qdrant_client", "qdrant_edge", "requests", "httpx"}
MAX_LINES = 320


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports anywhere in its body, functions included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_left(room):
    forbidden = set(ROOMS[ROOMS.index(room) + 1 :])
    wrong = {str(path.relative_to(ROOT)): imported(path) & forbidden for path in modules(room)}
    assert not {path: names for path, names in wrong.items() if names}


def test_the_library_never_touches_the_world():
    wrong = {str(path.relative_to(ROOT)): imported(path) & WORLD for path in modules("minicoil")}
    assert not {path: names for path, names in wrong.items() if names}


@pytest.mark.parametrize("room", ROOMS)
def test_modules_stay_readable(room):
    long = {str(p.relative_to(ROOT)): n for p in modules(room) if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert not long


@pytest.mark.parametrize(
    "module",
    [
        "minicoil",
        "flows.cli",
        "tasks.searching",
        "tasks.inspecting",
        "tasks.promotion",
        "tasks.following",
        "tasks.encoding",
    ],
)
def test_importing_is_light(module):
    """`search`, `words`, `release` and `--help` must answer in under 1.5 s: no torch, no Prefect."""
    code = f"import sys, {module}; print(sorted({{'torch', 'prefect', 'transformers', 'boto3', 'onnx', 'datasets'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
