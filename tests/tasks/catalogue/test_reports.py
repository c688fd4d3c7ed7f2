"""Every report has a key of its own beside what it is about, and any document becomes JSON that anybody reads."""

import json
from pathlib import Path

from tasks.catalogue.reports import write_report
from tasks.store.local_store import LocalStore


def test_two_reports_of_one_second_are_two(tmp_path):
    store = LocalStore(tmp_path)
    keys = [write_report(store, "reencode", "docs", {"n": n}) for n in range(20)]
    assert len(set(keys)) == 20 and all(key.startswith("reports/reencode/docs/") for key in keys)
    assert [entry.key for entry in store.list("reports/")] == sorted(keys)
    assert {json.loads(store.read(key))["n"] for key in keys} == set(range(20))


def test_numbers_that_are_none_and_values_that_json_has_not_do_not_stop_it(tmp_path):
    store = LocalStore(tmp_path)
    key = write_report(
        store, "x", "caf\u00e9", {"a": float("nan"), "b": [float("inf")], "c": Path("/p"), "d": "\u4e2d"}
    )
    document = json.loads(store.read(key))
    assert document.pop("at") and document == {"a": None, "b": [None], "c": "/p", "d": "\u4e2d"}


def test_a_document_may_say_itself_when_it_was(tmp_path):
    store = LocalStore(tmp_path)
    assert json.loads(store.read(write_report(store, "x", "y", {"at": "then"})))["at"] == "then"
