"""`minicoil status`: one page of a whole service, whatever is broken in it, and alerts from where they arise."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from folders import files_of
from past_runs import write_run

from flows.cli import main
from flows.stages.service_page import status_page
from tasks.catalogue.channels import set_pending
from tasks.disk.holders import is_alive, lock_holder
from tasks.disk.home_lock import writer_lock
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's own


@pytest.fixture
def home(tiny_encoder, tmp_path):
    """A home with one small collection, indexed a moment ago."""
    from flows.forms.parameters import IndexParameters
    from flows.index_collection import index_collection

    corpus = tmp_path / "docs.jsonl"
    corpus.write_text(
        "".join(json.dumps({"_id": f"d{i}", "text": f"the pods of node {i} run"}) + "\n" for i in range(9))
    )
    parameters = IndexParameters(
        home=str(tmp_path / "home"), collection="docs", corpus=[str(corpus)], encoder=str(tiny_encoder), avg_len=4.0
    )
    index_collection(parameters)
    return tmp_path / "home"


@pytest.fixture
def hook(monkeypatch):
    """What a webhook was sent; commands know its address."""
    with listening() as (got, url):
        monkeypatch.setenv("MINICOIL_ALERT_WEBHOOK_URL", url)
        yield got


@contextmanager
def listening():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield got, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def ask(home, *arguments):
    answer = CliRunner().invoke(main, ["status", "--home", str(home), "--json", *arguments])
    assert answer.stdout, answer.output
    return json.loads(answer.stdout), answer.exit_code


def forget_runs(home):
    for path in (home / "runs").glob("*.json"):
        path.unlink()


def told(document, kind):
    return [notice for notice in document["notices"] if notice["kind"] == kind]


def test_a_service_that_is_well_says_what_is_served_and_that_there_is_nothing_to_do(home):
    document, code = ask(home)
    assert (code, document["healthy"], document["notices"], document["next"]) == (0, True, [], None)
    (channel,) = document["channels"]
    assert (channel["name"], channel["current"], channel["safe"], channel["n_due"]) == ("production", None, True, 0)
    assert [(row["name"], row["due"]["n_points"]) for row in channel["collections"]] == [("docs", 9)]
    assert document["last_success"]["flow"] == "index-collection"
    page = CliRunner().invoke(main, ["status", "--home", str(home)]).stdout
    assert "production: nothing yet (plain BM25); searches are safe" in page and "next: nothing to do" in page
    assert len(page.splitlines()) < 40


def test_status_leaves_no_record_of_itself_and_writes_nothing_at_all(home):
    def files():
        return {path: path.stat().st_mtime_ns for path, _ in files_of(home) if "engine" not in str(path)}

    before = files()
    ask(home)
    assert files() == before


def test_a_failure_is_an_alert_until_the_same_flow_succeeds(home, hook):
    write_run(home, "extend-vocabulary", 2, "Failed", "corpus notes.txt was not found")
    document, code = ask(home, "--alert")
    (notice,) = told(document, "failure")
    assert code == 1 and notice["is_alert"] and "notes.txt was not found" in notice["message"]
    assert [row["key"] for row in hook[0]["alerts"]] == ["failure:extend-vocabulary"]
    assert document["delivered"] == [{"way": "webhook", "to": "127.0.0.1", "error": ""}]
    document, code = ask(home, "--alert")
    assert code == 1 and document["delivered"] == [] and len(hook) == 1  # still wrong, and told already
    write_run(home, "extend-vocabulary", 1)
    document, code = ask(home, "--alert")
    assert code == 0 and hook[1]["resolved"] == ["failure:extend-vocabulary"]


def test_a_killed_run_is_told_from_one_that_goes_on(home):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    assert not is_alive(dead.pid)
    write_run(home, "reencode-collections", 3, "Running", process=dead.pid)
    write_run(home, "retrain-words", 1, "Running", process=os.getpid())
    document, _ = ask(home)
    assert "was killed" in told(document, "failure")[0]["message"]
    assert "retrain-words runs since" in told(document, "lock")[0]["message"]
    assert {run["flow"]: run["state"] for run in document["runs"]} == {
        "index-collection": "Completed",
        "reencode-collections": "Killed",
        "retrain-words": "Running",
    }


def test_nothing_that_succeeded_for_36_hours_is_an_alert_and_the_setting_says_how_long(home, hook, monkeypatch):
    forget_runs(home)
    write_run(home, "reencode-collections", 35)
    assert told(ask(home)[0], "absence") == []
    forget_runs(home)
    write_run(home, "reencode-collections", 37)
    write_run(home, "show-status", 1)  # looking is no success
    document, code = ask(home, "--alert")
    (notice,) = told(document, "absence")
    assert code == 1 and notice["is_alert"] and "when reencode-collections did; 36 h is the most" in notice["message"]
    assert hook[0]["alerts"][0]["kind"] == "absence" and document["next"] == "minicoil reencode"
    monkeypatch.setenv("MINICOIL_ALERT_SILENCE_HOURS", "48")
    assert told(ask(home)[0], "absence") == []


def test_a_home_without_any_record_of_success_says_so(home):
    forget_runs(home)
    write_run(home, "index-collection", 1, "Failed", "no")
    assert "no run that ended well is on record" in told(ask(home)[0], "absence")[0]["message"]


@pytest.mark.parametrize("text", ["", "{", '{"flow": "x"}', '{"flow": 3, "started": "yesterday", "state": "x"}', "NaN"])
def test_a_damaged_record_of_a_run_is_named_and_the_rest_is_shown(home, text):
    path = write_run(home, "extend-vocabulary", 1)
    path.write_text(text)
    document, code = ask(home)
    assert code == 0 and [damage["what"] for damage in document["damaged"]] == [f"runs/{path.name}"]
    assert [run["flow"] for run in document["runs"]] == ["index-collection"] and document["channels"]
    assert told(document, "damaged")[0]["is_alert"]


def test_damaged_documents_of_the_store_are_named_once_and_the_rest_is_shown(home):
    store = Place.at(home).objects()
    store.write("channels/other.json", b"{")
    store.write("waiting/production/3.json", b"[]")
    store.write("readers/registered/shop.json", b"\x00")
    store.write("collections/broken.json", b"{}")
    document, code = ask(home)
    assert code == 0 and [c["name"] for c in document["channels"]] == ["production"]
    said = {(notice["kind"], notice["about"]) for notice in document["notices"]}
    assert said >= {
        ("damaged", "channels/other.json"),
        ("damaged", "waiting/production/3.json"),
        ("damaged", "readers/registered/shop.json"),
        ("unsafe", "collection broken"),
    }
    assert len(document["notices"]) == 4 and all(notice["is_alert"] for notice in document["notices"])


def test_points_that_wait_for_too_long_become_an_alert_where_somebody_looks_every_hour(home, hook, monkeypatch):
    with Place.at(home).points() as points:
        (page,) = points.scroll("docs", vectors=True)
        bare = {key: value for key, value in page[0].payload.items() if key != "mc_release"}
        points.upsert("docs", [type(page[0])(page[0].id, bare, page[0].vectors)])
    document, code = ask(home, "--alert")
    assert code == 0 and "1 of 9 points wait" in told(document, "due")[0]["message"] and hook == []
    memory = json.loads((home / "alerts.json").read_text())
    memory["seen"]["due:collection docs"] = (datetime.now(UTC) - timedelta(hours=40)).isoformat()
    (home / "alerts.json").write_text(json.dumps(memory))
    document, code = ask(home, "--alert")
    assert code == 1 and told(document, "due")[0]["is_alert"] and hook[0]["alerts"][0]["kind"] == "due"
    assert told(document, "due")[0]["command"] == document["next"] == "minicoil reencode docs"


def test_who_holds_the_home_is_seen_without_standing_in_its_way(home):
    script = (
        "import sys; from pathlib import Path; from tasks.disk.home_lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1]), 'extend'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        set_pending(Place.at(home).objects(), "production", 5, None)
        document, _ = ask(home)
        process.stdin.close()
    assert all("`minicoil extend` works here" in notice["message"] for notice in told(document, "lock"))
    assert told(document, "interrupted") == []
    assert lock_holder(home) is None  # the file still names the command that is gone
    assert told(ask(home)[0], "interrupted")[0]["command"] == "minicoil reencode"
    with writer_lock(home, "reencode"):  # and asking again and again takes no lock
        assert lock_holder(home).command == "reencode"


def test_a_promotion_that_paused_wakes_nobody_until_no_run_goes_on_with_it(home):
    set_pending(Place.at(home).objects(), "production", 5, None)
    path = Place.at(home).home / "store" / "channels" / "production.json"
    document = json.loads(path.read_text())
    document["history"][-1]["at"] = (datetime.now(UTC) - timedelta(hours=80)).isoformat(timespec="seconds")
    path.write_text(json.dumps(document))
    assert told(ask(home)[0], "interrupted")[0]["is_alert"]  # indexing, which succeeded a moment ago, promotes nothing
    write_run(home, "reencode-collections", 20)
    notice = told(ask(home)[0], "interrupted")[0]
    assert not notice["is_alert"] and "A run ended well" in notice["message"]
    forget_runs(home)
    write_run(home, "reencode-collections", 40)
    assert told(ask(home)[0], "interrupted")[0]["is_alert"]


def test_an_engine_that_does_not_answer_leaves_everything_else_to_be_shown(home, hook, monkeypatch):
    monkeypatch.setattr("tasks.qdrant.server_calls.FIRST_WAIT_SECONDS", 0.0)
    document, code = ask(home, "--alert", "--qdrant-url", "http://127.0.0.1:9")
    assert code == 1 and not document["channels"][0]["safe"]
    assert "Qdrant does not answer" in told(document, "unreachable")[0]["message"]
    assert document["last_success"] and hook[0]["alerts"][0]["kind"] == "unreachable"


def test_an_object_store_that_does_not_answer_is_an_alert_too(home, hook, monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    document, code = ask(home, "--alert", "--store", "s3://bucket/x")
    assert code == 1 and document["channels"] == []
    assert [row["about"] for row in hook[0]["alerts"]] == ["object store"]


def test_a_prefect_server_that_does_not_answer_is_an_alert_and_the_homes_own_records_are_shown(home, hook):
    # a process of its own: in this one another test's Prefect server may be the one that Prefect's settings name
    command = [sys.executable, "-m", "flows.cli", "status", "--home", str(home), "--json", "--alert"]
    done = subprocess.run(
        [*command, "--prefect-url", "http://127.0.0.1:9/api"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    document, code = json.loads(done.stdout), done.returncode
    assert code == 1 and "http://127.0.0.1:9/api does not answer" in told(document, "unreachable")[0]["message"]
    assert document["last_success"]["flow"] == "index-collection"


def test_without_anybody_to_tell_it_says_that(home):
    write_run(home, "extend-vocabulary", 1, "Failed", "no")
    document, code = ask(home, "--alert")
    assert code == 1 and document["delivered"] == [] and "MINICOIL_ALERT_WEBHOOK_URL" in document["message"]


def test_what_was_not_delivered_is_said_and_the_exit_status_says_it_too(home, monkeypatch):
    monkeypatch.setattr("tasks.watch.alerting.WAIT_SECONDS", [0.0])
    monkeypatch.setenv("MINICOIL_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/T0KEN")
    write_run(home, "extend-vocabulary", 1, "Failed", "no")
    answer = CliRunner().invoke(main, ["status", "--alert", "--home", str(home)])
    assert answer.exit_code == 1 and "webhook to 127.0.0.1: not delivered: no answer" in answer.stdout
    assert "T0KEN" not in answer.output


def test_the_flow_shows_the_same_page_as_an_artifact(home):
    from flows.forms.status_parameters import StatusParameters
    from flows.show_status import show_status

    status = show_status(StatusParameters(home=str(home)))
    page = status_page(status)
    assert "| production |  |  | yes | 0 |" in page and "All is well." in page
    (record,) = [json.loads(p.read_text()) for p in (home / "runs").glob("*show-status*")]
    assert record["artifacts"] == [{"key": "status", "kind": "markdown", "description": "What is served, stuck, due"}]
    assert "show-status" not in [run["flow"] for run in ask(home)[0]["runs"]]
