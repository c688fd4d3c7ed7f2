"""A moment is shown in UTC, with how long ago it is in the unit that a person would use."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tasks.watch import moments
from tasks.watch.moments import shown_time

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return NOW.astimezone(zone)

    monkeypatch.setattr(moments, "datetime", Clock)


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(0), "2026-03-01 12:30 UTC (0 min ago)"),
        (timedelta(minutes=119), "2026-03-01 10:31 UTC (119 min ago)"),
        (timedelta(hours=2), "2026-03-01 10:30 UTC (2 h ago)"),
        (timedelta(hours=71), "2026-02-26 13:30 UTC (71 h ago)"),
        (timedelta(days=3), "2026-02-26 12:30 UTC (3 days ago)"),
        (timedelta(days=400), "2025-01-25 12:30 UTC (400 days ago)"),
    ],
)
def test_how_long_ago_is_said_in_minutes_hours_or_days(ago, shown):
    assert shown_time((NOW - ago).isoformat()) == shown


def test_a_moment_of_another_zone_is_shown_in_utc():
    elsewhere = (NOW - timedelta(hours=5)).astimezone(timezone(timedelta(hours=9)))
    assert shown_time(elsewhere.isoformat()) == "2026-03-01 07:30 UTC (5 h ago)"


def test_a_moment_that_nobody_knows_is_said_to_be_that():
    assert shown_time(None) == "at an unknown time"
