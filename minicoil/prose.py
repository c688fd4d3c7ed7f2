"""Plain prose out of markdown, HTML and docstrings: markup and code go, sentences stay."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SILENT_TAGS = {"script", "style", "pre", "code", "table", "nav", "head", "svg", "template"}
_BLOCK_TAGS = {"p", "div", "li", "br", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "section", "article", "blockquote"}
_ROLE = re.compile(r":[\w:+-]+:`~?([^`<]+?)(?:\s*<[^>]*>)?`")
_LITERAL = re.compile(r"``?([^`]+)``?_{0,2}")
_URL = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)
_UNDERLINE = re.compile(r"^\s*([=\-~^\"'`#*+.]{3,})\s*$")
_FIELD = re.compile(r"^\s*:(?:param|type|returns?|rtype|raises|arg|kwarg|keyword|var)\b[^:]*:\s*")
_PARAMETER = re.compile(r"^[*\w, ]+\s*:\s*\S.*$|^[*\w]+$")  # numpydoc "alpha : float, default 1.0"
_WORDLIKE = re.compile(r"^[A-Za-z][A-Za-z'-]*$")
# numpydoc and Google sections whose body is prose; the others hold code, names or references
_SKIPPED_SECTIONS = {"examples", "example", "see also", "references", "attributes table", "methods"}


def from_markdown(text: str) -> str:
    """Paragraphs of a markdown document; code blocks, tables' rules, front matter, images and raw HTML left out."""
    paragraphs = []
    for token in _MARKDOWN.parse(_FRONT_MATTER.sub("", text)):
        if token.type != "inline" or not token.children:
            continue
        pieces = []
        for child in token.children:
            if child.type == "text":
                pieces.append(child.content)
            elif child.type == "code_inline":
                pieces.append(keep_words(child.content))
            elif child.type in ("softbreak", "hardbreak"):
                pieces.append(" ")
        paragraphs.append(tidy("".join(pieces)))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SILENT_TAGS:
            self.silent += 1
        elif tag in _BLOCK_TAGS:
            self.pieces.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT_TAGS:
            self.silent = max(self.silent - 1, 0)
        elif tag in _BLOCK_TAGS:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)


def from_html(text: str) -> str:
    """Paragraphs of an HTML page; scripts, styles, code, tables and navigation left out."""
    parser = _Text()
    parser.feed(text)
    parser.close()
    return _paragraphs("".join(parser.pieces))


def from_docstring(text: str) -> str:
    """Prose of a Python docstring, reStructuredText or Google style: no doctests, code blocks, tables or signatures."""
    kept: list[str] = []
    skipped_section = False
    code_indent: int | None = None
    lines = text.expandtabs().splitlines()
    for place, line in enumerate(lines):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if code_indent is not None:
            if not stripped or indent > code_indent:
                continue
            code_indent = None
        following = lines[place + 1] if place + 1 < len(lines) else ""
        heading = _heading(stripped, following)
        if heading is not None:
            skipped_section = heading in _SKIPPED_SECTIONS
            kept.append("")
            continue
        if stripped.startswith(">>>") or stripped.startswith("..."):
            code_indent = indent - 1  # the output of a doctest goes until the next empty line
            continue
        if stripped.startswith(".. ") and "::" in stripped:
            directive = stripped[3:].split("::")[0]
            if directive not in ("note", "warning", "tip", "deprecated", "versionadded", "versionchanged"):
                code_indent = indent
            continue
        if skipped_section or _UNDERLINE.match(line) or stripped.startswith(("|", "+--", "@", "$ ")):
            continue
        if _PARAMETER.match(stripped) and (" : " in stripped or _is_indented(following, indent)):
            kept.append("")
            continue
        kept.append(_FIELD.sub("", line))
        if stripped.endswith("::"):
            code_indent = indent
    return _paragraphs("\n".join(kept))


def _heading(line: str, following: str) -> str | None:
    if line and _UNDERLINE.match(following) and len(line.split()) < 8:
        return line.lower()
    if line.endswith(":") and line[:-1].replace(" ", "").isalpha() and len(line) < 20 and line[0].isupper():
        return line[:-1].lower()
    return None


def _is_indented(line: str, indent: int) -> bool:
    return bool(line.strip()) and len(line) - len(line.lstrip()) > indent


def _paragraphs(text: str) -> str:
    blocks = (tidy(block) for block in re.split(r"\n\s*\n", text))
    return "\n\n".join(block for block in blocks if block)


def tidy(text: str) -> str:
    """One line: roles and literals reduced to their words, addresses dropped, spaces normalised."""
    text = _ROLE.sub(lambda match: keep_words(match.group(1).rsplit(".", 1)[-1]), text)
    text = _LITERAL.sub(lambda match: keep_words(match.group(1)), text)
    text = _URL.sub(" ", text)
    return " ".join(text.replace("*", " ").split())


def keep_words(code: str) -> str:
    """Inline code kept where it reads as a word ("pod"), else blanked ("x[0]", "torch.nn.functional")."""
    return code if all(_WORDLIKE.match(part) for part in code.split()) else " "
