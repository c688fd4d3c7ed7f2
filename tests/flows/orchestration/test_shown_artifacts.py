"""What a run shows is on its page where it has one, and a note in its record where it has none."""

from uuid import uuid4

import pytest

from flows.orchestration import shown_artifacts
from flows.orchestration.run_records import current_run, record_run


def test_a_run_without_a_page_keeps_a_note_of_what_it_showed(tmp_path):
    with record_run("ask", tmp_path, None) as record:
        shown_artifacts.show_table([{"word": "pod"}], key="words", description="Its \x1b[31mwords")
        shown_artifacts.show_markdown("# Card", key="card", description="Its card")
    assert record.artifacts == [
        {"key": "words", "kind": "table", "description": "Its \\x1b[31mwords"},
        {"key": "card", "kind": "markdown", "description": "Its card"},
    ]


def test_outside_a_run_nobody_keeps_anything():
    shown_artifacts.show_markdown("# Card", key="card", description="Its card")
    assert current_run() is None


def test_a_run_with_a_page_shows_it_there_and_numbers_stay_numbers(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(shown_artifacts, "under_prefect", lambda: True)
    monkeypatch.setattr("prefect.artifacts.create_table_artifact", lambda rows, **said: made.append((rows, said)))
    with record_run("ask", tmp_path, None) as record:
        shown_artifacts.show_table([{"word": "\x07pod", "n": 3, "why": None}], key="words", description="d")
    assert made == [([{"word": "\\x07pod", "n": 3, "why": None}], {"key": "words", "description": "d"})]
    assert record.artifacts == []


@pytest.mark.parametrize(("answer", "is_kept"), [(uuid4(), True), (None, False), ("no id", False)])
def test_a_bar_has_an_id_only_where_the_server_gave_one(monkeypatch, answer, is_kept):
    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", lambda *_, **__: answer)
    assert shown_artifacts.show_progress(1.0, "k", "d") == (answer if is_kept else None)
