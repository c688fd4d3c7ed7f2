"""Docstrings of installed packages: tens of megabytes of real technical English on any machine that has them."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import warnings
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from minicoil.errors import CorpusError, UsageError
from minicoil.prose import from_docstring
from minicoil.sentences import chunk_text
from tasks.corpus import CorpusReport, Document, document

_SKIPPED_FOLDERS = {"tests", "test", "testing", "_vendor", "vendored", "third_party", "site-packages", "__pycache__"}
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
    folders = [(name, _locate(name)) for name in packages]  # all of them, before any work
    for name, folder in folders:
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder)
            if not _SKIPPED_FOLDERS.intersection(relative.parts[:-1]):
                yield from _read_module(path, ".".join((name, *relative.with_suffix("").parts)), report)


def _locate(name: str) -> Path:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        alike = difflib.get_close_matches(name, packages_distributions(), 3)
        hint = f"; did you mean {', '.join(alike)}?" if alike else ""
        raise CorpusError(f"pydocs:{name}: no installed package of that name{hint} (pip install it, or leave it out)")
    return Path(next(iter(spec.submodule_search_locations)))


def _read_module(path: Path, module: str, report: CorpusReport) -> Iterator[Document]:
    module = module.removesuffix(".__init__")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        report.refuse("modules that do not parse", f"{path}: {error}")
        return
    yield from _walk(tree, module, module)


def _walk(node: ast.AST, name: str, module: str) -> Iterator[Document]:
    if isinstance(node, _DEFINITIONS):
        text = ast.get_docstring(node)
        if text:
            for chunk in chunk_text(from_docstring(text)):
                if len(chunk.split()) >= 8:  # "Return self." says nothing that could be searched for
                    yield document(module, name, chunk)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _DEFINITIONS):
            inner = getattr(child, "name", "")
            if not inner.startswith("_") or inner == "__init__":
                yield from _walk(child, f"{name}.{inner}", module)
