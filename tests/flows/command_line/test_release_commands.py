"""What is published is listed, shown and moved by commands that say what they did."""

import json

import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks.catalogue.approvals import hold_release
from tasks.place import Place
from tasks.readers.readers import register_reader
from tasks.store.audit import record_deed


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


def test_who_deleted_what_is_listed(home):
    assert "nothing was forgotten" in call("release", "audit", "--home", str(home)).stdout
    record_deed(Place.at(home).objects(), "prune", {"pruned": [1, 6], "abandoned": [], "freed_bytes": 5})
    said = call("release", "audit", "--home", str(home)).stdout
    assert "prune" in said and "pruned 1, 6; freed_bytes 5" in said and "abandoned" not in said
    (deed,) = json.loads(call("release", "audit", "--home", str(home), "--json").stdout)["deeds"]
    assert deed["facts"]["pruned"] == [1, 6] and deed["who"] and deed["at"]


def test_readers_that_say_nothing_are_registered_declared_and_listed(home):
    def said(*arguments):
        answer = call("release", "readers", "--home", str(home), *arguments, "--json")
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    assert [row["all_readers_known"] for row in said()["collections"]] == [True, True]  # nobody else can search a home
    assert "docs: readers may say nothing" in said("--unknown", "--collection", "docs")["message"]
    rows = {row["collection"]: row for row in said()["collections"]}
    assert not rows["docs"]["all_readers_known"] and rows["drafts"]["all_readers_known"]
    assert said("--ack", "all")["message"].startswith("nothing to confirm")
    refused = call("release", "readers", "--home", str(home), "--ack", "7")
    assert refused.exit_code == 2 and "no collection here holds the cells of release 7" in refused.stderr
    absent = call("release", "readers", "--home", str(home), "--register", "shop", "--release", "7")
    assert absent.exit_code == 1 and "release 7 was not found" in absent.stderr
    assert call("release", "readers", "--home", str(home), "--register", "shop").exit_code == 2
    register_reader(Place.at(home).objects(), "shop", "production", 7)
    table = call("release", "readers", "--home", str(home)).stdout
    assert "shop" in table and "registered" in table and "not all known" in table
    assert said("--unregister", "shop")["readers"] == []
    assert "unregister-reader" in call("release", "audit", "--home", str(home)).stdout


def test_an_empty_home_has_no_release_and_none_that_waits(tmp_path):
    assert json.loads(call("release", "list", "--home", str(tmp_path), "--json").stdout) == {"releases": []}
    assert call("release", "waiting", "--home", str(tmp_path)).stdout == "no release waits for approval\n"
    pruned = json.loads(call("release", "prune", "--dry-run", "--home", str(tmp_path), "--json").stdout)
    assert pruned["pruned"] == [] and pruned["dry_run"]


def test_releases_that_wait_say_for_whom_until_when_and_whether_it_is_too_late(tmp_path):
    store = Place.at(tmp_path).objects()
    hold_release(store, "production", 3, ["nDCG@10 fell"], 14)
    said = call("release", "waiting", "--home", str(tmp_path), "--json")
    (row,) = json.loads(said.stdout)["waiting"]
    assert (row["release"], row["channel"], row["reasons"], row["expired"]) == (
        3,
        "production",
        ["nDCG@10 fell"],
        False,
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["show", "production"], 1, "production"),
        (["verify", "7"], 1, "release 7 was not found"),
        (["pull", "7", "out"], 1, "release 7 was not found"),
        (["push", "acme/terms"], 2, "hf:"),
        (["rollback"], 1, "production"),
        (["abandon"], 0, ""),
        (["promote", "seven"], 2, "seven"),
        (["promote", "0"], 2, "0"),
        (["publish", "nowhere", "--promote", "later"], 2, "later"),
        (["pull", "7"], 2, "give the folder to copy it into"),
        (["prune", "--keep", "-1"], 2, "-1"),
        (["readers", "--ack", "six"], 2, "six"),
    ],
)
def test_what_is_not_there_or_is_no_request_is_named(tmp_path, arguments, status, message):
    answer = call("release", *arguments, "--home", str(tmp_path), "--prefect-url", "")
    assert answer.exit_code == status, answer.output
    assert message in answer.stderr or not status


def test_a_group_without_a_word_shows_its_help():
    answer = call("release", "--help")
    assert all(name in answer.output for name in ("list", "promote", "rollback", "readers", "audit"))
