"""A flow called in this process takes its parameters as a server would, answers as it would, and keeps a record."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from flows.orchestration.local_runs import call_here, run_here, under_prefect
from minicoil.errors import UsageError


class Asked(BaseModel):
    """A flow's parameters."""

    home: str
    n: int = 1


def ask(parameters: Asked, more: int = 0) -> dict:
    """The body of a flow."""
    if parameters.n < 0:
        raise UsageError("n is below 0")
    return {"n": parameters.n + more, "prefect": under_prefect()}


def states(home):
    return [json.loads(path.read_text())["state"] for path in sorted((home / "runs").glob("*.json"))]


def test_parameters_may_be_a_model_or_a_mapping_by_place_or_by_name(tmp_path):
    home = {"home": str(tmp_path)}
    calls = (
        lambda: run_here("ask", ask, Asked(**home, n=2)),
        lambda: run_here("ask", ask, {**home, "n": "2"}),
        lambda: run_here("ask", ask, parameters={**home, "n": 2}),
        lambda: run_here("ask", ask, {**home, "n": 1}, more=1),
    )
    assert [call() for call in calls] == [{"n": 2, "prefect": False}] * 4
    assert states(tmp_path) == ["Completed"] * 4


def test_parameters_that_are_none_are_refused_before_there_is_a_run(tmp_path):
    with pytest.raises(ValidationError, match="n"):
        run_here("ask", ask, {"home": str(tmp_path), "n": "many"})
    with pytest.raises(TypeError, match="nothing"):
        run_here("ask", ask, Asked(home=str(tmp_path)), nothing=1)
    assert not (tmp_path / "runs").exists()


def test_a_state_is_given_to_whoever_asks_for_one(tmp_path):
    good, bad = Asked(home=str(tmp_path)), Asked(home=str(tmp_path), n=-1)
    assert call_here("ask", ask, [good], {"wait_for": []}) == {"n": 1, "prefect": False}
    state = call_here("ask", ask, [good], {"return_state": True, "more": 3})
    assert state.is_completed() and state.data["n"] == 4
    failed = call_here("ask", ask, [bad], {"return_state": True})
    assert failed.is_failed() and failed.message == "n is below 0" and isinstance(failed.data, UsageError)
    with pytest.raises(UsageError):
        call_here("ask", ask, [bad], {"return_state": False})
    assert sorted(states(tmp_path)) == ["Completed", "Completed", "Failed", "Failed"]
