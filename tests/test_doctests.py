"""Worked examples in docstrings are run, so that none of them lies."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("minicoil", "tasks", "flows")


def modules():
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield name
        yield from (entry.name for entry in pkgutil.walk_packages(package.__path__, f"{name}."))


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_true(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
