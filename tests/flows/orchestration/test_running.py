"""Flows and steps in this process and under a Prefect server: equal answers, tries, cancellation, and a record."""

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import BaseModel

from flows.orchestration import retries, running
from flows.orchestration.local_runs import under_prefect
from flows.orchestration.running import flow, run_logger, step
from flows.orchestration.shown_artifacts import show_markdown
from minicoil.errors import EngineUnavailableError, UsageError

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


class Asked(BaseModel):
    """A flow's parameters."""

    home: str
    word: str = "kernel"
    n_failures: int = 0


class Engine:
    """Is away for the first few calls."""

    def __init__(self):
        self.n_calls = 0

    def answer(self, word: str, n_failures: int, error: type[Exception]) -> str:
        self.n_calls += 1
        if self.n_calls <= n_failures:
            raise error("the engine restarts")
        return f"{word}, asked {self.n_calls} times"


def make_flow(engine, error=EngineUnavailableError):
    answer_step = step(engine.answer, "ask-engine")

    @flow(name="ask", description="Asks.")
    def ask(parameters: Asked) -> dict:
        run_logger().info("asking")
        show_markdown("# said", key="said", description="What was said")
        return {"said": answer_step(parameters.word, parameters.n_failures, error), "prefect": under_prefect()}

    return ask


@pytest.fixture(params=["here", "server"])
def kept_by(request, monkeypatch):
    """Where runs are kept: nowhere but here, or by a Prefect server."""
    monkeypatch.setattr(retries, "WAIT_SECONDS", [0.01, 0.01])
    if request.param == "server":
        monkeypatch.setenv("PREFECT_API_URL", request.getfixturevalue("prefect_server"))
        import flows.orchestration.prefect_flow as module

        monkeypatch.setattr(module, "WAIT_SECONDS", [0.01, 0.01])
    return request.param


def records(home):
    return [json.loads(path.read_text()) for path in sorted((home / "runs").glob("*.json"))]


def test_answers_are_equal(kept_by, tmp_path):
    engine = Engine()
    answer = make_flow(engine)(Asked(home=str(tmp_path)))
    assert answer == {"said": "kernel, asked 1 times", "prefect": kept_by == "server"}


def test_parameters_may_be_a_mapping_or_named(kept_by, tmp_path):
    flow = make_flow(Engine())
    assert flow({"home": str(tmp_path), "word": "pool"})["said"] == "pool, asked 1 times"
    assert flow(parameters=Asked(home=str(tmp_path)))["said"] == "kernel, asked 2 times"
    with pytest.raises(Exception, match="word"):
        flow({"home": str(tmp_path), "word": ["no word"]})


@pytest.mark.parametrize("n_failures", [2, 3])
def test_what_may_pass_is_tried_three_times(kept_by, tmp_path, n_failures):
    engine = Engine()
    asked = Asked(home=str(tmp_path), n_failures=n_failures)
    if n_failures == 2:
        assert make_flow(engine)(asked)["said"] == "kernel, asked 3 times"
    else:
        with pytest.raises(EngineUnavailableError, match="the engine restarts"):
            make_flow(engine)(asked)
    assert engine.n_calls == 3


def test_what_is_for_good_is_tried_once(kept_by, tmp_path):
    engine = Engine()
    with pytest.raises(UsageError, match="the engine restarts"):
        make_flow(engine, UsageError)(Asked(home=str(tmp_path), n_failures=1))
    assert engine.n_calls == 1


