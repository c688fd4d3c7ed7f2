"""Whatever documents, ids, titles and file names hold, what a person sees of it is harmless, in every answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import main
from flows.orchestration import artifacts, shown_artifacts
from flows.outcomes import (
    AttachOutcome,
    ComparisonOutcome,
    ExtensionOutcome,
    IndexOutcome,
    PublishOutcome,
    ReadersOutcome,
    ReencodingOutcome,
    RemovalOutcome,
    RetrainOutcome,
    RollbackOutcome,
)
from flows.rendering.rendering import RENDERERS, show_result

ROOT = Path(__file__).parents[3]
NASTY = [
    "A parser shows \x1b[31mred\x1b[0m and \x07 bells and \x1b]0;title\x07 of it.",
    "A parser of \x9b31m single bytes and \x9d0;title\x9c and \x85 here.",
    "The parser [/red] prints [bold]loud[/bold] and [link=http://x]links[/link] :smile: too.",
    "Emoji \U0001f600 and \u202eoverride and \x00 zero and caf\u00e9 in the parser.",
    "Line one of the parser\r\nline two\rline three\u2028line four.",
    "\x1b]8;;http://evil\x1b\\a parser\x1b]8;;\x1b\\ that links.",
]
NOW = "2026-01-02T03:04:05+00:00"
DUE = {"n_points": 3, "n_due": 2, "is_exact": False, "note": ""}
IDS = ["\x1b[2J", "\x9b2J", "[bold]x", "\u202eid", "id\nrelease 9 promoted", "caf\u00e9"]


def harmful(text):
    return sorted({c for c in text if not (c.isprintable() or c == "\n")})


@pytest.fixture(scope="module")
def nasty(tiny_encoder, tmp_path_factory):
    """A home with a collection of such documents, in a file of such a name."""
    from flows.forms.parameters import IndexParameters
    from flows.index_collection import index_collection

    folder = tmp_path_factory.mktemp("nasty")
    corpus = folder / "a\x1b[31m\nb\x9b.jsonl"
    rows = [
        {"_id": name, "text": text, "title": f"Title \x1b[1m of {i}"}
        for i, (name, text) in enumerate(zip(IDS, NASTY, strict=True))
    ]
    rows += [{"_id": IDS[0], "text": "Another parser of the same id."}, {"_id": 1, "nothing": ""}]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    parameters = IndexParameters(
        home=str(folder / "h"), collection="docs", corpus=[str(corpus)], encoder=str(tiny_encoder)
    )
    return folder / "h", corpus, index_collection(parameters)


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


def test_answers_of_search_are_harmless_and_say_everything(nasty):
    home, _, _ = nasty
    found = json.loads(call("search", "docs", "parser", "--json", "--home", str(home)).stdout)["results"]
    assert {row["text"].split("\n", 1)[-1] for row in found} >= {NASTY[0], NASTY[1], NASTY[3]}  # stored as they are
    for options in ((), ("--compare",), ("--json",), ("--json", "--compare"), ("--explain", found[0]["id"])):
        answer = call("search", "docs", "parser \x1b[31m[bold]", "--home", str(home), *options)
        assert answer.exit_code == 0 and harmful(answer.output) == [], options
    shown = call("search", "docs", "parser", "--home", str(home)).stdout
    assert r"\x1b[31mred\x1b[0m and \x07 bells and \x1b]0;title\x07" in shown
    assert "[/red] prints [bold]loud[/bold] and [link=http://x]links[/link] :smile: too" in shown
    assert r"\u202eoverride" in shown and "caf\u00e9" in shown


def test_what_could_not_be_used_is_told_harmlessly(nasty, capsys):
    home, corpus, result = nasty
    assert result["n_clashes"] == 1 and any(corpus.name in "".join(row["examples"]) for row in result["unusable"])
    show_result("index", result)
    told = capsys.readouterr().out
    assert harmful(told) == [] and len(told.splitlines()) == 3
    assert r"a\x1b[31m\nb\x9b.jsonl" in told and r"id '\x1b[2J' is that of" in told
    refused = call("index", "docs", "--corpus", "/nowhere/\x1b[31m\u202e", "--home", str(home))
    assert refused.exit_code == 1 and harmful(refused.output) == []


def test_a_document_is_forgotten_by_an_id_of_any_characters(nasty):
    home, _, _ = nasty
    for name in IDS:
        answer = call("forget", "--doc", name, "--dry-run", "--home", str(home))
        assert answer.exit_code == 0 and harmful(answer.output) == []
        assert "1" in answer.stdout
        answer = call("forget", "--doc", name, "--dry-run", "--json", "--home", str(home))
        assert harmful(answer.stdout) == [] and json.loads(answer.stdout)["docs"] == [name]


_HITS = [{"text": NASTY[0] + NASTY[1], "sense": sense} for sense in (0, 1, None)]
SEEN_WORD = {
    "form": NASTY[0] + NASTY[1], "n_looked": 9, "of_bm25": 3, "of_minicoil": 6, "queries": [1, 2],
    "senses": [{"words": [NASTY[1]], "n_sentences": 3, "examples": [NASTY[0]]}] * 2,
    "shown": [{"text": NASTY[1], "sense": 1, "bm25": _HITS, "minicoil": _HITS[:1]}],
}  # fmt: skip


@pytest.mark.parametrize("command", sorted(RENDERERS))
def test_every_answer_that_is_drawn_is_harmless(command, capsys):
    """Strings of an answer may come from anywhere: ledgers and records are other people's files too."""

    class Anything(dict):
        """An answer in which every field that is asked for holds such text."""

        def __missing__(self, key):
            return 0

    text = NASTY[0] + NASTY[1] + "\x9b[/red]"
    answers = {
        "search": {"query": text, "release": 1, "results": [{"score": 1.0, "text": text}]},
        "words": {"words": [], "message": text, "page": text},
        "release_list": {"releases": [{"release": 1, "parent": None, "n_words": 1, "created_at": text, "channels": [text]}]},
        "release_audit": {"deeds": [{"at": text, "who": text, "action": text, "facts": {text: [text], "x": text}}]},
        "release_waiting": {"waiting": [{"release": 1, "channel": text, "expired": False, "until": text, "reasons": [text]}]},
        "release_prune": Anything(pruned=[text], dry_run=False, abandoned=[], kept=[{"release": 1, "why": text}]),
        "encode": Anything(output=text, model=text, bad=[{"n": 1, "lines": [1], "reason": text}], repeated_ids=[]),
        "forget": {"message": text},
        "detach": {"message": text},
        "status": {
            "store": text, "message": text, "next": text, "last_success": {"flow": text, "ended": NOW}, "channels": [
                {"name": text, "current": 1, "since": NOW, "pending": 2, "safe": False, "n_due": 0, "collections": [
                    {"name": text, "served": 1, "beside": [1], "waiting": {"readers": [text]}, "due": None},
                    {"name": text, "served": 1, "beside": [], "waiting": None, "due": DUE},
                ], "ids": {"left": 3, "exhausted_on": text, "per_day": 1.0}},
            ],
            "notices": [{"is_alert": True, "kind": "unsafe", "about": text, "message": text, "command": text}],
            "runs": [{"flow": text, "started": NOW, "state": text, "message": text}],
            "schedules": [{"name": text, "is_on": True, "next_run": text}],
            "delivered": [{"way": "webhook", "to": text, "error": text}],
        },
        "deploy": {text: [text]},
        "try_folder": Anything(
            collection=text, message=text, remarks=[text], page=text, next=[text], look={"words": [SEEN_WORD]}
        ),
        "doctor": {
            "checks": [{"name": text, "state": state, "found": text, "fix": text} for state in ("good", "odd", "wrong")],
            "fix": {"name": text, "found": text, "fix": text},
        },
    }  # fmt: skip
    show_result(command, answers[command])
    told = capsys.readouterr().out
    assert told and harmful(told) == []


