"""Docstrings of installed packages: tens of megabytes of real technical English on any machine that has them."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

from minicoil.errors import CorpusError, UsageError
from minicoil.text import chunk_text, from_docstring
from tasks.documents import CorpusReport, Document, document

_SKIPPED_FOLDERS = {"tests", "test", "testing", "_vendor", "vendored", "third_party", "site-packages", "__pycache__"}
MIN_WORDS = 8  # "Return self." says nothing that could be searched for
_CONDITIONS = (ast.If, ast.Try, ast.ExceptHandler, ast.With)  # around definitions that depend on what is installed
_DEFINITIONS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def read_pydocs(names: str, report: CorpusReport) -> Iterator[Document]:
    """Documents made of the docstrings of packages, whose source is parsed and never imported.

    Args:
        names: Import names, separated by commas.
        report: Told of files that do not parse.

    Raises:
        UsageError: no name was given.
        CorpusError: a package is not installed; names those that look alike.
    """
    packages = [name.strip() for name in names.split(",") if name.strip()]
    if not packages:
        raise UsageError("pydocs: needs package names, such as pydocs:torch,scipy")
    places = [(name, _locate(name)) for name in packages]  # all of them, before any work
    for name, place in places:
        if place.is_file():
            yield from _read_module(place, name, report)
            continue
        for path in sorted(place.rglob("*.py")):
            relative = path.relative_to(place)
            if not _SKIPPED_FOLDERS.intersection(relative.parts[:-1]):
                yield from _read_module(path, ".".join((name, *relative.with_suffix("").parts)), report)


def _locate(name: str) -> Path:
    """Folder of a package or file of a module, "torch.nn" included, without importing anything on the way to it."""
    parts = name.split(".")
    # only the first part goes through importlib, which also knows editable installs: for "torch.nn" it imports torch
    spec = _find_top(parts[0])
    for end in range(2, len(parts) + 1):
        search = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(".".join(parts[:end]), list(search)) if search else None
    if spec and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec and spec.origin and spec.origin.endswith(".py"):
        return Path(spec.origin)
    installed = sorted({*packages_distributions(), *sys.stdlib_module_names})
    alike = difflib.get_close_matches(name.split(".")[0], [entry for entry in installed if entry != name], 3)
    hint = f"; did you mean {', '.join(alike)}?" if alike else ""
    raise CorpusError(
        f"pydocs:{name}: no installed package with source of that name{hint} (pip install it, or leave it out)"
    )


def _find_top(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # an empty name, or a module that was not made by an import
        return None


def _read_module(path: Path, module: str, report: CorpusReport) -> Iterator[Document]:
    module = module.removesuffix(".__init__")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        report.refuse("modules that do not parse", f"{path}: {error}")
        return
    yield from _walk(tree, module, module, report)


def _walk(node: ast.AST, name: str, module: str, report: CorpusReport) -> Iterator[Document]:
    if isinstance(node, _DEFINITIONS):
        text = ast.get_docstring(node)
        if text:
            prose = from_docstring(text)
            if len(prose.split()) < MIN_WORDS:
                report.refuse(f"docstrings under {MIN_WORDS} words", name)
            else:
                for chunk in chunk_text(prose):
                    yield document(module, name, chunk)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _CONDITIONS):
            yield from _walk(child, name, module, report)
        elif isinstance(child, _DEFINITIONS):
            inner = getattr(child, "name", "")
            if not inner.startswith("_") or inner == "__init__":
                yield from _walk(child, f"{name}.{inner}", module, report)
