"""What a flow is run with, and what a person is told where the Prefect server that was named fails."""

import os

import httpx
import pydantic
import pytest

from flows import embedded
from minicoil.errors import StoreUnavailableError

ADDRESS = "http://127.0.0.1:4200/api"


@pytest.fixture
def clean(monkeypatch, tmp_path):
    monkeypatch.setattr("flows.prefect_settings._profiles_path", lambda: tmp_path / "none.toml")
    monkeypatch.setattr(embedded, "ignore_working_folder", lambda: None)  # would import Prefect with what is set here
    for name in (
        *("PREFECT_API_URL", "PREFECT_CLIENT_RETRY_EXTRA_CODES", "PREFECT_HOME", "PREFECT_LOGGING_LEVEL"),
        *("PREFECT_PROFILE", "PREFECT_PROFILES_PATH"),
    ):
        monkeypatch.setenv(name, "")  # so that it is put back as it was
        monkeypatch.delenv(name)
    for name, value in embedded.EMBEDDED_SETTINGS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_requests_to_a_named_server_are_repeated_after_its_errors_too(clean, tmp_path):
    clean.setenv("PREFECT_API_URL", ADDRESS)
    embedded.prepare_environment(tmp_path)
    assert os.environ["PREFECT_CLIENT_RETRY_EXTRA_CODES"] == "500,504"


def test_a_server_of_this_process_needs_no_such_thing(clean, tmp_path):
    embedded.prepare_environment(tmp_path)
    assert "PREFECT_CLIENT_RETRY_EXTRA_CODES" not in os.environ


def test_a_question_mark_in_a_home_is_a_character_of_it(clean, tmp_path):
    clean.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "")
    clean.delenv("PREFECT_API_DATABASE_CONNECTION_URL")
    embedded.prepare_environment(tmp_path / "w?x %41")
    address = os.environ["PREFECT_API_DATABASE_CONNECTION_URL"]
    assert address == f"sqlite+aiosqlite:///file:{tmp_path}/w%3Fx%20%2541/prefect/prefect.db?uri=true"
    import sqlite3

    sqlite3.connect(address.removeprefix("sqlite+aiosqlite:///"), uri=True).close()
    assert [path.name for path in (tmp_path / "w?x %41" / "prefect").iterdir()] == ["prefect.db"]
    assert [path.name for path in tmp_path.iterdir()] == ["w?x %41"]


class NoParameters(pydantic.BaseModel):
    """Takes whatever it is given."""


class FailingFlow:
    """Stands for a flow whose request fails."""

    def __init__(self, error):
        self.error = error

    def fn(self, parameters: NoParameters):
        """Gives `run` the type of its parameters."""

    def __call__(self, parameters):
        raise self.error


def run(monkeypatch, error, tmp_path):
    import flows.reap_runs as module

    monkeypatch.setattr(module, "failing", FailingFlow(error), raising=False)
    monkeypatch.setitem(embedded.FLOWS, "failing", (module.__name__, "failing"))
    monkeypatch.setattr(embedded, "prepare_environment", lambda *_: None)
    monkeypatch.setattr(embedded, "start_own_server", lambda: None)
    embedded.run("failing", {"home": str(tmp_path)})


def test_a_server_that_fails_for_good_is_one_line_with_what_to_do(clean, tmp_path):
    clean.setenv("PREFECT_API_URL", ADDRESS)
    request = httpx.Request("POST", f"{ADDRESS}/flow_runs/")
    status = httpx.HTTPStatusError("500", request=request, response=httpx.Response(500, request=request))
    for error, said in ((status, "500"), (httpx.ReadError("reset", request=request), "ReadError")):
        with pytest.raises(
            StoreUnavailableError, match=f"Prefect server at .*4200/api failed .{said} for POST /api/flow"
        ):
            run(clean, error, tmp_path)


def test_a_server_that_is_away_and_one_that_is_slow_are_told_apart_each_with_what_to_do(clean, tmp_path):
    clean.setenv("PREFECT_API_URL", ADDRESS)
    request = httpx.Request("GET", f"{ADDRESS}/admin/version")
    for error, said in (
        (
            httpx.ConnectError("refused", request=request),
            "does not answer .ConnectError .* start it, correct PREFECT_API_URL",
        ),
        (httpx.ConnectTimeout("", request=request), "does not answer .ConnectTimeout"),
        (httpx.ReadTimeout("", request=request), "is too slow .ReadTimeout .* raise PREFECT_API_REQUEST_TIMEOUT"),
    ):
        with pytest.raises(StoreUnavailableError, match=said) as caught:
            run(clean, error, tmp_path)
        assert "\n" not in str(caught.value)


def test_a_server_that_cannot_even_say_its_version_is_the_same_line(clean, tmp_path):
    """Prefect's client asks for the version first, and wraps what went wrong in an error without a type."""
    clean.setenv("PREFECT_API_URL", ADDRESS)
    unreachable = RuntimeError(f"Failed to reach API at {ADDRESS}/")
    unreachable.__cause__ = httpx.ReadError("reset", request=httpx.Request("GET", f"{ADDRESS}/admin/version"))
    with pytest.raises(StoreUnavailableError, match="failed .ReadError for GET /api/admin/version"):
        run(clean, unreachable, tmp_path)
    with pytest.raises(RuntimeError, match="of our own"):
        run(clean, RuntimeError("a bug of our own"), tmp_path)


def test_the_error_of_another_server_stays_what_it_is(clean, tmp_path):
    clean.setenv("PREFECT_API_URL", ADDRESS)
    elsewhere = httpx.ReadError("reset", request=httpx.Request("GET", "http://127.0.0.1:6333/collections"))
    for error in (elsewhere, httpx.ReadError("nothing was asked")):
        with pytest.raises(httpx.ReadError):
            run(clean, error, tmp_path)
