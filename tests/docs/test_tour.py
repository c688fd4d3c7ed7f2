"""The tour names every module once, in the words of the module itself."""

import ast
import re

from markdown_pages import ROOT

_LINE = re.compile(r"- \[`([\w/]+\.py)`\]\(\.\./\1\) (.+)")


def test_every_module_stands_in_the_tour_by_its_own_first_line():
    rows = _LINE.findall((ROOT / "docs" / "tour.md").read_text())
    modules = {path for room in ("minicoil", "tasks", "flows", "deployments") for path in (ROOT / room).rglob("*.py")}
    own = {str(p.relative_to(ROOT)): ast.get_docstring(ast.parse(p.read_text())).splitlines()[0] for p in modules}
    assert sorted(rows) == sorted(own.items())
