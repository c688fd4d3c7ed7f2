"""A terminal wide enough that no cell of a table is folded, whoever runs the tests and after which others."""

import pytest

from flows import screen


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    for console in (screen._answers, screen._errors):
        monkeypatch.setattr(console, "_width", 200)
        monkeypatch.setattr(console, "_height", 50)
