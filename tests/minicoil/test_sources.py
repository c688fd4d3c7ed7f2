"""The digest of the trainer's code follows its source, not its version."""

import ast
import importlib.util
from pathlib import Path

import pytest

from minicoil.sources import DECIDING, source_digest
from tasks.training import _OWN_SOURCES


def test_a_changed_line_changes_the_digest_and_an_equal_file_does_not(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = []
    for name, text in (("planted_a", "x = 1\n"), ("planted_b", "x = 1\n"), ("planted_c", "x = 2\n")):
        (tmp_path / f"{name}.py").write_text(text)
        digests.append(source_digest((name,)))
    (tmp_path / "planted_a.py").write_text("x = 3\n")
    assert source_digest(("planted_a",)) == digests[0]  # once a process
    source_digest.cache_clear()
    assert source_digest(("planted_a",)) != digests[0]
    assert len(set(digests)) == 3
    assert source_digest(("planted_b", "planted_c")) == source_digest(("planted_c", "planted_b"))


def test_the_modules_that_decide_a_layer_exist_and_an_unknown_one_is_refused():
    assert {"minicoil.trainer", "minicoil.triplets", "minicoil.validation"} <= set(DECIDING)
    assert len(source_digest()) == 64
    with pytest.raises(ModuleNotFoundError, match=r"minicoil\.absent"):
        source_digest(("minicoil.absent",))


def test_no_module_that_a_deciding_one_imports_is_forgotten():
    """But for those that cannot change a number: settings (their values are in the digest), errors, records, paths."""
    harmless = {"minicoil.config", "minicoil.errors", "minicoil.layout", "minicoil.ledger", "minicoil.sparse"}
    harmless |= {"minicoil.untrusted"}  # it reads arrays or refuses them
    harmless |= {"minicoil.export", "minicoil.stack", "minicoil.whole_files"}  # the encoder's digest, files
    assert {"tasks.features", "tasks.sentence_encoder"} <= set(_OWN_SOURCES)
    imported = set()
    for name in (*DECIDING, *_OWN_SOURCES):
        tree = ast.parse(Path(importlib.util.find_spec(name).origin).read_text())
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name.startswith("minicoil.")} - harmless <= set(DECIDING)
