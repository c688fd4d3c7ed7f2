"""Steps tell how far they are to whoever listens, a log a line every fifteen seconds, and end however the body ends."""

import logging

import pytest

from tasks import progress as progress_module
from tasks.progress import LogListener, listen, listener, progress, track


class Heard:
    """A listener that notes all it is told."""

    def __init__(self):
        self.told = []

    def step(self, label, total, unit):
        self.told.append((label, total, unit))
        return self

    def advance(self, n):
        self.told.append(n)

    def close(self):
        self.told.append("closed")


@pytest.fixture
def heard():
    before, new = listener(), Heard()
    listen(new)
    yield new.told
    listen(before)


@pytest.fixture
def clock(monkeypatch, caplog):
    """The time as the log sees it, which a test moves on."""
    now = [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress_module, "_listener", LogListener())
    caplog.set_level(logging.INFO, "tasks.progress")
    return now


def test_a_step_is_opened_told_of_units_and_closed(heard):
    with progress("reading", 9, "files") as advance:
        advance(4)
        advance(5)
    assert heard == [("reading", 9, "files"), 4, 5, "closed"]


def test_a_body_that_fails_closes_its_step_and_the_error_goes_on(heard):
    with pytest.raises(KeyError), progress("reading"):
        raise KeyError("x")
    assert heard == [("reading", None, ""), "closed"]


def test_tracked_items_come_through_and_count_when_they_are_done_with(heard):
    given = iter("abc")
    seen = track(given, "letters", 3, "letters")
    assert heard == []  # nothing begins before somebody asks
    assert next(seen) == "a" and heard == [("letters", 3, "letters")]
    assert list(seen) == ["b", "c"] and heard[1:] == [1, 1, 1, "closed"]


def test_whoever_leaves_tracked_items_early_closes_the_step(heard):
    seen = track("abc", "letters")
    next(seen)
    seen.close()
    assert heard == [("letters", None, ""), "closed"]


def test_the_log_says_nothing_of_a_short_step_but_its_end(clock, caplog):
    with progress("sorting", 4, "words") as advance:
        for _ in range(4):
            clock[0] += 2
            advance(1)
    assert caplog.messages == ["sorting: 4 words in 8.0 s"]


def test_the_log_says_at_most_every_fifteen_seconds_how_far_it_is_and_how_long_it_takes(clock, caplog):
    with progress("sorting", 40, "words") as advance:
        for _ in range(4):
            clock[0] += 10
            advance(5)
    assert caplog.messages == [
        "sorting: 10 of 40 words, about 60 s left",
        "sorting: 20 of 40 words, about 40 s left",
        "sorting: 20 words in 40.0 s",
    ]


@pytest.mark.parametrize(("total", "n"), [(None, 3), (0, 3), (9, 0)])
def test_without_a_total_or_anything_done_no_time_left_is_promised(clock, caplog, total, n):
    with progress("sorting", total, "words") as advance:
        clock[0] += 20
        advance(n)
    assert caplog.messages[0] == f"sorting: {n} words"
