"""The service as people use it: forms, runs, schedules, events, approval, and what happens when things die.

The tests of this module are one story and run in the order in which they stand.
"""

import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from deployments.children import _marked
from flows.shards.sharding import read_in_shards
from tasks.catalogue.approvals import read_waiting
from tasks.catalogue.channels import read_channel
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.report.inspecting import pull
from tasks.sentences.kept_sentences import KeptSentences
from tests.deployments.conftest import stop_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(700)]
SMALL = {"corpus": ["pydocs:networkx"], "sample": 60, "min_sentences": 10, "max_sentences": 60, "evaluate": False}
MORE = {**SMALL, "sample": 400, "max_sentences": 400}  # enough for words that 60 sentences do not settle


def current(served):
    return read_channel(served.place.objects(), "production").current


def test_the_service_is_ready_in_time_and_listens_on_loopback_only(served):
    assert served.seconds < 600  # what `serve` itself is patient for; how fast it is depends on who else works here
    assert served.url.startswith("http://127.0.0.1:")
    assert served.get("/health") is True
    everything = Path("/proc/net/tcp").read_text()
    port = f"{int(served.url.rsplit(':', 1)[1]):04X}"
    listening = {line.split()[1] for line in everything.splitlines()[1:] if line.split()[3] == "0A"}
    assert [address for address in listening if address.endswith(f":{port}")] == [f"0100007F:{port}"]


def test_bad_parameters_are_refused_before_a_run_exists(served):
    before = len(served.runs_of("promote-release/on-demand"))
    for name, parameters, problem in (
        ("promote-release/on-demand", {"release": 0}, "parameters.release"),
        ("promote-release/on-demand", {}, "release"),
        ("extend-vocabulary/on-demand", {"corpus": []}, "corpus"),
        ("extend-vocabulary/on-demand", {**SMALL, "dims": 5}, "dims"),
        ("extend-vocabulary/on-demand", {**SMALL, "spelling": 1}, "spelling"),
    ):
        answer = served.ask(name, **parameters)
        assert answer.status_code == 409, answer.text
        assert problem in answer.json()["detail"]
    assert len(served.runs_of("promote-release/on-demand")) == before


def test_an_index_and_a_first_release_leave_artifacts_that_explain_themselves(served):
    served.finish("index-collection/on-demand", collection="docs", corpus=["pydocs:networkx"], sample=60)
    run = served.finish("extend-vocabulary/on-demand", **SMALL, words=["node", "graph"])
    artifacts = served.artifacts(run)
    assert "**Served.**" in artifacts["release"] and "| node |" in artifacts["release"]
    assert '"ordering after"' in artifacts["words"] and '"node"' in artifacts["words"]
    assert '"docs"' in artifacts["re-encoding"]
    assert current(served) == 1


def test_what_only_fields_together_say_fails_the_run_in_one_line(served):
    run = served.start("extend-vocabulary/on-demand", **{**SMALL, "min_sentences": 70})
    state = served.wait(run)["state"]
    assert state["type"] == "FAILED"
    assert "min_sentences 70 is more than max_sentences 60" in state["message"]


def test_a_schedule_creates_a_run_that_runs(served):
    sweep = served.deployment("reencode-collections/nightly-sweep")
    soon = (datetime.now(UTC) + timedelta(seconds=10)).isoformat()
    schedule = {"schedule": {"interval": 20, "anchor_date": soon}, "active": True}
    assert served.post(f"/deployments/{sweep['id']}/schedules", [schedule]).status_code == 201
    until = time.monotonic() + 150
    while time.monotonic() < until:
        due = [run for run in served.runs_of("reencode-collections/nightly-sweep") if run["state_type"] == "COMPLETED"]
        if due:
            break
        time.sleep(0.5)
    assert due and due[0]["auto_scheduled"]
    made = served.deployment("reencode-collections/nightly-sweep")["schedules"]
    for row in made:
        served.patch(f"/deployments/{sweep['id']}/schedules/{row['id']}", {"active": False})


def test_a_published_release_is_reencoded_by_whoever_hears_the_event(served, tmp_path):
    served.finish("extend-vocabulary/on-demand", **MORE, words=["edge"], promote=False)
    assert current(served) == 1
    pull(served.place, "2", str(tmp_path / "model"))
    (tmp_path / "model" / "manifest.json").unlink()
    served.finish("publish-release/on-demand", folder=str(tmp_path / "model"), promote="elsewhere")
    until = time.monotonic() + 90
    while current(served) == 1 and time.monotonic() < until:
        time.sleep(0.5)
    assert current(served) == 3
    triggered = [run for run in served.runs_of("reencode-collections/on-demand") if run["created_by"]]
    assert triggered[0]["parameters"]["parameters"] == {"channel": "production"}
    assert served.wait(triggered[0]["id"])["state_type"] == "COMPLETED"


