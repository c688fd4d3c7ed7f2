"""Alerts arrive where people look: each way against a receiver that really listens, and not twice for one thing."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from smtp_sink import SmtpSink

from minicoil.errors import UsageError
from tasks.settings import Settings
from tasks.store.damage import forget_damage, named_damage
from tasks.watch import alerting
from tasks.watch.alerting import read_memory, tell_alerts
from tasks.watch.notices import Notice, in_order

SECRET = "T0KEN-of-the-hook"
WHERE = {"home": "/data", "store": "s3://bucket/x"}
FAILED = Notice("failure", "extend-vocabulary", "its newest run failed: no \u00fcber words", None, None, True)
WAITS = Notice("approval", "release 7 of channel production", "too low", "minicoil release promote 7", None, True)
QUIET = Notice("readers", "collection docs", "cells stay")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(alerting, "WAIT_SECONDS", [0.0])
    forget_damage()


@contextmanager
def receiver(*statuses):
    """A webhook that answers with each status in turn, the last one for ever; what it was sent, and its address."""
    got, left = [], list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield got, f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
    server.shutdown()
    server.server_close()


def settings(**values):
    return Settings(**values)


def test_a_webhook_gets_each_alert_with_what_to_do_and_nothing_that_wakes_nobody(tmp_path):
    with receiver(200) as (got, url):
        (done,) = tell_alerts(tmp_path, [FAILED, WAITS, QUIET], WHERE, settings(alert_webhook_url=url))
    (path, kind, document), *_ = got
    assert (done.way, done.to, done.error) == ("webhook", "127.0.0.1", "")
    assert path.endswith(SECRET) and kind == "application/json" and len(got) == 1
    assert [row["key"] for row in document["alerts"]] == [FAILED.key, WAITS.key]
    assert "no \u00fcber words" in document["text"] and "minicoil release promote 7" in document["text"]
    assert document["home"] == "/data" and document["store"] == "s3://bucket/x" and document["resolved"] == []


def test_what_was_told_is_told_again_after_a_day_and_once_more_when_it_is_over(tmp_path):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with receiver(204) as (got, url):
        given = settings(alert_webhook_url=url)
        tell_alerts(tmp_path, [FAILED], WHERE, given, now)
        assert tell_alerts(tmp_path, [FAILED], WHERE, given, now + timedelta(hours=23)) == []
        tell_alerts(tmp_path, [FAILED, WAITS], WHERE, given, now + timedelta(hours=23.5))
        tell_alerts(tmp_path, [FAILED, WAITS], WHERE, given, now + timedelta(hours=24.5))
        tell_alerts(tmp_path, [WAITS], WHERE, given, now + timedelta(hours=25))
        assert tell_alerts(tmp_path, [WAITS], WHERE, given, now + timedelta(hours=26)) == []
        tell_alerts(tmp_path, [FAILED, WAITS], WHERE, given, now + timedelta(hours=27))
    told = [([row["key"] for row in document["alerts"]], document["resolved"]) for _, _, document in got]
    assert told == [
        ([FAILED.key], []),
        ([WAITS.key], []),
        ([FAILED.key], []),
        ([], [FAILED.key]),
        ([FAILED.key], []),  # it came back, and is new again
    ]


def test_since_when_something_is_there_is_remembered(tmp_path):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    tell_alerts(tmp_path, [QUIET], WHERE, settings(), now)
    tell_alerts(tmp_path, [QUIET, FAILED], WHERE, settings(), now + timedelta(hours=5))
    assert read_memory(tmp_path).seen[QUIET.key] == now.isoformat(timespec="seconds")
    tell_alerts(tmp_path, [FAILED], WHERE, settings(), now + timedelta(hours=6))
    assert QUIET.key not in read_memory(tmp_path).seen


def test_a_receiver_that_fails_for_a_moment_is_tried_again(tmp_path):
    with receiver(503, 500, 200) as (got, url):
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, settings(alert_webhook_url=url))
    assert done.error == "" and len(got) == 3


def test_three_tries_wait_longer_each_time_and_then_it_is_said(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(alerting, "WAIT_SECONDS", [1.0, 5.0])
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    with receiver(503) as (got, url):
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, settings(alert_webhook_url=url))
    assert done.error == "it answered 503" and len(got) == 3 and waits == [1.0, 5.0]


@pytest.mark.parametrize("status", [404, 302])
def test_what_did_not_arrive_is_said_without_the_secret_and_told_the_next_time(tmp_path, status, caplog):
    with receiver(status, 200) as (got, url):
        given = settings(alert_webhook_url=url)
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, given)
        assert done.error == f"it answered {status}" and len(got) == 1
        assert SECRET not in repr(done) + repr(given) + caplog.text + (tmp_path / "alerts.json").read_text()
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, given)
        assert done.error == "" and len(got) == 2


def test_a_receiver_that_is_not_there_is_named_by_its_host_alone(tmp_path):
    given = settings(alert_webhook_url=f"http://127.0.0.1:9/{SECRET}")
    (done,) = tell_alerts(tmp_path, [FAILED], WHERE, given)
    assert done.error == "no answer (ConnectError)" and done.to == "127.0.0.1" and SECRET not in repr(done)


def test_mail_arrives_with_user_and_password_and_letters_of_any_language(tmp_path):
    with SmtpSink(user="me", password="pass word") as sink:
        given = settings(
            alert_email_to="a@example.org, b@example.org",
            alert_email_from="minicoil@example.org",
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_security="none",
            smtp_user="me",
            smtp_password="pass word",
        )
        (done,) = tell_alerts(tmp_path, [FAILED, WAITS], WHERE, given)
    (mail,) = sink.mails
    assert done.error == "" and done.way == "e-mail"
    assert mail.recipients == ["a@example.org", "b@example.org"] and mail.sender == "minicoil@example.org"
    assert mail.message["Subject"] == "minicoil: failure: extend-vocabulary and 1 more"
    text = mail.message.get_content()
    assert "no \u00fcber words" in text and "minicoil release promote 7" in text and "home /data" in text
    assert "pass word" not in repr(given) + text


@pytest.mark.parametrize("said", [{"password": "another"}, {"refuse": True}])
def test_a_mail_server_that_refuses_is_said_without_the_password(tmp_path, said):
    with SmtpSink(user="me", **{"password": "right", **said}) as sink:
        given = settings(
            alert_email_to="a@example.org",
            alert_email_from="m@example.org",
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_security="none",
            smtp_user="me",
            smtp_password="right",
        )
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, given)
    assert done.error and "right" not in done.error and sink.mails == []
    assert read_memory(tmp_path).told == {}


def test_a_mail_server_without_tls_is_not_given_a_password_where_tls_was_asked_for(tmp_path):
    with SmtpSink() as sink:
        given = settings(
            alert_email_to="a@example.org", alert_email_from="m@example.org", smtp_host="127.0.0.1", smtp_port=sink.port
        )
        (done,) = tell_alerts(tmp_path, [FAILED], WHERE, given)
    assert done.error.startswith("SMTPNotSupportedError") and sink.mails == []


def test_one_way_that_works_is_enough_and_the_other_is_still_said(tmp_path):
    with receiver(200) as (_, url):
        given = settings(
            alert_webhook_url=url,
            alert_email_to="a@example.org",
            alert_email_from="m@example.org",
            smtp_host="127.0.0.1",
            smtp_port=9,
            smtp_security="none",
        )
        hook, mail = tell_alerts(tmp_path, [FAILED], WHERE, given)
    assert not hook.error and mail.error == "ConnectionRefusedError at 127.0.0.1:9"
    assert list(read_memory(tmp_path).told) == [FAILED.key]


def test_settings_that_are_not_enough_are_refused_by_name(tmp_path):
    with pytest.raises(UsageError, match="need MINICOIL_ALERT_EMAIL_FROM, MINICOIL_SMTP_HOST too"):
        tell_alerts(tmp_path, [FAILED], WHERE, settings(alert_email_to="a@example.org"))
    with pytest.raises(UsageError, match="no http or https address") as said:
        tell_alerts(tmp_path, [FAILED], WHERE, settings(alert_webhook_url=f"ftp://host/{SECRET}"))
    assert SECRET not in str(said.value)


@pytest.mark.parametrize("text", ["", "[]", '{"seen": {"x": "yesterday"}}', '{"told": 3}', "\x00"])
def test_a_memory_that_is_damaged_is_named_and_alerts_are_told_anew(tmp_path, text):
    (tmp_path / "alerts.json").write_text(text)
    with receiver(200) as (got, url):
        tell_alerts(tmp_path, [FAILED], WHERE, settings(alert_webhook_url=url))
    assert len(got) == 1 and [damage.what for damage in named_damage()] == ["alerts.json"]
    assert read_memory(tmp_path).told.keys() == {FAILED.key}


def test_alerts_come_first_and_the_worst_of_them_before_others():
    unsafe = Notice("unsafe", "collection docs", "gone", None, None, True)
    assert in_order([QUIET, WAITS, FAILED, unsafe]) == [unsafe, FAILED, WAITS, QUIET]
