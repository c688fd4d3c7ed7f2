"""Tags and text out of HTML: what Python's parser makes of well-formed pages, and no input takes more than linear time."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from minicoil.text.html_parts import cut_html
from minicoil.text.prose import from_html, from_markdown, tidy

BROKEN = [
    *("a<b ", '<a b="', "<!--", "<!-- ", "<a ", "<a", "</a ", "<![cdata[", "<?x ", "<!A ", "&#9", "&", "&#0", "< "),
    *("<a b='\"", "<a href=x ", '<a b=" ', "<a b='x\" ", '<a/="y"=z', "<a/ =b ", "<a =", "<a x=<a>'", "<script>"),
    *("<style></", "<code>a", "]]", "<![cdata[ ]", "<!--x--", "<a\t=\t"),
]


def parts(page):
    return [tuple(part) for part in cut_html(page)]


class Earlier(HTMLParser):
    """What Python's own parser makes of a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append(("start", tag))

    def handle_endtag(self, tag):
        self.found.append(("end", tag))

    def handle_data(self, data):
        if not (self.found and self.found[-1] in (("start", "script"), ("start", "style"))):
            self.found.append(("text", data))


names = st.sampled_from(["p", "a", "BR", "h1", "o:p", "code", "x-y", "li"])
values = st.sampled_from(
    ["", " x", ' x="1 > 0"', " y='<b>'", " z=a/b?c", ' x = "a"  y', ' d="' + "A" * 900 + '"', " n\n"]
)
texts = st.sampled_from(
    ["pods", " a &lt; b ", "AT&amp;T &#233;&#x41;", "1 < 2 ", "\n", "&copy 5", "&nosuch;", "=", '"', "'"]
)
marks = st.sampled_from(
    [
        "<!-- a <b> > -->",
        "<!doctype html>",
        "<?xml v='1'?>",
        "<![CDATA[ a b ]]>",
        "<!x>",
        "<!--[if IE]> x <![endif]-->",
    ]
)
raw = st.sampled_from(["<script>if (a<b) '</p>'</script>", "<style x='y'>p > a {}</STYLE >", "<script/>"])
tags = st.builds(lambda n, v, end: f"<{n}{v}{end}>", names, values, st.sampled_from(["", "/", " /"])) | st.builds(
    lambda n, space: f"</{n}{space}>", names, st.sampled_from(["", " "])
)


@given(st.lists(tags | texts | marks | raw, max_size=12))
def test_a_page_is_what_pythons_own_parser_makes_of_it(pieces):
    page = "".join(pieces)
    found, expected = [], []
    for kind, said, into in [(*part, found) for part in parts(page)] + [
        (*part, expected) for part in Earlier(page).found
    ]:
        if kind == "text" and into and into[-1][0] == "text":
            into[-1] = ("text", into[-1][1] + said)  # however text is handed over
        else:
            into.append((kind, said))
    assert found == expected


def test_what_opens_nothing_that_is_closed_is_text():
    assert parts("if a <b and c") == [("text", "if a <b and c")]
    assert parts('x <a href="y> <i>z</i>') == [("text", 'x <a href="y> '), ("start", "i"), ("text", "z"), ("end", "i")]
    assert parts("a <!-- b <p>c") == [("text", "a <!-- b "), ("start", "p"), ("text", "c")]
    assert parts("<![CDATA[ a <p>b") == [("text", "<![CDATA[ a "), ("start", "p"), ("text", "b")]
    assert parts("a <") == [("text", "a <")] and parts("") == [] and parts("<>") == [("text", "<>")]


def test_marked_sections_of_no_known_kind_and_huge_references_are_read():
    assert from_html("a<![foo]>b<![ ]>c") == "abc"
    assert from_html(f"a &#{'9' * 5000}; &#{'0' * 5000}66;c") == "a \ufffd Bc"


@pytest.mark.parametrize("tail", ["", ">", '">', "'>"])
@pytest.mark.parametrize("unit", BROKEN)
def test_a_long_page_of_anything_broken_is_read_at_once(unit, tail):
    page = unit * (400_000 // len(unit)) + tail  # by looking on to the end from each "<": minutes to hours
    started = time.process_time()
    from_html(page)
    assert time.process_time() - started < 8


@pytest.mark.parametrize("unit", ["<!--", "<?x ", "<!A ", "<div a='\"", "<p <", "<script> "])
def test_html_within_markdown_is_read_at_once_too(unit):
    page = unit * (400_000 // len(unit))
    started = time.process_time()
    from_markdown(page)
    assert time.process_time() - started < 8


def test_a_long_line_of_roles_that_leave_blanks_is_tidied_at_once():
    started = time.process_time()
    assert tidy(":a:`" * 400_000) == ""
    assert time.process_time() - started < 8