def test_a_run_here_leaves_a_record(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(retries, "WAIT_SECONDS", [0.01, 0.01])
    monkeypatch.setattr(running.tries, "propagate", True)  # a command line of another test took it for itself
    with caplog.at_level(logging.WARNING):
        make_flow(Engine())(Asked(home=str(tmp_path), n_failures=1))
    assert "ask-engine failed: the engine restarts; trying again in 0 s (1 of 3)" in caplog.text
    with pytest.raises(UsageError):
        make_flow(Engine(), UsageError)(Asked(home=str(tmp_path), n_failures=1, word="pool"))
    by_state = {record["state"]: record for record in records(tmp_path)}
    assert by_state.keys() == {"Completed", "Failed"}
    completed, failed = by_state["Completed"], by_state["Failed"]
    assert completed["flow"] == "ask" and completed["parameters"] == {"home": str(tmp_path), "n_failures": 1}
    assert [(entry["name"], entry["tries"]) for entry in completed["steps"]] == [("ask-engine", 2)]
    assert completed["artifacts"] == [{"key": "said", "kind": "markdown", "description": "What was said"}]
    assert failed["message"] == "the engine restarts" and failed["parameters"]["word"] == "pool"
    assert completed["process"] == os.getpid()


def test_the_command_line_tells_whoever_waits(tmp_path, monkeypatch, capsys):
    from flows import screen

    monkeypatch.setattr(retries, "WAIT_SECONDS", [0.01, 0.01])
    screen.set_up(verbose=False)
    make_flow(Engine())(Asked(home=str(tmp_path), n_failures=1))
    screen.set_up(verbose=False, quiet=True)
    make_flow(Engine())(Asked(home=str(tmp_path), n_failures=1))
    screen.set_up(verbose=False)  # as other tests of this process expect it
    assert capsys.readouterr().err.count("  ask-engine failed: the engine restarts; trying again in 0 s (1 of 3)") == 1


def test_a_run_outside_the_main_thread_needs_no_signals(tmp_path):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(make_flow(Engine())(Asked(home=str(tmp_path)))))
    thread.start()
    thread.join()
    assert answers and records(tmp_path)[0]["state"] == "Completed"


def test_a_cancelled_run_of_a_server_ends_as_it_does_here(prefect_server, monkeypatch, tmp_path):
    from prefect.client.orchestration import get_client

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)

    @flow(name="interrupted", description="")
    def interrupted(parameters: Asked) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(Asked(home=str(tmp_path)))
    with get_client(sync_client=True) as client:
        states = [run.state_name for run in client.read_flow_runs() if run.flow_id and run.state_name != "Completed"]
    assert states and not records(tmp_path)


def test_options_and_states_are_those_of_a_flow(kept_by, tmp_path):
    import prefect

    from flows.orchestration.prefect_flow import ServiceFlow

    plain = make_flow(Engine())
    state = plain(Asked(home=str(tmp_path)), return_state=True)
    assert state.is_completed() and state.result(raise_on_failure=True)["said"] == "kernel, asked 1 times"
    failed = make_flow(Engine(), UsageError)(Asked(home=str(tmp_path), n_failures=1), return_state=True)
    assert failed.is_failed() and "the engine restarts" in failed.message
    changed = plain.with_options(name="other")
    assert isinstance(changed, ServiceFlow) and isinstance(changed, prefect.Flow) and changed.name == "other"
    assert changed(Asked(home=str(tmp_path)))["prefect"] == (kept_by == "server")


def test_in_a_flow_on_a_temporary_server_nothing_asks_for_what_only_a_service_has(
    prefect_server, tmp_path, monkeypatch
):
    """Somebody's own flow calls ours; the server that keeps it has no limits of ours and no address for others."""
    import prefect
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.orchestration.turns import take_turn
    from tasks.place import Place

    @prefect.flow
    def somebodys():
        with (
            temporary_settings(restore_defaults={PREFECT_API_URL}),
            take_turn(Place.at(tmp_path), "production", "test"),
        ):
            return running.server_address(), under_prefect()

    assert somebodys() == (None, True)


LIGHT = """
import sys
from flows.extend_vocabulary import extend_vocabulary
from flows.reencode_collections import reencode_collections
print(sorted({"prefect", "torch", "onnx", "transformers", "sklearn", "datasets"} & set(sys.modules)))
import prefect
print(reencode_collections.to_deployment("nightly").name, extend_vocabulary.name)
from flows.retrain_words import retrain_words
print(isinstance(retrain_words, prefect.Flow), retrain_words.name)
"""


def test_flows_are_prefect_flows_for_whoever_wants_them_and_light_for_others():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines() == ["[]", "nightly extend-vocabulary", "True retrain-words"]


WRONG = """
from flows.stages.steps import compare_step, recall_step, sweep_step
sweep_step(3, None)
recall_step("words")
x: int = compare_step
"""


@pytest.mark.timeout(300)
def test_the_type_checker_refuses_a_wrong_argument_to_a_step(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    # with the options and the cache of `make check`, from a folder that they do not name
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(tmp_path / "wrong.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    said = [line for line in done.stdout.splitlines() if "wrong.py" in line]
    assert any(":3: error: Argument 1" in line for line in said), done.stdout
    assert any(":4: error" in line and ("Argument 1" in line or "Missing positional" in line) for line in said), said
    assert any(":5: error: Incompatible types in assignment" in line for line in said), said
