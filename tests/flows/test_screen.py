"""What stderr gets where JSON lines are asked for: all of it, one object a line, and nothing of it on stdout."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from flows import screen

ROOT = Path(__file__).parents[2]


TABLE = (
    "from flows import screen; screen.set_up(False); screen.say('[bold red]title[/bold red]');"
    "screen.show_table(('word', 'why'), [('pod', 'long ' * 60), ('node', 'short')]);"
    "screen.show_side_by_side('BM25', 'miniCOIL', [('[cyan]left[/cyan]', 'right')])"
)


def in_terminal(code, **environment):
    """What a terminal of 80 columns would be sent."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "80", **environment}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, cwd=ROOT, env={**os.environ, **settings}
    ) as done:
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 65536):
                said += chunk
        except OSError:  # the other side is closed
            pass
        assert done.wait() == 0
    os.close(ours)
    return said.decode()


def test_a_terminal_gets_colours_unless_no_color_is_set():
    coloured, plain = in_terminal(TABLE), in_terminal(TABLE, NO_COLOR="1")
    assert "\x1b[" in coloured and "title" in coloured
    assert "\x1b[" not in plain and "title" in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_a_pipe_gets_plain_text_with_a_row_on_each_line():
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    done = subprocess.run(
        [sys.executable, "-c", TABLE], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout and done.stdout.isascii()
    assert [line.split()[0] for line in lines[:4]] == ["title", "word", "pod", "node"]
    assert lines[2].count("long") == 60 and max(map(len, lines[4:])) <= 120


ROOT = Path(__file__).parents[2]
KEYS = {"time", "level", "logger", "message", "process"}


def run(*arguments, text="", **environment):
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    return done, [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(("option", "environment"), [(["--log-json"], {}), ([], {"MINICOIL_LOG_JSON": "1"})])
def test_a_command_s_messages_are_lines_of_json_and_its_answer_is_not_touched(tmp_path, option, environment):
    command = ("-m", "flows.cli", "words", "--home", str(tmp_path), "--json", *option)
    done, lines = run(*command, **environment)
    assert done.returncode == 1 and json.loads(done.stdout)["error"] == "ReleaseError"
    (line,) = lines
    assert set(line) == KEYS and line["level"] == "error"
    assert line["message"].startswith("error: channel 'production' serves no release yet")
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


LOGS = """
import logging, warnings
from flows import screen
from tasks import progress
screen.set_up(verbose=False, quiet={quiet}, json_lines=True)
logging.getLogger("tasks.somewhere").info("read %d of\\n%s", 3, "\\x1b[31mred")
logging.getLogger("tasks.somewhere").debug("not this")
logging.getLogger("flows.tries").warning("trying again")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("tasks.somewhere").exception("it failed")
warnings.warn("this will change")
with progress.progress("reading", 2, "rows") as advance:
    advance(2)
screen.tell("told")
screen.complain("passed over: x", style="yellow")
"""


def test_log_lines_exceptions_warnings_and_messages_share_one_form():
    _, lines = run("-c", LOGS.format(quiet=False))
    assert all(set(line) - {"exception"} == KEYS for line in lines)
    said = {line["message"]: line for line in lines}
    assert said["read 3 of\n\\x1b[31mred"]["logger"] == "tasks.somewhere"  # one line of stderr, and no escape in it
    assert said["trying again"]["level"] == "warning"
    assert said["it failed"]["exception"].endswith("ZeroDivisionError: division by zero")
    assert any("this will change" in message and said[message]["logger"] == "py.warnings" for message in said)
    assert any(message.startswith("reading: 2 rows in") for message in said)
    assert said["told"]["level"] == "info" and said["passed over: x"]["level"] == "warning"
    assert "not this" not in said


def test_who_wants_quiet_gets_what_failed_or_was_lost_alone():
    _, lines = run("-c", LOGS.format(quiet=True))
    assert [line["message"] for line in lines] == ["it failed", "passed over: x"]


def test_a_step_in_a_pipe_says_rate_and_time_left_after_two_seconds_and_every_ten_from_then_on(monkeypatch):
    now, told = [100.0], []
    monkeypatch.setattr(screen.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(screen, "tell", told.append)
    step = screen._LineListener().step("counting", 3000, "pieces")
    for second in range(1, 21):
        now[0] = 100.0 + second
        step.advance(100)
    step.close()
    assert told == [
        "  counting: 200 of 3,000 pieces, 100 a second, about 28 s left",
        "  counting: 1,200 of 3,000 pieces, 100 a second, about 18 s left",
        "  counting: 2,000 pieces in 20.0 s",
    ]


def test_a_step_that_had_nothing_to_do_is_no_line(monkeypatch):
    told = []
    monkeypatch.setattr(screen, "tell", told.append)
    screen._LineListener().step("sweeping", 0, "points").close()
    assert told == []


def test_a_bar_shows_the_rate_too(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(screen, "_errors", Console(file=shown, force_terminal=True, width=140, color_system=None))
    bar = screen._BarListener().step("counting", 40, "pieces")
    for _ in range(4):
        time.sleep(0.02)
        bar.advance(10)
    bar.close()
    assert re.search(r"40/40 pieces +\d[\d,]*/s", shown.getvalue())


def test_the_error_that_ends_a_process_is_a_line_too_and_its_status_stays():
    script = "from flows import screen; screen.set_up(False, json_lines=True); {}['gone']"
    done, (line,) = run("-c", script)
    assert done.returncode == 1 and (line["level"], line["message"]) == ("critical", "ended by an error")
    assert line["exception"].endswith("KeyError: 'gone'")
