"""Plain prose out of markdown and HTML: markup and code go, sentences stay. Docstrings have their own module."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from minicoil.text.html_parts import cut_html

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SILENT_TAGS = frozenset({"script", "style", "pre", "nav", "head", "svg", "template"})
_BLOCK_TAGS = frozenset(
    {
        *("p", "div", "li", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "summary", "details"),
        *("table", "tr", "td", "th", "dt", "dd", "section", "article", "aside", "main"),
    }
)
# repeats are bounded: a text of colons or backticks would otherwise be scanned once per character
_ROLE = re.compile(r":[\w:+-]{1,40}:`~?([^`<]{1,200}?)(?:\s*<[^>`]{0,300}>)?`")
_LINK = re.compile(r"`([^`<]{1,200}?)\s*<[^>`]{1,300}>`_{1,2}")
_LITERAL = re.compile(r"``?([^`]{1,300})``?_{0,2}")
_FOOTNOTE = re.compile(r"(?<!\s)\s*\[[\w#*]{1,20}\]_")
_URL = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+")
_ESCAPED = re.compile(r"\\([^\w\s])|\\\s|\\(?=s\b)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)
_SHORTCODE = re.compile(r"\{\{[<%].{0,500}?[%>]\}\}")  # Hugo's, in many documentation sites
_WORDLIKE = re.compile(r"^[A-Za-z][A-Za-z'-]*$")
_DOTTED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?$")
_HOLES = (
    (re.compile(r"\(\s*[,;:.]*\s*\)|\[\s*\]"), " "),  # "(see ``x[0]``)" lost all it had
    (re.compile(r"(?<=[(\[]) +"), ""),
    (re.compile(r"\s+(?=[,.;:!?)\]](?:[\s,.;:!?)\]]|$))"), ""),
    (re.compile(r"([,;:])(?:\s*[,;:])+"), r"\1"),
    (re.compile(r"[,;:](?=[.!?](?:\s|$))"), ""),
    (re.compile(r"^[\s,.;:)\]]+(?=\s|$)"), ""),
)


def from_markdown(text: str) -> str:
    """Paragraphs of a markdown document; code blocks, tables' rules, front matter and images left out.

    Inline code stays where it reads as words, raw HTML is read as HTML, and each table cell is a paragraph.
    """
    text = _SHORTCODE.sub(" ", text.replace("\r\n", "\n"))
    blocks = []
    for token in _MARKDOWN.parse(_FRONT_MATTER.sub("", text)):
        if token.type == "html_block":
            blocks.append(from_html(token.content))
        if token.type != "inline" or not token.children:
            continue
        pieces = []
        for child in token.children:
            if child.type == "text":
                pieces.append(child.content)
            elif child.type == "code_inline":
                pieces.append(keep_words(child.content))
            elif child.type in ("softbreak", "hardbreak", "html_inline"):
                pieces.append(" ")
        blocks.append(tidy("".join(pieces)))
    return "\n\n".join(block for block in blocks if block)


class _Text:
    """Collects what a reader of the page would call its text."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.silent = 0
        self.code: list[str] | None = None  # text of the inline code element being read

    def open(self, tag: str) -> None:
        if tag in _SILENT_TAGS:
            self.silent += 1
        elif tag == "body":
            self.silent = 0  # </head> may be left out
        elif tag == "code":
            self.code = []
        elif tag in _BLOCK_TAGS:
            self.close_code()
            self.pieces.append("\n\n")

    def end(self, tag: str) -> None:
        if tag in _SILENT_TAGS:
            self.silent = max(self.silent - 1, 0)
        elif tag == "code":
            self.close_code()
        elif tag in _BLOCK_TAGS:
            self.close_code()
            self.pieces.append("\n\n")

    def add(self, data: str) -> None:
        if self.code is not None:
            self.code.append(data)
        elif not self.silent:
            self.pieces.append(data)

    def close_code(self) -> None:
        if self.code is not None and not self.silent:
            self.pieces.append(keep_words("".join(self.code)))
        self.code = None


def from_html(text: str) -> str:
    """Paragraphs of an HTML page; scripts, styles, code blocks and navigation left out."""
    found = _Text()
    take = {"start": found.open, "end": found.end, "text": found.add}
    for kind, said in cut_html(text):
        take[kind](said)
    found.close_code()
    return join_paragraphs("".join(found.pieces))


def join_paragraphs(text: str) -> str:
    """Each paragraph on one line, tidied, with an empty line between two; empty ones gone."""
    blocks = (tidy(block) for block in re.split(r"\n\s*\n", text))
    return "\n\n".join(block for block in blocks if block)


def tidy(text: str) -> str:
    """One line: roles, links and literals reduced to their words, addresses and footnotes dropped, spaces normalised.

    >>> tidy("Calls :func:`a.solve` (see ``x[0]``), a *fast* ``solver`` [1]_ .")
    'Calls solve (see), a fast solver.'
    """
    text = " ".join(text.split())  # first: some patterns below take a long run of spaces badly
    text = _ROLE.sub(lambda match: keep_words(match.group(1)), text)
    text = _LINK.sub(r"\1", text)
    text = _LITERAL.sub(lambda match: keep_words(match.group(1)), text)
    text = _FOOTNOTE.sub("", text)
    text = _URL.sub(" ", text)
    text = _ESCAPED.sub(r"\1", text)
    text = text.replace("*", " ")
    for hole, filling in _HOLES:
        text = hole.sub(filling, " ".join(text.split()))
    return " ".join(text.split())


def keep_words(code: str) -> str:
    """Inline code where it reads as words, the last part of a dotted name, else a blank.

    >>> keep_words("pod"), keep_words("scipy.optimize.minimize"), keep_words("x[0]")
    ('pod', 'minimize', ' ')
    """
    code = code.strip()
    if _DOTTED.match(code):
        code = code.removesuffix("()").rsplit(".", 1)[-1]
    return code if code and all(_WORDLIKE.match(part) for part in code.split()) else " "
