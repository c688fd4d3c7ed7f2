"""What became of a forgotten document is told in full: what went, what to retrain, and what remains."""

from flows.rendering.forget_rendering import show_forgotten

RESULT = {
    "docs": ["a.md"], "dry_run": False, "n_sentences": 1200, "n_shared": 0, "releases": [], "reports": [], "copies": [],
    "collections": [], "words": [], "retrain": [], "remains": ["its words in layers trained before"],
}  # fmt: skip


def lines_of(capsys, **changed):
    show_forgotten({**RESULT, **changed})
    return capsys.readouterr().out.splitlines()


def test_what_went_and_what_remains(capsys):
    assert lines_of(capsys) == [
        "a.md: 1,200 sentences gone",
        "what remains:",
        "  - its words in layers trained before",
    ]
    assert lines_of(capsys, dry_run=True)[0] == "a.md: 1,200 sentences would go"
    assert lines_of(capsys, message="nothing was read of it") == ["nothing was read of it"]


def test_where_it_stood_is_named_and_places_without_it_are_not(capsys):
    collections = [{"name": "docs", "n_points": 7, "n_deleted": 7}, {"name": "drafts", "n_points": 0, "n_deleted": 0}]
    lines = lines_of(capsys, n_shared=3, releases=[1, 2], reports=["r.html"], copies=["c.zip"], collections=collections)
    assert lines[1:5] == [
        "3 more stand in another document too, and stay with it",
        "reports of releases that quoted it: 1, 2",
        "other reports that quoted it: r.html",
        "copies that quoted it: c.zip",
    ]
    assert [line.split() for line in lines[5:7]] == [
        ["collection", "its", "points", "deleted"],
        ["docs", "7", "7"],
    ]
    assert not any("drafts" in line for line in lines)


def test_words_that_may_have_learned_from_it_come_with_the_commands_that_retrain_them(capsys):
    word = {"word": "pod", "channel": "production", "n_forgotten": 3, "n_sentences": 1200}
    lines = lines_of(capsys, words=[word] * 25, retrain=["minicoil retrain --corpus x"])
    assert "25 served words may have learned from it" in lines[1]
    assert sum(line.split() == ["pod", "production", "3", "1,200"] for line in lines) == 20
    at = lines.index("retrain them without it:")
    assert lines[at + 1 : at + 3] == ["  minicoil retrain --corpus x", "what remains:"]
