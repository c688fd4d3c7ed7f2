"""The shape of the house: imports point left, light commands stay light, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("minicoil", "tasks", "flows", "deployments")
ROOMS = sorted(path.parent for floor in FLOORS for path in (ROOT / floor).glob("*/__init__.py"))
WORLD = {"prefect", "boto3", "botocore", "qdrant_client", "qdrant_edge", "requests", "httpx"}
MAX_LINES, MAX_MODULES = 320, 15  # of a module; of a room


def modules(floor: str) -> list[Path]:
    return sorted((ROOT / floor).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports anywhere in its body, functions included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_point_left(floor):
    forbidden = set(FLOORS[FLOORS.index(floor) + 1 :])
    wrong = {str(path.relative_to(ROOT)): imported(path) & forbidden for path in modules(floor)}
    assert not {path: names for path, names in wrong.items() if names}


def test_the_library_never_touches_the_world():
    wrong = {str(path.relative_to(ROOT)): imported(path) & WORLD for path in modules("minicoil")}
    assert not {path: names for path, names in wrong.items() if names}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def asked_of_rooms(path: Path) -> list[tuple[str, str]]:
    """(module, name) for each `from module import name` of a module of this project."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FLOORS
        for alias in node.names
    ]


def exports(room: Path) -> dict[str, str]:
    """What a room lets others have, by name, and the module that holds it."""
    stub = ast.parse((room / "__init__.pyi").read_text())
    return {a.name: node.module or "" for node in stub.body if isinstance(node, ast.ImportFrom) for a in node.names}


@pytest.mark.parametrize("room", ROOMS, ids=dotted)
def test_a_room_says_what_it_does_and_exports_what_it_has(room):
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    for name, module in exports(room).items():
        tree = ast.parse((room / f"{module}.py").read_text())
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        assert name in names, f"{room.name} exports {name}, which {module} does not hold"


def test_other_rooms_are_asked_at_the_door():
    """`from tasks.store import open_store`, never the module behind it, and nothing that the room does not export."""
    doors = {dotted(room): exports(room) for room in ROOMS}
    wrong = []
    for path in [path for floor in FLOORS for path in modules(floor)]:
        own = dotted(path.parent)
        for module, name in asked_of_rooms(path):
            room = ".".join(module.split(".")[:2])
            if room in doors and room != own and (module != room or name not in doors[room]):
                wrong.append(f"{path.relative_to(ROOT)}: from {module} import {name}")
    assert not wrong


def test_an_export_has_somebody_who_asks_for_it():
    asked = {
        (module, name)
        for folder in (*FLOORS, "examples")
        for path in (ROOT / folder).rglob("*.py")
        for module, name in asked_of_rooms(path)
        if module != dotted(path.parent)
    }
    unasked = {
        f"{dotted(room)}.{name}" for room in ROOMS for name in exports(room) if (dotted(room), name) not in asked
    }
    assert not unasked


@pytest.mark.parametrize("floor", FLOORS)
def test_rooms_of_a_floor_form_no_circle(floor):
    rooms = {dotted(room): room for room in ROOMS if room.parent.name == floor}
    needs = {
        name: {
            ".".join(module.split(".")[:2]) for path in room.glob("*.py") for module, _ in asked_of_rooms(path)
        }.intersection(rooms)
        - {name}
        for name, room in rooms.items()
    }
    while free := [name for name, others in needs.items() if not others & set(needs)]:
        for name in free:
            del needs[name]
    assert not needs, "these rooms wait for each other"


def test_tests_mirror_the_rooms():
    folders = {dotted(p) for floor in FLOORS for p in (ROOT / "tests" / floor).glob("*") if any(p.glob("test_*.py"))}
    rooms = {f"tests.{dotted(room)}" for room in ROOMS}
    assert folders - rooms == set(), "a folder of tests without a room"
    assert rooms - folders == set(), "a room without tests of its own"


# Modules without a test file of their own, and why.
WITHOUT_TESTS = {
    "flows.forms.said": "declares how an option is spelt: tests of options and forms",
    "flows.forms.status_parameters": "declares a form: tests/flows/forms/test_parameters.py",
    "flows.outcomes.upkeep_outcomes": "declares answers: tests of the commands that give them",
    "flows.stages.making_release": "an order of steps: tests/flows/test_life.py and test_extend_vocabulary.py",
    "flows.stages.training_words": "an order of steps: the same",
    "minicoil.sparse.following": "declares what others implement",
    "tasks.catalogue.adoption": "declares a document: tests/tasks/adoption",
    "tasks.catalogue.payload_fields": "names of fields",
    "tasks.metrics.measures": "names of counters: tests/tasks/metrics",
}


def test_every_module_has_the_test_file_of_its_name():
    lacking = {
        dotted(path)
        for floor in FLOORS
        for path in modules(floor)
        if not path.name.startswith("__")
        and not (ROOT / "tests" / path.relative_to(ROOT)).with_name(f"test_{path.name}").exists()
    }
    assert lacking == set(WITHOUT_TESTS)


@pytest.mark.parametrize("room", ROOMS, ids=dotted)
def test_a_room_can_be_looked_over(room):
    names = {path.stem for path in room.glob("*.py")} - {"__init__"}
    assert len(names) < MAX_MODULES, "a second idea is in it"


@pytest.mark.parametrize("floor", FLOORS)
def test_modules_stay_readable(floor):
    long = {str(p.relative_to(ROOT)): n for p in modules(floor) if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert not long


@pytest.mark.parametrize(
    "module",
    [
        "minicoil",
        "flows.cli",
        "tasks.collections.searching",
        "tasks.report.inspecting",
        "tasks.rewriting.promotion",
        "tasks.models.following",
        "tasks.collections.encoding",
    ],
)
def test_importing_is_light(module):
    """`search`, `words`, `release` and `--help` must answer in under 1.5 s: no torch, no Prefect."""
    code = f"import sys, {module}; print(sorted({{'torch', 'prefect', 'transformers', 'boto3', 'onnx', 'datasets'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
