"""A terminal wide enough that no cell of a table is folded, whoever runs the tests."""

import pytest


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
