"""The tour is what the rooms say of themselves."""

import ast
import re

from markdown_pages import ROOT

_ROOM = re.compile(r"^- \[`([\w/]+)/`\]\(\.\./\1\) (.+?)(?=\n- |\n\n|\Z)", re.DOTALL | re.MULTILINE)


def test_every_room_stands_in_the_tour_in_its_own_words():
    tour = {room: " ".join(text.split()) for room, text in _ROOM.findall((ROOT / "docs" / "tour.md").read_text())}
    rooms = [p.parent for floor in ("minicoil", "tasks", "flows") for p in (ROOT / floor).glob("*/__init__.py")]
    said = {str(p.relative_to(ROOT)): ast.get_docstring(ast.parse((p / "__init__.py").read_text())) for p in rooms}
    assert tour == {room: " ".join(text.split()) for room, text in said.items()}


def test_the_tour_is_short_enough_to_be_read():
    assert len((ROOT / "docs" / "tour.md").read_text().split()) < 1500
