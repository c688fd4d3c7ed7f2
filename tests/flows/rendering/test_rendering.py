"""An answer finds its renderer by its command, shows itself where it is an outcome, and else shows every key."""

from flows.cli import main
from flows.command_line.help_pages import every_command
from flows.outcomes.release_outcomes import ReencodingOutcome
from flows.rendering.rendering import RENDERERS, show_result


def lines_of(capsys, command, result):
    show_result(command, result)
    return capsys.readouterr().out.splitlines()


def test_an_outcome_shows_itself_whatever_the_command(capsys):
    outcome = ReencodingOutcome.of({"release": 1, "collections": [], "message": "nothing to do"})
    assert lines_of(capsys, "search", outcome) == ["nothing to do"]


def test_an_answer_of_no_renderer_shows_every_key(capsys):
    assert lines_of(capsys, "release_show", {"release": 7, "files": {"a": 3}}) == ["release: 7", "files: a 3"]


def test_every_renderer_is_of_a_command():
    names = {command.callback.__name__ for _, command in every_command(main) if command.callback}
    assert set(RENDERERS) <= names, set(RENDERERS) - names


def test_releases_are_a_table_with_the_channels_that_point_to_them(capsys):
    row = {"release": 7, "parent": None, "n_words": 1200, "created_at": "2026", "channels": ["production", "staging"]}
    lines = lines_of(capsys, "release_list", {"releases": [row]})
    assert lines[1].split() == ["7", "-", "1,200", "2026", "production,", "staging"]


def test_what_was_pruned_or_would_be_is_told_with_why_the_rest_stays(capsys):
    result = {
        "pruned": [1, 2], "dry_run": True, "abandoned": ["x"], "n_unfinished": 3, "freed_bytes": 12_000,
        "kept": [{"release": 3, "why": "production serves it"}],
    }  # fmt: skip
    lines = lines_of(capsys, "release_prune", result)
    assert lines[0] == "releases would go: 1, 2; uploads that died: 1, single writes: 3; 12,000 bytes"
    assert lines[2].split() == ["3", "production", "serves", "it"]
    nothing = lines_of(capsys, "release_prune", {**result, "pruned": [], "dry_run": False})
    assert nothing[0].startswith("releases deleted: none;")


def test_deeds_are_told_with_what_was_done_and_not_with_what_was_not(capsys):
    deed = {
        "at": "2026",
        "who": "me",
        "action": "prune",
        "facts": {"pruned": [1, 6], "abandoned": [], "freed_bytes": 5},
    }
    lines = lines_of(capsys, "release_audit", {"deeds": [deed]})
    assert lines[1].split() == ["2026", "me", "prune", "pruned", "1,", "6;", "freed_bytes", "5"]
    (none,) = lines_of(capsys, "release_audit", {"deeds": []})
    assert none == "nothing was forgotten, pruned or confirmed so far"