TEXT = NASTY[0] + NASTY[1] + "\x9b[/red]"
COLLECTIONS = [{"name": TEXT, "n_points": 1, "n_affected": 1, "n_rewritten": 1}]
PROBLEMS = [{"n": 1, "reason": TEXT, "examples": [TEXT, TEXT]}]
EXTENSION = {
    "words": [{"word": TEXT, "verdict": "failed", "reason": TEXT}], "refused_words": [{"word": TEXT, "reason": TEXT}],
    "message": TEXT, "unusable": PROBLEMS, "release": None, "estimate": {TEXT: 1}, "corpus": {}, "seconds": {},
    "collections": COLLECTIONS,
}  # fmt: skip
SETTINGS = {"collection": TEXT, "n_points": 1, "release": 1, "k": 1.2, "b": 0.75, "avg_len": 1.0}
OUTCOMES = [
    ExtensionOutcome.of(EXTENSION),
    ExtensionOutcome.of({**EXTENSION, "dry_run": True, "words": [{"word": TEXT, "kind": TEXT, "n_points": 1, "reasons": [TEXT]}]}),
    RetrainOutcome.of({**EXTENSION, "underperforming": [{"word": TEXT, "reasons": [TEXT]}]}),
    RemovalOutcome.of({key: EXTENSION[key] for key in ("words", "message", "release", "collections")}),
    IndexOutcome.of(
        {**SETTINGS, "n_written": 1, "n_skipped": 0, "n_deleted": 0, "n_clashes": 0, "unusable": PROBLEMS}
        | {"mended": {"message": TEXT}}
    ),
    AttachOutcome.of({**SETTINGS, "n_compared": 1, "n_matching": 1, "current": 1, "optimizer": {TEXT: TEXT}}),
    ReencodingOutcome.of({"release": 1, "collections": COLLECTIONS, "waiting": [{"message": TEXT}], "message": TEXT}),
    PublishOutcome.of({"release": 1, "parent": None, "promoted": False, "collections": COLLECTIONS, "waiting": [{"message": TEXT}]}),
    RollbackOutcome.of({"channel": TEXT, "release": 1, "previous": 2, "promoted": True}),
    ReadersOutcome.of(
        {
            "message": TEXT,
            "readers": [{"name": TEXT, "channel": TEXT, "release": 1, "until": 0, "registered": True}],
            "collections": [
                {"collection": TEXT, "channel": TEXT, "release": 1, "beside": [TEXT], "n_points": 1}
                | {"all_readers_known": False, "message": TEXT}
            ],
        }
    ),
    ComparisonOutcome.of(
        {
            "one": 1, "other": 2, "n_queries": 1, "collection": TEXT, "limit": 10, "fused": None, "why_not_fused": TEXT,
            "sparse": {
                "overlap": 1.0, "score_ratio": None, "n_changed": 0, "n_top_changed": 0, "n_without_results_one": 0,
                "n_without_results_other": 0,
            },
            "problems": PROBLEMS, "queries": [{"overlap": 1.0, "text": TEXT, "words": [{"word": TEXT}]}], "fused_with": None,
        }
    ),
]  # fmt: skip


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_every_outcome_that_is_shown_is_harmless(outcome, capsys):
    show_result("of any name", outcome)
    told = capsys.readouterr().out
    assert told and harmful(told) == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stdout_of_any_encoding_takes_every_answer(nasty, encoding):
    home, _, _ = nasty
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "PYTHONWARNINGS": "ignore"}

    def run(*arguments, text=None):
        command = [sys.executable, "-m", "flows.cli", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, input=text, timeout=120)
        assert done.returncode == 0, done.stderr.decode(encoding, "replace")[-2000:]
        return done.stdout.decode(encoding)

    assert "parser" in run("search", "docs", "caf\u00e9 parser \U0001f600", "--compare", "--home", str(home))
    found = json.loads(run("search", "docs", "parser", "--json", "--home", str(home)))["results"]
    assert any("\U0001f600" in row["text"] for row in found)
    row = json.dumps({"id": "caf\u00e9 \U0001f600\x9b", "text": "A parser."}).encode()
    encoded = run("encode", "--collection", "docs", "--home", str(home), text=row)
    assert json.loads(encoded)["id"] == "caf\u00e9 \U0001f600\x9b" and harmful(encoded) == []
    run("--help")


