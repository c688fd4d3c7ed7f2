"""HTML cut into tags and text, in time that grows with its length alone, whatever it holds.

Python's own parser looks for the end of a tag, comment or value that never ends from each "<" on, some of its versions
raise on a marked section that they do not know, and each closes what is broken in its own way. Here a "<" that opens
nothing that is closed is text.

A tree builder by HTML's standard is no way out: it opens each unclosed `<b>` again in every paragraph (lexbor takes 70
times as long for 8 times as much of that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Literal, NamedTuple

_NAME = re.compile(r"""[a-zA-Z][^\t\n\r\f />\x00<="']{0,63}(?=[\t\n\r\f />])""")
_END = re.compile(r"</\s*([a-zA-Z][^\t\n\r\f />\x00]*)")
# a quoted value of an attribute, by its quote; one without quotes; or the tag's end. Where one is does not depend on
# where the search began: after a name or a quote it finds what a search that began earlier finds
_MARK = re.compile(r"""=\s*(?:(?P<quote>["'])|[^\s>"'<]+)|/?(?P<end>>)""")
_COMMENT_END = re.compile(r"--\s*>")
_SECTION = re.compile(r"<!\[\s*(?:temp|cdata|ignore|include|rcdata)\b", re.IGNORECASE)
_SECTION_END = re.compile(r"\]\s*\]\s*>")
_RAW_END = {name: re.compile(rf"</\s*{name}\s*>", re.IGNORECASE) for name in ("script", "style")}
_ZEROS = re.compile(r"&#0+(?=[0-9])")
_HUGE = re.compile(r"&#[0-9]{8,};?")  # a reference to no character; int() refuses what has thousands of digits


class HtmlPart(NamedTuple):
    """What stands next on a page.

    Attributes:
        kind: A tag that opens or closes an element, or text.
        said: The tag's name in lower case; text with its references resolved.
    """

    kind: Literal["start", "end", "text"]
    said: str


def cut_html(page: str) -> Iterator[HtmlPart]:
    """Tags and text in order; comments, declarations, scripts and styles are left out, their tags are not.

    >>> [part.said for part in cut_html("<p>1 &lt; 2<!-- no --><br/>x<y<script>z</script>")]
    ['p', '1 < 2', 'br', 'br', 'x<y', 'script', 'script']
    """
    return _Page(page).parts()


class _Page:
    """One pass over a page, and what it learned of tags that are never closed."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._last = page.rfind(">")  # nothing that begins later is closed
        self._open_to_the_end: set[re.Pattern[str]] = set()  # ends that do not occur any more
        self._first = (0, -1)  # of the last tag looked at: where its values begin, and where the first one is
        self._dead = bytearray()  # 1 where a quoted value begins after which no tag ends

    def parts(self) -> Iterator[HtmlPart]:
        page, start, place = self._page, 0, 0
        while 0 <= (place := page.find("<", place)) < self._last:
            end, tags = self._markup(place)
            if end < 0:
                place += 1
                continue
            if start < place:
                yield HtmlPart("text", _resolve(page[start:place]))
            yield from tags
            raw = _RAW_END.get(tags[0].said) if [tag.kind for tag in tags] == ["start"] else None
            if raw is not None:
                closed = raw.search(page, end)
                if closed is None:
                    return
                yield HtmlPart("end", tags[0].said)
                end = closed.end()
            start = place = end
        if start < len(page):
            yield HtmlPart("text", _resolve(page[start:]))

    def _markup(self, place: int) -> tuple[int, list[HtmlPart]]:
        """Where what a "<" opens ends, -1 where it opens nothing, and the tags that it is."""
        page = self._page
        following = page[place + 1]
        if following == "/":
            named = _END.match(page, place)
            return page.find(">", place) + 1, [HtmlPart("end", named[1].lower())] if named else []
        if following == "?":
            return page.find(">", place) + 1, []
        if following == "!":
            if page.startswith("<!--", place):
                return self._find_end(_COMMENT_END, place + 4), []
            if _SECTION.match(page, place):
                return self._find_end(_SECTION_END, place), []
            return page.find(">", place) + 1, []
        name = _NAME.match(page, place + 1)
        return self._tag(name) if name else (-1, [])

    def _find_end(self, pattern: re.Pattern[str], place: int) -> int:
        found = None if pattern in self._open_to_the_end else pattern.search(self._page, place)
        if found is None:
            self._open_to_the_end.add(pattern)
        return found.end() if found else -1

    def _tag(self, name: re.Match[str]) -> tuple[int, list[HtmlPart]]:
        """Where a tag ends, at the first ">" outside quoted values; its name was found.

        Every quoted value is passed twice at most: once in vain, and once within a tag that is closed.
        """
        page, place, passed = self._page, name.end(), list[int]()
        while found := self._next_mark(place, is_first=not passed):
            begins, mark, place = found
            if mark == ">":
                start = HtmlPart("start", name[0].lower())
                is_empty = place - begins == 2  # "/>"
                return place, [start, HtmlPart("end", start.said)] if is_empty else [start]
            passed.append(begins)
            if (self._dead and self._dead[begins]) or not (place := page.find(mark, place) + 1):
                break
        if passed and not self._dead:
            self._dead = bytearray(len(page))
        for begins in passed:
            self._dead[begins] = 1
        return -1, []

    def _next_mark(self, place: int, is_first: bool) -> tuple[int, str, int] | None:
        """Where the next quoted value or the end of the tag is announced, by which mark, and where that ends."""
        begins = place
        if is_first and self._first[0] <= place <= self._first[1]:
            begins, place = self._first
        found = _MARK.search(self._page, place) if place <= self._last else None
        while found and not found.lastgroup:  # a value without quotes
            found = _MARK.search(self._page, found.end())
        if is_first:
            self._first = (begins, found.start() if found else len(self._page))
        return (found.start(), found[0][-1], found.end()) if found else None


def _resolve(text: str) -> str:
    """Text with the characters that its references stand for."""
    if "&" not in text:
        return text
    return unescape(_HUGE.sub("\ufffd", _ZEROS.sub("&#", text)) if "&#" in text else text)
