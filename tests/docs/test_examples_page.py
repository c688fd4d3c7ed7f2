"""docs/examples.md shows every example, by a command that it takes and lines as it prints them."""

import ast
import re
import shlex

from markdown_pages import ROOT, shell_blocks

PAGE = ROOT / "docs" / "examples.md"


def documents(path):
    """What an example searches, read and not run: some need what is not installed here."""
    (found,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTS"
    ]
    return found


def test_every_example_is_shown_with_lines_as_it_prints_them():
    shown = set()
    for block in shell_blocks(PAGE):
        command = shlex.split(block.code)
        assert command[0] == "python" and len(command) == 4
        shown.add(command[1])
        texts = documents(ROOT / command[1])
        scores = [float(re.match(r"\d\.\d{3}  ", line)[0]) for line in block.printed]
        assert scores and scores == sorted(scores, reverse=True)
        assert {line[7:] for line in block.printed} <= set(texts)
    assert shown == {str(path.relative_to(ROOT)) for path in (ROOT / "examples").glob("*.py")}
