"""Markdown as documents use it: blocks of code with what stands under them, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        *ROOT.glob("docs/**/*.md"),
    ]
)
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A fenced block of shell commands.

    Attributes:
        marks: What follows `sh` in the info string.
        code: The commands.
        printed: Lines of the `text` block under it.
        line: Where it begins, from 1.
    """

    marks: tuple[str, ...]
    code: str
    printed: tuple[str, ...]
    line: int


def tokens(page: Path) -> list[Token]:
    return _MARKDOWN.parse(page.read_text(encoding="utf-8"))


def shell_blocks(page: Path) -> list[Block]:
    """All `sh` blocks of a page, in order."""
    blocks: list[Block] = []
    under = False
    for token in tokens(page):
        language, *marks = token.info.split() if token.type == "fence" else [""]
        if language == "sh":
            blocks.append(Block(tuple(marks), token.content, (), token.map[0] + 1))
        elif language == "text" and under:
            last = blocks[-1]
            blocks[-1] = Block(last.marks, last.code, tuple(filter(str.strip, token.content.splitlines())), last.line)
        under = language == "sh"
    return blocks


def indented_code(page: Path) -> Iterator[str]:
    """Blocks of code that are indented: what README and the reference pages show."""
    return (token.content for token in tokens(page) if token.type == "code_block")


def inline(page: Path) -> Iterator[Token]:
    """Everything inside paragraphs, headings and cells: links, images, code spans."""
    for token in tokens(page):
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """What `#...` may name on the page, as GitHub makes it from headings."""
    found: set[str] = set()
    for opening, token in zip(tokens(page), tokens(page)[1:], strict=False):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
        slug, n = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"), 0
        while (name := slug if not n else f"{slug}-{n}") in found:
            n += 1
        found.add(name)
    return found
