"""What a flow is run with, and what a person is told where the Prefect server that was named fails."""

import httpx
import pydantic
import pytest

from flows.orchestration import embedded
from minicoil.errors import StoreUnavailableError

ADDRESS = "http://127.0.0.1:4200/api"


@pytest.fixture
def clean(monkeypatch, tmp_path):
    for name in ("PREFECT_API_URL", "PREFECT_CLIENT_RETRY_EXTRA_CODES", "PREFECT_HOME", "PREFECT_LOGGING_LEVEL"):
        monkeypatch.setenv(name, "")  # so that it is put back as it was
        monkeypatch.delenv(name)
    return monkeypatch


class NoParameters(pydantic.BaseModel):
    """Takes whatever it is given."""


class FailingFlow:
    """Stands for a flow whose request fails."""

    name = "failing"

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
            "does not answer .ConnectError .* start it, correct its address",
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
