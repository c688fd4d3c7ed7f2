"""What was begun comes first, and what was asked for waits where that cannot end tonight."""

from types import SimpleNamespace

import pytest

from flows.forms.parameters import ExtendParameters, RemoveParameters
from flows.stages import job
from flows.stages.steps import Clock
from minicoil.errors import PausedError
from tasks.shards.shard_files import ShardModel


@pytest.fixture
def asked(tmp_path):
    """A removal in a home of its own, which re-encodes without training."""
    return RemoveParameters(home=str(tmp_path), words=["pod"], points_budget=10)


def test_a_promotion_that_pauses_holds_back_what_was_asked_for(asked, monkeypatch):
    rows = [{"n_rewritten": 1000}, {"n_rewritten": 234}]
    seen = []

    def finish(place, channel, options):
        seen.append((channel, options.allowance))
        return {"paused": "10 points were allowed", "collections": rows}

    monkeypatch.setattr(job, "finish_step", finish)
    with pytest.raises(PausedError) as caught:
        job.finish_first(asked.place(), asked)
    assert str(caught.value) == (
        "the promotion under way on channel 'production' comes first, and it pauses: 10 points were allowed, 1,234 points "
        "were written; the next run goes on, and this one's words wait until it has ended"
    )
    assert caught.value.facts == {"collections": rows}
    assert seen == [("production", asked.allowance)]  # of the whole run: what is spent here is spent


@pytest.mark.parametrize("finished", [None, {"paused": None, "collections": []}])
def test_nothing_under_way_and_what_has_ended_hold_nothing_back(asked, monkeypatch, finished):
    monkeypatch.setattr(job, "finish_step", lambda *_: finished)
    assert job.finish_first(asked.place(), asked) is None


def made(parameters, release=None, language="en"):
    parent = SimpleNamespace(release=release)
    plan = SimpleNamespace(language=language, role_model="minilm")
    return job.Job(parameters, None, None, parent, None, [], plan, Clock())


def test_a_first_release_is_remembered_with_the_language_it_took_from_its_collections():
    parameters = ExtendParameters(corpus=["x"])
    assert made(parameters, None, "de").asked.language == "de"
    assert made(parameters, None, "en").asked is parameters
    assert made(parameters, 3, "de").asked is parameters  # its parent says which


def test_shards_are_encoded_with_what_the_job_has():
    parameters = ExtendParameters(corpus=["x"], channel="staging", encoder="acme", dims=8)
    assert made(parameters, 3, "de").shard_model == ShardModel("staging", 3, "acme", "minilm", 8, "de")


def read(monkeypatch, parameters):
    """What is read for them: SPECs and sample."""
    seen = []

    def note(specs, sample):
        seen.append((list(specs), sample))
        return SimpleNamespace(taught_by=lambda other: seen.append("taught"))

    opened = made(parameters)
    monkeypatch.setattr(opened, "_read", note)
    opened.read()
    assert "read" in opened.clock.seconds
    return seen


def test_the_corpus_is_sampled_and_what_also_teaches_is_read_whole(monkeypatch):
    assert read(monkeypatch, ExtendParameters(corpus=["x"], sample=5)) == [(["x"], 5)]
    assert read(monkeypatch, ExtendParameters(corpus=["x"], also=["y"], sample=5)) == [
        (["x"], 5),
        (["y"], None),
        "taught",
    ]
