"""Examples stay short enough to be read at a glance, and each has a test that runs it."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))
MOST_LINES = 60


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_says_how_to_run_it(name):
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert f"python examples/{name}.py" in (ast.get_docstring(ast.parse(text)) or "")


def test_each_example_is_run_by_a_test_of_its_name():
    assert (
        sorted(
            path.stem.removeprefix("test_")
            for path in Path(__file__).parent.glob("test_*.py")
            if path != Path(__file__)
        )
        == EXAMPLES
    )
