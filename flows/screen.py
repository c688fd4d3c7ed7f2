"""The terminal: progress and messages on stderr, lines and tables of an answer on stdout.

Colours and bars are for terminals. In a pipe, and where NO_COLOR is set (https://no-color.org), an answer is plain
text, and in a pipe every row of a table stays on one line, for `grep` and `cut`. With JSON lines asked for, all that
stderr gets is one JSON object a line, log lines and messages alike, for whoever collects logs.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.markup import escape

from minicoil.files import finite
from minicoil.harmless import guard_logs, harmless, harmless_json, harmless_line
from tasks import progress

if TYPE_CHECKING:  # bars and tables are imported where one is drawn: a search with --json draws none
    from rich.progress import Progress, TaskID

# rich leaves out colours alone where NO_COLOR is set; without a colour system nothing is marked up at all
_COLOURS: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
_errors = Console(stderr=True, highlight=False, emoji=False, color_system=_COLOURS)
_quiet = False  # of the terminal, which a process has one of
_json_lines = False  # likewise
LOG_JSON = "MINICOIL_LOG_JSON"
_YES = {"1", "true", "t", "yes", "y", "on"}  # as click reads the variable for a command
_LEVELS = {"": "info", "yellow": "warning", "bold red": "error"}  # of a message, by the style it is shown in
_answers = Console(highlight=False, emoji=False, color_system=_COLOURS)
_BEYOND_ASCII = "\u00e9\u6f22\U0001f600"
TELL_FIRST_SECONDS, TELL_EVERY_SECONDS = 2.0, 10.0  # lines about a step in a pipe
PIPE_WIDTH = 1000  # columns of a table in a pipe, where nobody's window ends
SIDE_BY_SIDE_WIDTH = 120  # of two rankings there


def set_up(verbose: bool, quiet: bool = False, json_lines: bool = False) -> None:
    """Choose what is shown before a command starts."""
    global _quiet, _json_lines
    _quiet, _json_lines = quiet, json_lines
    guard_logs()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal's encoding lacks is written out, not an error
            stream.reconfigure(errors="backslashreplace")
    if json_lines:
        log_json_lines(logging.ERROR if quiet else logging.INFO)
    else:
        level = logging.INFO if verbose else logging.ERROR
        logging.basicConfig(level=level, format="%(asctime)s %(name)s: %(message)s")
    _show_tries(verbose or json_lines)
    if not _answers.is_terminal and "COLUMNS" not in os.environ:
        _answers.width = PIPE_WIDTH
    if quiet or json_lines:
        progress.listen(progress.LogListener())
    else:
        progress.listen(_BarListener() if _errors.is_terminal else _LineListener())


def wants_json_lines() -> bool:
    """Whether JSON lines were asked for: of this command, or by the environment of a process that is none."""
    return _json_lines or os.environ.get(LOG_JSON, "").strip().lower() in _YES


def log_json_lines(level: int) -> None:
    """Log lines from `level` on, warnings, and an error that ends this process are JSON lines on stderr from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLine())
    handler.setLevel(level)  # of the handler: some loggers have levels of their own
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_end


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, Exception):  # Ctrl-C is no failure, and Python says it as a shell expects
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("minicoil").critical("ended by an error", exc_info=(kind, error, trace))


class _JsonLine(logging.Formatter):
    """A log record as one JSON object on a line."""

    def format(self, record: logging.LogRecord) -> str:
        """`time` (UTC), `level`, `logger`, `message`, `process`; `exception` where one was logged."""
        more = {}
        if record.exc_info:
            more["exception"] = record.exc_text or self.formatException(record.exc_info)
        return _log_line(record.created, record.levelname.lower(), record.name, record.getMessage(), **more)


def _log_line(moment: float, level: str, logger: str, message: str, **more: str) -> str:
    time_said = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    said = {"time": time_said, "level": level, "logger": logger, "message": message, "process": os.getpid(), **more}
    return harmless_json(json.dumps(said))


class _Telling(logging.Handler):
    """Shows what a log says among the lines of progress."""

    def emit(self, record: logging.LogRecord) -> None:
        """A line for the person."""
        tell(f"  {record.getMessage()}")


def _show_tries(verbose: bool) -> None:
    """Whoever waits for a step that is tried again is told so; with all other lines of the log, or alone."""
    tries = logging.getLogger("flows.tries")
    tries.setLevel(logging.WARNING)
    tries.propagate, tries.handlers = verbose, [] if verbose else [_Telling()]


def tell(message: str, style: str = "") -> None:
    """One line for the person, on stderr, unless they asked for quiet."""
    if not _quiet:
        complain(message, style)


