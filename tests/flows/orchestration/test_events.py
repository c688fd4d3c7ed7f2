"""Events tell automations what the publisher left for them to do, and are sent where somebody can hear them."""

import pytest

from flows.orchestration import events
from tasks.place import Place


@pytest.fixture
def heard(monkeypatch):
    """Name, resource and payload of every event of a run that a server keeps."""
    sent = []
    monkeypatch.setattr(events, "under_prefect", lambda: True)
    monkeypatch.setattr("prefect.events.emit_event", lambda *event, payload: sent.append((*event, payload)))
    return sent


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ({"promoted": True, "behind": ["docs"]}, "done"),
        ({"promoted": False, "paused": "the budget is spent", "behind": ["docs"]}, "paused"),
        ({"promoted": False, "behind": ["docs"]}, "due"),
        ({"promoted": False, "pending": True}, "due"),
        ({"promoted": False, "behind": [], "refused": True}, "none"),
        ({}, "none"),
    ],
)
def test_what_is_left_of_re_encoding(outcome, state):
    assert events.reencoding_state(outcome) == state


def test_a_release_is_announced_with_its_channel_and_store(heard, tmp_path):
    place = Place.at(tmp_path)
    events.announce_release(place, "staging", 7, {"promoted": True})
    ((name, resource, payload),) = heard
    assert name == events.MODEL_PUBLISHED and payload == {"release": 7, "channel": "staging"}
    assert resource == {
        "prefect.resource.id": "minicoil.release.7",
        "prefect.resource.name": "release 7",
        "minicoil.channel": "staging",
        "minicoil.store": place.store_url,
        "minicoil.reencoding": "done",
    }


@pytest.mark.parametrize(("gate", "reasons"), [({"reasons": ["nDCG@10 fell"]}, ["nDCG@10 fell"]), (None, [])])
def test_a_refusal_is_announced_beside_it_with_the_reasons(heard, tmp_path, gate, reasons):
    events.announce_release(Place.at(tmp_path), "production", 7, {"refused": True, "gate": gate})
    assert [name for name, _, _ in heard] == [events.MODEL_PUBLISHED, events.GATE_FAILED]
    assert heard[1][2] == {"release": 7, "channel": "production", "reasons": reasons}


def test_nobody_hears_a_run_that_no_server_keeps(tmp_path, monkeypatch):
    monkeypatch.setattr("prefect.events.emit_event", lambda *_, **__: 1 / 0)
    events.announce_release(Place.at(tmp_path), "production", 7, {"refused": True})
