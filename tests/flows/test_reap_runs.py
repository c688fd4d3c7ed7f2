"""Runs are reaped on the server that is named, and what was reaped stands on the run's page."""

import pytest

from flows.forms.upkeep_parameters import ReapParameters
from flows.reap_runs import reap_runs
from flows.upkeep.reaping import Reaped
from minicoil.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_reaping_without_a_server_says_what_it_needs(tmp_path, monkeypatch):
    from flows.forms.upkeep_parameters import ReapParameters
    from flows.reap_runs import reap_runs

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="none is named; set PREFECT_API_URL"):
        reap_runs(ReapParameters())


def test_what_was_reaped_is_answered_and_shown(tmp_path, monkeypatch):
    async def reap(stale, pending):
        assert (stale, pending) == (900.0, 300.0)
        return [Reaped("brave-owl", "Running", 901.0, "its heartbeat stopped", True)]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flows.reap_runs.server_address", lambda: "http://server/api")
    monkeypatch.setattr("flows.reap_runs.reap", reap)
    shown = []
    monkeypatch.setattr("flows.reap_runs.show_table", lambda rows, key, description: shown.append((key, rows)))
    answer = reap_runs.fn(ReapParameters(stale_seconds=900))
    assert [row["run"] for row in answer.reaped] == ["brave-owl"] and shown == [("reaped-runs", answer.reaped)]
