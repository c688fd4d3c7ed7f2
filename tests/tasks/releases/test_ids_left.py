"""Ids left, and the day on which none is: by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.catalogue.manifest import Manifest
from tasks.releases.ids_left import IdBudget, measure_pace

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def manifest(number, days_ago, left):
    at = (NOW - timedelta(days=days_ago)).isoformat()
    facts = {} if left is None else {"ids_left": left}
    return Manifest(release=number, parent=None, created_at=at, content_digest="", files={}, facts=facts)


def test_a_base_like_minicoil_v1_at_200_words_a_night_lasts_some_24_nights():
    nights = [manifest(i + 1, 10 - i, 4870 - 200 * i) for i in range(11)]
    budget = measure_pace(nights, NOW)
    assert budget.per_day == pytest.approx(200) and budget.left == 2870 and budget.n_releases == 11
    assert budget.exhausted_on == (NOW + timedelta(days=2870 / 200)).date().isoformat()
    assert budget.row()["days_left"] == 14


def test_one_release_says_no_pace_and_none_says_nothing():
    assert measure_pace([manifest(1, 5, 900)], NOW) == IdBudget(900, None, 1)
    assert measure_pace([manifest(1, 5, None)], NOW) == IdBudget(None)


def test_several_releases_of_one_afternoon_are_the_pace_of_one_day():
    hour = 1 / 24
    budget = measure_pace([manifest(1, 3 * hour, 1000), manifest(2, 2 * hour, 900), manifest(3, hour, 800)], NOW)
    assert budget.per_day == pytest.approx(200)


def test_what_was_taken_long_ago_does_not_count_and_a_rest_makes_the_pace_slower():
    rows = [manifest(1, 400, 30_000), manifest(2, 300, 10_000), manifest(3, 30, 9_400)]
    budget = measure_pace(rows, NOW)
    assert budget.per_day == pytest.approx(600 / 60)  # 600 in a window of 60 days
    assert measure_pace(rows, NOW + timedelta(days=200)).exhausted_on is None  # nothing taken since


def test_ids_that_come_back_are_no_negative_pace():
    budget = measure_pace([manifest(1, 20, 500), manifest(2, 10, 300), manifest(3, 1, 800)], NOW)
    assert budget.per_day == pytest.approx(200 / 20) and budget.left == 800


def test_a_manifest_with_a_time_that_is_none_counts_as_old():
    odd = manifest(1, 0, 500).model_copy(update={"created_at": "yesterday"})
    assert measure_pace([odd, manifest(2, 1, 440)], NOW).per_day == pytest.approx(1)
