"""Prose out of docstrings and reStructuredText: no doctests, code blocks, tables, signatures or types."""

from __future__ import annotations

import re

from minicoil.text.prose import join_paragraphs

_UNDERLINE = re.compile(r"^\s*([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_BORDER = re.compile(r"^(?:[=-]{2,}(?:\s+[=-]{2,})+|\+[-=+]{3,}\+)$")  # of simple and grid tables
_BULLET = re.compile(r"^(?:[-*+\u2022]|#\.|\(?\d{1,2}[.)])\s+")
_DIRECTIVE = re.compile(r"^\.\. ([\w:-]+)::\s*(.*)$")
_FIELD = re.compile(r"^:[a-z]{2,12}(?: [^:]{1,80})?:\s*")  # ":param alpha:", ":returns:"
_ENTRY = re.compile(  # Google's "alpha (float, optional): ", also "tuple[int, str]: "
    r"^\*{0,2}[\w.\[\]|`~]+(?:, ?\*{0,2}[\w.\[\]|`~]+){0,5}(?:\s*\(.{0,160}?\))?\s*:(?:\s+|$)"
)
_PARAMETER = re.compile(r"^(?:[*\w, ]{1,80}\s*:\s*\S.*|[*\w]+)$")  # numpydoc's "alpha : float, default 1.0"
_ADMONITIONS = frozenset(
    {"note", "warning", "tip", "important", "caution", "attention", "hint", "danger", "seealso", "admonition", "topic"}
)
_VERSIONS = frozenset({"deprecated", "versionadded", "versionchanged", "versionremoved"})  # what follows is a number
# sections whose body is a list of names, each with its description
_ENTRIES = frozenset(
    {
        *("args", "arguments", "parameters", "other parameters", "params", "keyword args", "keyword arguments"),
        *("attributes", "returns", "return", "yields", "raises", "warns", "receives", "inputs", "outputs"),
    }
)
_PLAIN = frozenset({"note", "notes", "warning", "warnings", "important", "tip", "description", "summary"})
# sections whose body is code, names or references
_SKIPPED = frozenset({"example", "examples", "see also", "references", "methods", "usage", "todo", "shape", "rtype"})
_KNOWN = _ENTRIES | _PLAIN | _SKIPPED


def from_docstring(text: str) -> str:
    """Prose of a Python docstring in numpydoc, Google or Sphinx style, one paragraph per parameter or list item.

    >>> print(from_docstring('''Sum of a series.
    ...
    ... Args:
    ...     tol (float, optional): Values below ``tol`` are left out,
    ...         silently.
    ...
    ... Example:
    ...     >>> total([1, 2])
    ...     3
    ... '''))
    Sum of a series.
    <BLANKLINE>
    Values below tol are left out, silently.
    """
    return _Reader(text, sections=True).prose()


def from_rst(text: str) -> str:
    """Prose of a reStructuredText page: headings stay, and no section is left out for its name."""
    return _Reader(text, sections=False).prose()


class _Reader:
    """One pass over the lines; each attribute is what the lines before say about the next one."""

    def __init__(self, text: str, sections: bool) -> None:
        self.lines = text.expandtabs().splitlines()
        self.sections = sections
        self.kept: list[str] = []
        self.fenced = False
        self.until_blank = False  # inside a doctest or a table
        self.block: int | None = None  # lines indented deeper than this are code
        self.section = ""
        self.section_indent: int | None = None  # of a Google heading; a numpydoc section ends at the next heading
        self.entry_indent: int | None = None

    def prose(self) -> str:
        for place, line in enumerate(self.lines):
            following = self.lines[place + 1] if place + 1 < len(self.lines) else ""
            stripped = line.strip()
            indent = _indent(line)
            if not self._in_code(stripped, indent):
                self._read(stripped, indent, following)
        return join_paragraphs("\n".join(self.kept))

    def _in_code(self, line: str, indent: int) -> bool:
        if line.startswith(("```", "~~~")) and not _UNDERLINE.match(line.replace("`", "x")):
            self.fenced = not self.fenced
            return True
        if self.fenced:
            return True
        if self.until_blank:
            self.until_blank = bool(line)
            return True
        if self.block is not None:
            if not line or indent > self.block:
                return True
            self.block = None
        if line.startswith(">>>") or _BORDER.match(line):
            self.until_blank = True
            return True
        return False

    def _read(self, line: str, indent: int, following: str) -> None:
        if not line:
            self.kept.append("")
            return
        if self.section_indent is not None and indent <= self.section_indent:
            self._enter("", None)
        if self._is_heading(line, indent, following) or _UNDERLINE.match(line):
            return
        if self.sections and self.section in _SKIPPED:
            return
        if line == ".." or line.startswith(".. "):
            self._read_directive(line, indent)
        elif not line.startswith(("|", "@", "$ ")):  # line blocks, decorators, shell
            self._read_prose(line, indent, following)

    def _enter(self, section: str, indent: int | None) -> None:
        self.section, self.section_indent, self.entry_indent = section, indent, None
        self.kept.append("")

    def _is_heading(self, line: str, indent: int, following: str) -> bool:
        if _UNDERLINE.match(following) and not _UNDERLINE.match(line) and len(line.split()) < 13:
            self._enter(line.lower().rstrip(":"), None)
            if not self.sections:
                self.kept += [line, ""]
            return True
        name = line.rstrip(":").lower()
        if self.sections and line.endswith(":") and name in _KNOWN:
            self._enter(name, indent)
            if line.endswith("::"):
                self.block = indent
            return True
        return False

    def _read_directive(self, line: str, indent: int) -> None:
        self.kept.append("")
        found = _DIRECTIVE.match(line)
        name = found.group(1) if found else ""
        if found and name in _ADMONITIONS:
            self.kept.append(found.group(2))
        elif name not in _VERSIONS:
            self.block = indent  # code, mathematics, pictures, link targets, comments

    def _read_prose(self, line: str, indent: int, following: str) -> None:
        opens = bool(following.strip()) and _indent(following) > indent
        if self.sections and self.section in _ENTRIES:
            if self.entry_indent is None:
                self.entry_indent = indent
            if indent == self.entry_indent:
                self.kept.append("")
                # numpydoc puts name and type on a line of their own, and the words below it
                if self.section_indent is None and (opens or " : " in line):
                    return
                line = _ENTRY.sub("", line, count=1)
        elif opens and _PARAMETER.match(line):
            self.kept.append("")
            return
        bare = _FIELD.sub("", _BULLET.sub("", line, count=1), count=1)
        if bare != line:
            self.kept.append("")
        if bare.endswith("::"):
            self.block = indent
            bare = bare[:-1]
        self.kept.append(bare)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
