"""What is measured and compared is said on the command line as in the form, and contradictions are bad usage."""

import pytest
from click.testing import CliRunner

from flows.cli import main


@pytest.fixture
def asked(monkeypatch):
    """Flow and values of each run that a command would have begun."""
    begun = []
    monkeypatch.setattr("flows.command_line.proof_commands.run_flow", lambda *run: begun.append(run) or {})
    return begun


def call(*arguments):
    return CliRunner().invoke(main, [*arguments, "--prefect-url", ""])


def test_without_labels_the_collection_itself_asks(asked, tmp_path):
    call("evaluate", "sets/x", "--collection", "docs", "--proxy", "--home", str(tmp_path))
    call("evaluate", "sets/x", "--collection", "docs", "--home", str(tmp_path))
    assert [(flow, values["folder"], values["collection"]) for flow, values in asked] == [
        ("evaluate-retrieval", None, "docs"),
        ("evaluate-retrieval", "sets/x", "docs"),
    ]
    assert asked[0][1]["home"] == str(tmp_path)


def test_two_releases_and_a_collection_are_named_in_their_order(asked):
    call("compare", "6", "7", "docs", "--queries", "log.txt", "--limit", "5")
    ((flow, values),) = asked
    assert flow == "compare-releases"
    assert [values[name] for name in ("one", "other", "collection", "queries", "limit")] == [6, 7, "docs", "log.txt", 5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate"], "give a BEIR folder, or a collection to make queries from"),
        (["evaluate", "x", "--proxy"], "give a BEIR folder, or a collection to make queries from"),
        (["evaluate", "x", "--model", "m", "--release", "3"], "give a release or a model folder, not both"),
        (["compare", "6", "7"], "COLLECTION"),
        (["compare", "6", "7", "docs"], "--queries"),
        (["compare", "six", "7", "docs", "--queries", "q"], "six"),
    ],
)
def test_what_contradicts_itself_is_bad_usage(arguments, message, tmp_path):
    answer = call(*arguments, "--home", str(tmp_path))
    assert answer.exit_code == 2 and message in answer.stderr, answer.output