def complain(message: str, style: str = "") -> None:
    """One line on stderr that is always shown: what failed, what was lost."""
    if _json_lines:
        sys.stderr.write(
            _log_line(time.time(), _LEVELS.get(style, "info"), "minicoil", harmless(message).strip()) + "\n"
        )
        sys.stderr.flush()
        return
    _errors.print(escape(harmless(message)), style=style, soft_wrap=True)


class _Bar:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self.bars, self.task = bars, task

    def advance(self, n: int) -> None:
        self.bars.advance(self.task, n)

    def close(self) -> None:
        self.bars.stop_task(self.task)
        self.bars.stop()


class _BarListener:
    """A bar with counts, rate and time left for every step, one below the other."""

    def step(self, label: str, total: int | None, unit: str) -> _Bar:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Rate(ProgressColumn):
            """Units a second."""

            def render(self, task: Task) -> Text:
                speed = task.finished_speed or task.speed
                return Text("" if speed is None else f"{_rate(speed)}/s")

        columns = (TextColumn("{task.description:<34}"), BarColumn(30), MofNCompleteColumn(), TextColumn(unit), Rate())
        bars: Progress = Progress(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=_errors)
        bars.start()
        return _Bar(bars, bars.add_task(label, total=total))


class _Lines:
    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self.label, self.total, self.unit, self.done = label, total, unit, 0
        self.started = time.monotonic()
        self.next = self.started + TELL_FIRST_SECONDS

    def advance(self, n: int) -> None:
        self.done += n
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + TELL_EVERY_SECONDS
        speed = self.done / max(now - self.started, 1e-9)
        left = f", about {(self.total - self.done) / max(speed, 1e-9):.0f} s left" if self.total else ""
        tell(f"  {self.label}: {self.counts()}, {_rate(speed)} a second{left}")

    def counts(self) -> str:
        return f"{self.done:,} of {self.total:,} {self.unit}" if self.total else f"{self.done:,} {self.unit}"

    def close(self) -> None:
        seconds = time.monotonic() - self.started
        if self.done or seconds >= TELL_FIRST_SECONDS:  # that nothing had to be done is no news
            tell(f"  {self.label}: {self.done:,} {self.unit} in {seconds:.1f} s")


class _LineListener:
    """Lines after two seconds of a step and every ten from then on, for logs and pipes."""

    def step(self, label: str, total: int | None, unit: str) -> _Lines:
        return _Lines(label, total, unit)


def _rate(a_second: float) -> str:
    """Units a second, as precise as it helps.

    >>> _rate(12345.6), _rate(42.0), _rate(0.25)
    ('12,346', '42', '0.25')
    """
    return f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.2g}"


def say(text: str) -> None:
    """One line of the answer, with markup; what was not written here goes through `shown`."""
    _answers.print(harmless(text), soft_wrap=True)


def shown(text: str) -> str:
    """Somebody's text as a part of a line with markup: no markup of its own, no other line, no control characters."""
    return escape(harmless_line(text))


def dump_json(value: Any) -> str:
    """A JSON document on one line, harmless to look at, in characters that stdout can write; null for a NaN."""
    return harmless_json(
        json.dumps(finite(value), ensure_ascii=not _can_write(_BEYOND_ASCII), default=str, allow_nan=False)
    )


def answer_json(value: Any) -> None:
    """A JSON document as the answer, alone on stdout."""
    sys.stdout.write(dump_json(value) + "\n")
    sys.stdout.flush()


def _can_write(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Rows as a plain table; numbers to the right."""
    from rich.table import Table

    table = Table(title=shown(title) or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = bool(rows) and all(isinstance(row[columns.index(column)], int | float | None) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    _answers.print(table)


def show_side_by_side(left: str, right: str, rows: Sequence[tuple[str, str]]) -> None:
    """Two columns of equal width, cells with markup; drawn in ASCII where it goes to a pipe."""
    from rich import box
    from rich.table import Table

    lines = box.HEAVY_HEAD if _answers.is_terminal else box.ASCII
    table = Table(expand=True, show_lines=True, box=lines)
    for name in (left, right):
        table.add_column(name, ratio=1)
    for row in rows:
        table.add_row(*row)
    _answers.print(table, width=min(_answers.width, SIDE_BY_SIDE_WIDTH) if not _answers.is_terminal else None)


def shorten(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(text.split())
    mark = "\u2026" if _can_write("\u2026") else "..."
    return flat if len(flat) <= length else flat[: length - len(mark)] + mark


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    return f"{value:,.3f}" if isinstance(value, float) else shown(f"{value:,}" if type(value) is int else str(value))
