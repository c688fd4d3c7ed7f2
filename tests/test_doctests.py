"""What docstrings promise: everything public has one, and the worked examples in them are run."""

import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("minicoil", "tasks", "flows", "deployments")


def modules():
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield name
        yield from (entry.name for entry in pkgutil.walk_packages(package.__path__, f"{name}."))


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_true(name, request):
    module = importlib.import_module(name)
    # the door of the library is shown on a real model; no other module's examples need one
    known = {"model_folder": request.getfixturevalue("bundle")} if name == "minicoil" else {}
    found = doctest.testmod(module, extraglobs=known)
    assert found.failed == 0


@pytest.mark.parametrize(
    "name",
    [
        "minicoil",
        "minicoil.words.vocabulary",
        "minicoil.sparse.cells",
        "minicoil.training.triplets",
        "minicoil.sparse.impact",
    ],
)
def test_the_doors_of_the_library_have_worked_examples(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    assert sum(len(test.examples) for test in finder.find(importlib.import_module(name))) >= 3


def trees():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def definitions(body):
    """Public functions and classes of a body; signatures of `@overload` are described where the body is."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            names = {getattr(decorator, "id", "") for decorator in node.decorator_list}
            if "overload" not in names:
                yield node


def is_protocol(node):
    return any(getattr(base, "id", "") == "Protocol" for base in node.bases)


def test_every_public_name_has_a_docstring():
    """A method of a protocol is described once, where the protocol is."""
    silent, classes = [], []
    for path, tree in trees():
        silent += [path] if not ast.get_docstring(tree) else []
        for node in definitions(tree.body):
            silent += [f"{path} {node.name}"] if not ast.get_docstring(node) else []
            classes += [(path, node)] if isinstance(node, ast.ClassDef) else []
    protocols = [node for _, node in classes if is_protocol(node)]
    described = {method.name for node in protocols for method in definitions(node.body) if ast.get_docstring(method)}
    for path, node in classes:
        for method in definitions(node.body):
            if not ast.get_docstring(method) and (is_protocol(node) or method.name not in described):
                silent.append(f"{path} {node.name}.{method.name}")
    assert not silent
