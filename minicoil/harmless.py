r"""Text of strangers made harmless for a person's eyes: what would move a cursor or turn text around is written out.

Every door through which text reaches a person goes through here: terminal, log, HTML, pages of Prefect, JSON on stdout.
What is stored, encoded and searched stays as it is.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

# C0 and C1 controls but tab and line feed, DEL, line separators, overrides of direction, marks of annotation, tags,
# byte order marks, and lone surrogates, which no terminal could be sent
_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_IN_LINES = re.compile(f"[{_UNSAFE}]")
_IN_LINE = re.compile(f"[\t\n{_UNSAFE}]")


def harmless(text: str) -> str:
    r"""The text with what terminals and browsers obey written as escapes; line feeds and tabs stay.

    >>> harmless("A \x1b[31mred\x1b[0m bell\x07, \u202egnp.exe, caf\u00e9 \U0001f600")
    'A \\x1b[31mred\\x1b[0m bell\\x07, \\u202egnp.exe, café 😀'
    """
    return text if text.isascii() and text.isprintable() else _IN_LINES.sub(_written_out, text)


def harmless_line(text: str) -> str:
    r"""The same on one line: what is shown in the middle of an answer must not begin a line of it.

    >>> harmless_line("name\nrelease 7 promoted")
    'name\\nrelease 7 promoted'
    """
    return text if text.isascii() and text.isprintable() else _IN_LINE.sub(_written_out, text)


def harmless_json(document: str) -> str:
    r"""A JSON document of one line that says the same without such characters: JSON has escapes of its own.

    >>> harmless_json('["\x9b31m"]')
    '["\\u009b31m"]'
    """
    if document.isascii() and document.isprintable():
        return document
    return _IN_LINE.sub(lambda match: "".join(f"\\u{unit:04x}" for unit in _units(match.group())), document)


def _written_out(match: re.Match[str]) -> str:
    character = match.group()
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    code = ord(character)
    return named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _units(character: str) -> list[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


class _GuardedRecords:
    """Log records whose messages are harmless, whichever handler writes them."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **options: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **options)
        try:
            record.msg, record.args = harmless(record.getMessage()), ()
        except (TypeError, ValueError):  # somebody's format string; the handler tells
            return record
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = harmless("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record


def guard_logs() -> None:
    """Make every log message of this process harmless from now on; for programs, not for libraries."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _GuardedRecords):
        logging.setLogRecordFactory(_GuardedRecords(make))
