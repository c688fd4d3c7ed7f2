"""Nothing that terminals or browsers obey gets through, and nothing else is touched."""

import json
import logging
import sys
import unicodedata

import pytest
from hypothesis import given, strategies as st

from minicoil.errors import UsageError
from minicoil.harmless import guard_logs, harmless, harmless_json, harmless_line
from minicoil.text.quotes import Quotes

OBEYED = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x\x1b\\link",
    "\x9b31m",
    "\x90q\x9c",
    "\x9d0;title\x9c",
    "a\rb",
    "a\x08b",
    "\x7f",
    "\x00",
    "\x0c",
    "\x85",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "\u2028",
    "\ufeffa",
    "\U000e0041",
    "\ud800",
]


@pytest.mark.parametrize("text", OBEYED)
def test_what_is_obeyed_is_written_out(text):
    for shown in (harmless(text), harmless_line(text), harmless(f"caf\u00e9 {text}")):
        assert all(c.isprintable() or c == " " for c in shown)
        shown.encode()
    assert json.loads(harmless_json(json.dumps([text], ensure_ascii=False))) == [text]
    assert all(c.isprintable() for c in harmless_json(json.dumps([text], ensure_ascii=False)))


def test_every_control_is_written_out_and_every_letter_mark_and_symbol_stays():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs"):
            assert (harmless(character) == character) is (character in "\t\n"), hex(code)
        elif kind[0] in "LMNPS" or kind == "Zs":
            assert harmless_line(character) == character, hex(code)


def test_joiners_that_scripts_and_emoji_need_stay():
    for text in (
        "\U0001f469\u200d\U0001f4bb",
        "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645",
        "caf\u00ade",
        "\u05d0\u200f1",
    ):
        assert harmless_line(text) == text


def test_lines_stay_lines_in_messages_and_never_begin_in_the_middle_of_an_answer():
    assert harmless("a\n\tb") == "a\n\tb"
    assert harmless_line("a\n\tb\r") == r"a\n\tb\r"


@given(st.text())
def test_json_says_the_same_afterwards(text):
    shown = harmless_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(shown) == {text: [text]}
    assert not any(unicodedata.category(c) == "Cc" for c in shown)


def test_errors_are_harmless_from_the_start():
    assert str(UsageError("word '\x1b[31m\udce9'")) == r"word '\x1b[31m\udce9'"


def test_log_lines_and_tracebacks_are_harmless_in_every_handler(caplog):
    before = logging.getLogRecordFactory()
    try:
        guard_logs()
        guard_logs()  # twice changes nothing
        log = logging.getLogger("somebody")
        log.warning("read %s of %d", "\x1b]0;x\x07", 3)
        try:
            raise ValueError("bad \x9b2J name")
        except ValueError:
            log.exception("stopped at \u202e")
    finally:
        logging.setLogRecordFactory(before)
    assert caplog.messages[0] == r"read \x1b]0;x\x07 of 3"
    assert r"bad \x9b2J name" in caplog.text and "\x9b" not in caplog.text and "\x1b" not in caplog.text


def test_a_document_is_recognised_in_pages_that_show_it_written_out():
    text = "The parser shows \x1b[31mred\x1b[0m and \u202eturned words."
    for page in (f"<li>{harmless(text)}</li>", f"<li>{text}</li>", json.dumps([harmless(text)]), json.dumps([text])):
        assert Quotes([text]).are_in(page), page
    redacted, n = Quotes([text]).redact_html(f"<ul><li>{harmless(text)}</li></ul>")
    assert n == 1 and "parser" not in redacted
