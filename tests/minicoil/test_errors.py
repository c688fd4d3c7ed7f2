"""Errors are drawn as they are, say what they have to say harmlessly, and carry what it was made of."""

import inspect
import re

import pytest

from minicoil import errors
from minicoil.errors import BusyError, DocumentError, MiniCoilError, NotTextError

CLASSES = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MiniCoilError)}


def drawn():
    """(Name, name of what it stands under) of each line of the tree."""
    above = []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"^    (?P<lines>[│├└─ ]*)(?P<name>[A-Z]\w+Error)\b", line):
            depth = len(found["lines"]) // 4
            above[depth:] = [found["name"]]
            yield found["name"], above[depth - 1] if depth else None


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    tree = dict(drawn())
    assert tree.keys() == CLASSES.keys()
    assert {name: parent for name, parent in tree.items() if parent} == {
        name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not MiniCoilError
    }


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_facts_travel_beside_a_message_that_no_terminal_obeys(kind):
    error = kind("word '\x1b[31mpod' is red", word="\x1b[31mpod", n=3)
    assert str(error) == "word '\\x1b[31mpod' is red" and error.facts == {"word": "\x1b[31mpod", "n": 3}
    assert kind("no facts").facts == {}


def test_who_expects_pythons_own_error_catches_what_is_no_text():
    with pytest.raises(TypeError):
        raise NotTextError("document 1 is int", position=1)
    assert issubclass(NotTextError, DocumentError) and not issubclass(BusyError, TypeError)