def test_artifacts_are_harmless(monkeypatch):
    made = []
    monkeypatch.setattr(shown_artifacts, "under_prefect", lambda: True)
    for name in ("create_table", "create_markdown", "create_progress", "update_progress"):
        monkeypatch.setattr(f"prefect.artifacts.{name}_artifact", lambda *a, **k: made.append((a, k)))
    text = NASTY[0] + NASTY[3]
    artifacts.show_words([{"word": text, "verdict": text, "reason": text, "n_sentences": 3}])
    artifacts.show_reencoding([{"name": text}], 1)
    shown_artifacts.show_markdown(text, "k", text)
    shown_artifacts.show_progress(1.0, "k", text)
    shown_artifacts.move_progress(None, 1.0, text)
    assert len(made) == 5 and harmful(str(made).replace("\\\\", "")) == []
    assert not any(mark in repr(made).replace("\\\\", "") for mark in ("\\x1b", "\\u202e", "\\x07"))


def test_there_is_one_door_to_the_terminal_and_one_to_artifacts():
    for path in sorted((ROOT / "flows").rglob("*.py")):
        source = path.read_text()
        if path.name != "screen.py":
            assert "import rich" not in source and "from rich" not in source, path.name
            assert "json.dumps" not in source or path.name == "completion.py", path.name
        if path.name != "shown_artifacts.py":
            assert "prefect.artifacts" not in source and "prefect import artifacts" not in source, path.name