def test_a_refused_release_waits_and_a_person_promotes_it(served, tmp_path):
    pull(served.place, "3", str(tmp_path / "model"))
    (tmp_path / "model" / "manifest.json").unlink()
    shutil.rmtree(tmp_path / "model" / "ledger")
    run = served.finish("publish-release/on-demand", folder=str(tmp_path / "model"))
    card = served.artifacts(run)["release"]
    assert "**Waits for a person.**" in card and "no verdict on any word" in card
    waiting = read_waiting(served.place.objects(), "production", 4)
    assert waiting is not None and current(served) == 3
    run = served.finish("promote-release/on-demand", release=4)
    assert current(served) == 4 and "**Served.**" in served.artifacts(run)["release"]
    assert read_waiting(served.place.objects(), "production", 4) is None
    served.finish("rollback-release/on-demand")
    assert current(served) == 3
    served.finish("reencode-collections/on-demand", contract=True)  # the next release grows from what is served


def test_a_killed_run_is_marked_and_the_next_one_goes_on_through_a_restart_of_the_server(served):
    before = current(served)
    more = {**MORE, "words": ["path", "tree"]}
    run = served.start("extend-vocabulary/on-demand", **more)
    pid = int(served.wait(run, ("RUNNING",))["infrastructure_pid"])
    time.sleep(4)
    os.kill(pid, signal.SIGKILL)
    assert served.wait(run, seconds=30)["state_type"] == "CRASHED"

    run = served.start("extend-vocabulary/on-demand", **more)
    served.wait(run, ("RUNNING",))
    (server,) = [pid for pid in served.processes("server start")]
    os.kill(server, signal.SIGKILL)
    if served.wait(run, seconds=240)["state_type"] != "COMPLETED":  # it asked while nobody listened: marked, not stuck
        run = served.finish("extend-vocabulary/on-demand", **more)
    assert served.wait(run, seconds=10)["state_type"] == "COMPLETED"
    assert current(served) > before


def test_runs_that_nobody_can_report_are_reaped_and_begun_again_where_they_go_on(served):
    run = served.start("extend-vocabulary/on-demand", **SMALL, words=["cut", "flow"])
    found = served.wait(run, ("RUNNING",))
    time.sleep(2)
    for pid in (*served.processes("worker start"), int(found["infrastructure_pid"])):
        os.kill(pid, signal.SIGKILL)
    time.sleep(3)
    assert served.run_of(run)["state_type"] == "RUNNING"  # nobody is left to say otherwise

    later = datetime.now(UTC) + timedelta(hours=1)  # no worker that was started anew takes it
    taken = served.start("rollback-release/on-demand", later)
    pending = {"state": {"type": "PENDING"}, "force": True}
    served.post(f"/flow_runs/{taken}/set_state", pending)  # a worker took it and died before starting it
    time.sleep(1.5)

    reaped = {row["run"]: row for row in served.reap(stale=2, pending=1)}
    extending, rolling_back = (reaped[served.run_of(dead)["name"]] for dead in (run, taken))
    assert (extending["state"], extending["is_begun_again"]) == ("Running", True)
    assert (rolling_back["state"], rolling_back["is_begun_again"]) == ("Pending", False)
    found = served.wait(taken)  # after a rollback that was done, another one would go back further
    assert found["state_type"] == "CRASHED" and "run it again" in found["state"]["message"]
    found = served.wait(run, seconds=240)
    assert found["state_type"] == "COMPLETED" and found["run_count"] == 2


def test_a_locked_database_is_survived_or_named_and_holds_no_slot(served):
    index = {"collection": "beside", "corpus": ["pydocs:networkx"], "sample": 20}
    run = served.start("index-collection/on-demand", **index)
    with closing(sqlite3.connect(served.home / "prefect" / "prefect.db", isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")  # another program writes: nobody else may, for a while
        time.sleep(20)
        state = served.run_of(run)["state_type"]
        database.execute("ROLLBACK")
    assert state != "COMPLETED"  # what is not written down is not done
    ended = served.wait(run, seconds=240)
    assert ended["state_type"] == "COMPLETED" or "the Prefect server" in ended["state"]["message"], ended["state"]
    served.finish("index-collection/on-demand", **index)
    assert served.get("/v2/concurrency_limits/channel-production")["active_slots"] == 0


def test_the_workers_of_the_pool_read_a_corpus_in_shards_as_one_process_reads_it(served, tmp_path):
    corpus = ["pydocs:networkx", "pydocs:json"]
    parameters = {**SMALL, "corpus": corpus, "words": ["edge"], "max_sentences": 30}
    del parameters["sample"]
    before = {entry.key for entry in served.place.objects().list("reading/")}
    served.finish("extend-vocabulary/on-demand", **parameters)
    shards = served.runs_of("read-shard/on-demand")
    assert [run["state_type"] for run in shards] == ["COMPLETED"] * 4, shards  # two that split, two that count
    assert {entry.key for entry in served.place.objects().list("reading/")} <= before
    model = open_model(served.place, current(served), "minilm", 4)
    alone = read_in_shards(Place.at(tmp_path), "production", corpus, None, False, model)
    with served.place.points() as points:
        kept = KeptSentences(points, 384, "minilm", served.place).known_keys().sorted_keys()
    assert len(alone.keys) > 1000 and np.array_equal(kept, alone.keys)


def test_a_run_can_be_cancelled(served):
    run = served.start("index-collection/on-demand", collection="more", corpus=["pydocs:scipy"])
    served.wait(run, ("RUNNING",))
    time.sleep(3)
    served.post(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert served.wait(run, seconds=60)["state_type"] == "CANCELLED"


def test_stopping_leaves_no_process_behind(served):
    assert stop_service(served) == 0
    assert _marked(served.home) == []
