"""What a run's page shows, as a person reads it there."""

import pytest

from flows.orchestration import artifacts
from minicoil.errors import UsageError
from tasks.store.local_store import LocalStore

CARD = """---
license: apache-2.0
tags:
- minicoil
---

# miniCOIL model: 3 words x 4 dimensions

Grown from nothing.

## Load it

    import minicoil
"""


@pytest.fixture
def page(monkeypatch):
    """Key -> text or rows of what was shown."""
    shown = {}
    monkeypatch.setattr(artifacts, "show_markdown", lambda text, key, description: shown.update({key: text}))
    monkeypatch.setattr(artifacts, "show_table", lambda rows, key, description: shown.update({key: rows}))
    return shown


@pytest.fixture
def store(tmp_path):
    made = LocalStore(tmp_path / "store")
    made.write("releases/1/README.md", CARD.encode())
    return made


def test_a_card_is_shown_below_the_pages_heading_and_without_what_hubs_read(page, store):
    artifacts.show_release(store, 1, {"promoted": True})
    assert page["release"].startswith("# Release 1\n\n**Served.**")
    assert "apache-2.0" not in page["release"] and "---" not in page["release"]
    assert "\n## miniCOIL model: 3 words" in page["release"] and "\n### Load it\n\n    import" in page["release"]
    assert "report" not in page


def test_where_a_report_is_stands_there_to_be_copied_for_no_browser_follows_such_a_link(page, store):
    store.write("releases/1/report.html", b"<html></html>")
    artifacts.show_release(store, 1, {"promoted": True})
    assert f"    {store.local_path('releases/1/report.html').as_uri()}\n" in page["report"]
    assert "minicoil release pull 1 ./release-1" in page["report"] and "](" not in page["report"]


@pytest.mark.parametrize("address", ["https://reports.example/store", "http://proxy:8080/store/"])
def test_a_report_is_linked_where_browsers_find_the_store(page, store, monkeypatch, address):
    monkeypatch.setenv("MINICOIL_STORE_HTTP_URL", address)
    store.write("releases/1/report.html", b"<html></html>")
    artifacts.show_release(store, 1, {"promoted": True})
    assert f"[Open it]({address.rstrip('/')}/releases/1/report.html)" in page["report"]
    assert "minicoil release pull 1" in page["report"]


def test_an_address_with_a_key_in_it_is_no_link_and_what_is_none_is_refused(page, store, monkeypatch):
    store.write("releases/1/report.html", b"<html></html>")
    monkeypatch.setenv("MINICOIL_STORE_HTTP_URL", "https://me:hidden@reports.example/store")
    artifacts.show_release(store, 1, {"promoted": True})
    assert "](" not in page["report"] and "hidden" not in page["report"]
    monkeypatch.setenv("MINICOIL_STORE_HTTP_URL", "javascript:alert(1)")
    with pytest.raises(UsageError, match="MINICOIL_STORE_HTTP_URL"):
        artifacts.show_release(store, 1, {"promoted": True})


def test_an_answer_is_shown_without_what_is_empty_and_in_few_digits(page):
    answer = {"release": 1, "parent": None, "waiting": [], "words": [{"word": "pod"}], "promoted": False}
    artifacts.show_result(
        {**answer, "estimate": {"cpu_seconds_per_token": 0.0002707676299342122, "n_words": 3, "reasons": []}}, "x"
    )
    found = {row["what"]: row["found"] for row in page["result"]}
    assert found == {
        "release": 1,
        "words": "1 row",
        "promoted": False,
        "estimate": "cpu seconds per token 0.0002708, words 3",
    }


def test_a_word_is_shown_as_it_is_written_too_and_without_columns_that_are_empty(page):
    artifacts.show_words([{"word": "contain", "forms": ["container", "contain"], "verdict": "accepted"}])
    assert page["words"] == [{"word": "contain", "as written": "container, contain", "verdict": "accepted"}]
