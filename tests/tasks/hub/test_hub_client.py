"""Whatever the hub or the line to it does is one line that says what to do."""

from dataclasses import replace

import httpx
import pytest
from huggingface_hub import errors

from minicoil.errors import ReleaseError, UsageError
from tasks.hub.address import HubAddress
from tasks.hub.hub_client import telling
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


def http_error(status, said="", kind=errors.HfHubHTTPError):
    request = httpx.Request("GET", "http://hub/x")
    return kind("raw words", response=httpx.Response(status, request=request), server_message=said)


def wrapped(cause):
    error = RuntimeError("upload failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            http_error(401),
            "the hub does not take this token, or asks for one; set HF_TOKEN, or log in with `hf auth login`",
        ),
        (
            http_error(403),
            "your token may not do that there; give one that may write, to an owner that you belong to",
        ),
        (http_error(412), "somebody else pushed meanwhile; run the same command again"),
        (http_error(500), "the hub answered 500; run the same command again"),
        (http_error(429, "slow " * 90), f"the hub answered 429 ({('slow ' * 90)[:200]}); run the same command again"),
        (
            http_error(404, kind=errors.RepositoryNotFoundError),
            "no such repository, or it is private and your token may not see it; check the name, and set HF_TOKEN, or "
            "log in with `hf auth login`",
        ),
        (
            http_error(404, kind=errors.RevisionNotFoundError),
            "the repository has no such revision; give the number of a release that was pushed, a branch or a commit, "
            "or leave @REVISION out for what was pushed last",
        ),
        (
            http_error(403, kind=errors.GatedRepoError),
            "its owner has to let you in first; ask for access on its page",
        ),
        (
            OSError(28, "No space left on device"),
            "[Errno 28] No space left on device; free some disk, or set HF_HOME to a folder that can be written",
        ),
        (ValueError("a card\n  that is none"), "a card that is none"),
        (wrapped(http_error(412)), "somebody else pushed meanwhile; run the same command again"),
        (wrapped(KeyError("x")), "the transfer stopped (upload failed); run the same command again"),
        (RuntimeError("xet"), "the transfer stopped (xet); run the same command again"),
    ],
)
def test_every_error_of_the_client_is_one_line_under_the_address(error, message):
    with pytest.raises(ReleaseError) as caught, telling(WHERE):
        raise error
    assert str(caught.value) == f"hf:acme/terms: {message}" and caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused\nby it"), httpx.ReadTimeout(""), ConnectionError(), TimeoutError("slow")]
)
def test_a_line_that_is_down_names_the_hub_and_what_was_said(error, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://the-hub")
    with pytest.raises(ReleaseError) as caught, telling(WHERE):
        raise error
    said = " ".join(str(error).split())
    assert str(caught.value) == (
        "hf:acme/terms: the hub at http://the-hub does not answer; check the network and HF_ENDPOINT, run it again "
        f"({type(error).__name__}{said and f': {said}'})"
    )


def test_errors_of_ours_and_those_that_nobody_foresaw_go_through_as_they_are():
    for error in (UsageError("ours"), KeyError("nobody's"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, telling(WHERE):
            raise error
        assert caught.value is error
