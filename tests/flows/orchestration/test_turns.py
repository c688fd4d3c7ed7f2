"""One writer a channel and a home, and what a run says when it cannot have its turn."""

import errno
from contextlib import ExitStack, nullcontext

import httpx
import pytest
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError

from flows.orchestration import progress_artifacts, turns
from flows.orchestration.running import flow
from minicoil.errors import BusyError, StoreError, StoreUnavailableError, UsageError
from tasks import progress
from tasks.disk.home_lock import writer_lock
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture(scope="module")
def limited_server(prefect_server):
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client._client.post("/v2/concurrency_limits/", json={"name": "channel-busy", "limit": 1, "active": True})
    return prefect_server


@pytest.fixture
def shared_server(limited_server, monkeypatch):
    """As a worker's run finds it: a server that others see, and the channel's limit on it."""
    monkeypatch.setenv("PREFECT_API_URL", limited_server)


def turn_of(place, channel, body):
    @flow(name="turn", description="")
    def run(parameters=None):
        with turns.take_turn(place, channel, "test"):
            return body()

    return run


def test_a_missing_limit_is_named_with_the_command_that_creates_it(shared_server, tmp_path):
    with pytest.raises(UsageError, match="no concurrency limit 'channel-nowhere'.*minicoil deploy --channel nowhere"):
        turn_of(Place.at(tmp_path), "nowhere", lambda: None)()


def test_two_runs_of_one_channel_do_not_run_at_once(shared_server, tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "TURN_SECONDS", 3.0)
    monkeypatch.setattr(turns, "_LOOK_AGAIN_SECONDS", 1.0)
    second = turn_of(Place.at(tmp_path / "other"), "busy", lambda: "ran")
    first = turn_of(Place.at(tmp_path), "busy", lambda: pytest.raises(BusyError, second))
    assert "channel 'busy' was being changed by another run" in str(first().value)
    assert second() == "ran"  # the slot is free again


def test_a_home_that_is_written_to_is_waited_for(shared_server, tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.5)
    monkeypatch.setattr(turns, "_LOOK_AGAIN_SECONDS", 0.2)
    with writer_lock(tmp_path, "extend"), pytest.raises(BusyError, match="minicoil extend"):
        turn_of(Place.at(tmp_path), "busy", lambda: None)()


def test_a_full_disk_is_named_with_what_to_do(tmp_path):
    def fill():
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "file"))

    with (
        pytest.raises(StoreError, match="no space left writing .*file; free some"),
        turns.take_turn(Place.at(tmp_path), "production", "test"),
    ):
        fill()


def test_long_steps_are_shown_as_bars_and_short_ones_are_not(shared_server, tmp_path, monkeypatch):
    monkeypatch.setattr(progress_artifacts, "FIRST_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress_artifacts, "EVERY_SECONDS", 60.0)
    calls = []
    update = progress_artifacts.move_progress
    monkeypatch.setattr(
        progress_artifacts,
        "move_progress",
        lambda bar, percent, text: (calls.append(percent), update(bar, percent, text)),
    )

    def work():
        with progress.progress("encoding sentences", 100, "sentences") as advance:
            for _ in range(100):
                advance(1)
        with progress.progress("reading", None, "documents") as advance:
            advance(1)

    before = progress.listener()
    turn_of(Place.at(tmp_path), "busy", work)()
    assert progress.listener() is before
    assert calls == [100.0]  # a hundred advances, one creation and one end: nothing in between

    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        found = client._client.post("/artifacts/latest/filter", json={}).json()
    assert [(row["key"], row["data"]) for row in found if row["type"] == "progress"] == [("encoding-sentences", 100.0)]


def test_a_server_that_is_away_is_waited_for_and_named_when_it_stays_away(monkeypatch):
    asked = []

    def refuse(**_):
        asked.append(1)
        raise httpx.ConnectError("refused")

    monkeypatch.setattr("prefect.client.orchestration.get_client", refuse)
    monkeypatch.setattr(turns, "SERVER_SECONDS", 0.3)
    monkeypatch.setattr(turns, "_LOOK_AGAIN_SECONDS", 0.1)
    with pytest.raises(StoreUnavailableError, match="does not answer .ConnectError.; start it and run this again"):
        turns._await_server("channel-busy", "busy")
    assert len(asked) > 2


class Refusing:
    """Prefect's `concurrency`, which cannot give out slots for a while."""

    def __init__(self, n_times):
        self.n_left = n_times

    def __call__(self, name, **options):
        if self.n_left:
            self.n_left -= 1
            raise ConcurrencySlotAcquisitionError("500 Internal Server Error")
        return nullcontext()


def enter_slot(monkeypatch, n_times):
    monkeypatch.setattr("prefect.concurrency.sync.concurrency", Refusing(n_times))
    monkeypatch.setattr(turns, "_await_server", lambda name, channel: None)
    monkeypatch.setattr(turns, "_LOOK_AGAIN_SECONDS", 0.05)
    with ExitStack() as stack:
        turns._enter_slot(stack, "busy")


def test_a_server_that_fails_to_give_out_a_slot_is_asked_again_however_often(monkeypatch):
    enter_slot(monkeypatch, 5)


def test_a_server_that_never_gives_out_a_slot_is_named_and_nobody_is_said_to_hold_it(monkeypatch):
    monkeypatch.setattr(turns, "SERVER_SECONDS", 0.3)
    with pytest.raises(StoreUnavailableError, match="does not give out 'channel-busy' .500 Internal Server Error."):
        enter_slot(monkeypatch, 10**6)
