"""Whatever the hub or the line to it does is one line that says what to do."""

from dataclasses import replace

import pytest

from minicoil.errors import ReleaseError
from tasks.hub.address import HubAddress
from tasks.hub.pulling import find_folder
from tasks.hub.pushing import push_release

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WHERE = HubAddress("acme/terms")


def test_what_is_wrong_is_one_line_that_says_what_to_do(hub, place, monkeypatch, tmp_path):
    push_release(place, WHERE)

    def refused(call, *expected):
        with pytest.raises(ReleaseError) as caught:
            call()
        message = str(caught.value)
        assert "\n" not in message and all(word in message for word in expected), message

    refused(lambda: find_folder(HubAddress("acme/nothing")), "hf:acme/nothing: no such repository", "HF_TOKEN")
    refused(lambda: find_folder(replace(WHERE, revision="9")), "hf:acme/terms@9", "no such revision")
    refused(lambda: push_release(place, WHERE, "9"), "release 9 was not found")
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    refused(lambda: push_release(place, HubAddress("acme/new")), "may write")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    for call in (lambda: push_release(place, WHERE), lambda: find_folder(replace(WHERE, revision="1"))):
        refused(call, "does not take this token", "HF_TOKEN")
    monkeypatch.delenv("HF_TOKEN")
    refused(lambda: push_release(place, WHERE), "asks for one", "HF_TOKEN")
    refused(lambda: find_folder(replace(WHERE, revision="1")), "no such repository, or it is private")


def test_a_hub_that_does_not_answer_is_named_and_what_is_in_the_cache_is_served(hub, place, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    push_release(place, WHERE)
    found = find_folder(replace(WHERE, revision="2"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert find_folder(replace(WHERE, revision="2")) == found
    with pytest.raises(ReleaseError, match=r"http://127.0.0.1:9 does not answer; check the network and HF_ENDPOINT"):
        find_folder(HubAddress("acme/nothing"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="HF_HUB_OFFLINE is set"):
        find_folder(HubAddress("acme/nothing"))
