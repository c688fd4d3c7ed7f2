"""A step that takes a while has a bar on the run's page, which costs few requests and never the step."""

from uuid import uuid4

import pytest

from flows.orchestration import progress_artifacts
from tasks import progress


def test_a_server_that_is_gone_costs_the_bar_and_not_the_step(monkeypatch, caplog):
    monkeypatch.setattr(progress_artifacts, "FIRST_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress_artifacts, "show_progress", lambda *a, **k: 1 / 0)
    step = progress_artifacts.PageListener().step("training", 10, "words")
    step.advance(5)
    step.advance(5)
    step.close()
    assert caplog.text.count("no progress bar for 'training' any more") == 1


@pytest.fixture
def page(monkeypatch):
    """What a run's page was told: percent and text of each request."""
    told = []
    monkeypatch.setattr(progress_artifacts, "show_progress", lambda *bar: told.append(bar) or uuid4())
    monkeypatch.setattr(progress_artifacts, "move_progress", lambda bar, *state: told.append(state))
    monkeypatch.setattr(progress_artifacts, "FIRST_AFTER_SECONDS", 0.0)
    return told


def test_a_long_step_is_a_bar_that_ends_full_and_is_asked_for_rarely(page, monkeypatch):
    monkeypatch.setattr(progress_artifacts, "EVERY_SECONDS", 60.0)
    step = progress_artifacts.PageListener().step("Encoding: sentences!", 2000, "sentences")
    for _ in range(2000):
        step.advance(1)
    step.close()
    assert page == [
        (pytest.approx(0.05), "encoding-sentences", "Encoding: sentences!: 1 of 2,000 sentences"),
        (100.0, "Encoding: sentences!: 2,000 of 2,000 sentences"),
    ]


def test_a_step_that_does_more_than_it_said_is_full_only_at_its_end(page, monkeypatch):
    monkeypatch.setattr(progress_artifacts, "EVERY_SECONDS", 0.0)
    step = progress_artifacts.PageListener().step("...", 2, "words")
    step.advance(1)
    step.advance(5)
    step.close()
    assert [state[0] for state in page] == [50.0, 99.0, 100.0] and page[0][1] == "step"


def test_short_steps_and_those_of_no_known_length_have_no_bar(page, monkeypatch):
    for total in (None, 0):
        step = progress_artifacts.PageListener().step("reading", total, "documents")
        step.advance(10)
        step.close()
    monkeypatch.setattr(progress_artifacts, "FIRST_AFTER_SECONDS", 60.0)
    step = progress_artifacts.PageListener().step("reading", 10, "documents")
    step.advance(10)
    step.close()
    assert page == []


def test_who_listened_before_listens_again_however_it_ends():
    before = progress.listener()
    with pytest.raises(ValueError, match="broken"), progress_artifacts.progress_on_page():
        assert isinstance(progress.listener(), progress_artifacts.PageListener)
        raise ValueError("broken")
    assert progress.listener() is before
