"""S3 over a network that loses answers, repeats requests and breaks off in the middle: no effect twice, none lost."""

import hashlib
import itertools
import time

import pytest
from fault_proxy import RandomFaults

from minicoil.errors import ConflictError, StoreUnavailableError
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.releases import publish_release, release_numbers, verify_release
from tasks.settings import Settings
from tasks.store.opening import open_store
from tasks.store.s3_store import MULTIPART_BYTES, S3Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


@pytest.fixture
def store(fault_proxy, make_bucket) -> S3Store:
    settings = Settings(s3_endpoint_url=fault_proxy.address, s3_access_key_id="key", s3_secret_access_key="secret")
    store = open_store(f"s3://{make_bucket(fault_proxy.address)}/models", settings)
    assert store.is_conditional  # asked before anything goes wrong
    return store


@pytest.fixture
def waits(monkeypatch):
    found = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


class Once:
    """A fault of the first request of its method."""

    def __init__(self, method, fault, n_times=1, part=""):
        self.method, self.fault, self.n_left, self.part = method, fault, n_times, part

    def __call__(self, method, path):
        if method == self.method and self.part in path and self.n_left:
            self.n_left -= 1
            return self.fault
        return None


@pytest.mark.parametrize("fault", ["reset", "twice"])
def test_a_conditional_write_whose_answer_was_lost_does_not_conflict_with_itself(store, fault_proxy, fault):
    fault_proxy.fault = Once("PUT", fault)
    tag = store.write("channels/c.json", b"one", if_absent=True)
    fault_proxy.fault = Once("PUT", fault)
    assert store.write("channels/c.json", b"two", if_tag=tag)
    assert fault_proxy.injected[fault] == 2 and store.read("channels/c.json") == b"two"


@pytest.mark.parametrize("fault", ["reset", "twice", None])
def test_somebody_elses_write_is_a_conflict_whatever_the_network_does(store, fault_proxy, fault):
    tag = store.write("channels/c.json", b"one")
    store.write("channels/c.json", b"theirs")
    fault_proxy.fault = Once("PUT", fault)
    with pytest.raises(ConflictError):
        store.write("channels/c.json", b"ours", if_tag=tag)
    with pytest.raises(ConflictError):
        store.write("channels/c.json", b"ours", if_absent=True)
    assert store.read("channels/c.json") == b"theirs"


@pytest.mark.parametrize("fault", ["reset", "twice"])
def test_a_channel_moves_once_when_the_answer_to_its_move_is_lost(store, fault_proxy, tmp_path, fault):
    (tmp_path / "words.json").write_text("[1]")
    turn = itertools.count()
    fault_proxy.fault = lambda method, path: (
        fault if method == "PUT" and (fault == "twice" or next(turn) % 2 == 0) else None
    )
    release = publish_release(store, tmp_path, None, {}).release
    set_pending(store, "c", release, None)
    move_current(store, "c", release)
    assert fault_proxy.injected[fault] >= 4  # the claim, a file, the manifest, the channel
    state = read_channel(store, "c")
    assert [row.action for row in state.history] == ["expand", "switch"] and state.current == release
    assert release_numbers(store) == [release] and verify_release(store, release) == []


def test_a_body_that_breaks_off_is_read_again(store, fault_proxy, waits):
    data = bytes(range(256)) * 2000
    store.write("big", data)
    fault_proxy.fault = Once("GET", "cut", n_times=2)
    assert store.read("big") == data
    assert len(waits) == 2 and 0 < waits[0] <= 0.2 and waits[0] != 0.2  # jitter: never the whole wait
    fault_proxy.fault = Once("GET", "cut", n_times=1)
    assert store.digest("big") == hashlib.sha256(data).hexdigest()


def test_a_body_that_always_breaks_off_is_one_clear_error_after_four_tries(store, fault_proxy, waits):
    store.write("big", bytes(10_000))
    fault_proxy.seen.clear()
    fault_proxy.fault = lambda method, path: "cut" if method == "GET" else None
    with pytest.raises(StoreUnavailableError, match="s3://.*/models/big"):
        store.read("big")
    assert len(fault_proxy.seen) == 4 and len(waits) == 3


@pytest.mark.parametrize("fault", ["reset", "twice"])
def test_an_upload_in_parts_that_was_completed_without_an_answer_is_there(store, fault_proxy, tmp_path, fault):
    path = tmp_path / "large"
    path.write_bytes(b"x" * (MULTIPART_BYTES + 1))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    fault_proxy.fault = lambda method, target: fault if method == "POST" and "uploadId=" in target else None
    started = time.monotonic()
    if fault == "reset":  # every answer: no number of tries can tell
        fault_proxy.fault = Once("POST", fault, part="uploadId=")
    assert store.upload("large", path, digest) == MULTIPART_BYTES + 1
    assert fault_proxy.injected[fault] == 1 and store.digest("large") == digest
    assert time.monotonic() - started < 60


def test_whatever_the_network_does_what_is_published_is_whole(store, fault_proxy, tmp_path):
    fault_proxy.fault = RandomFaults(seed=1, share=0.3)
    for number in range(1, 6):
        (tmp_path / "words.json").write_text(f"[{number}]")
        (tmp_path / "model.bin").write_bytes(bytes([number]) * 100_000)
        for _ in range(10):
            try:
                release = publish_release(store, tmp_path, None, {"number": number}).release
                break
            except StoreUnavailableError as error:
                assert str(error).startswith(store.url)
    fault_proxy.fault = lambda method, path: None
    assert release_numbers(store)[-1] == release and len(release_numbers(store)) == 5
    assert all(verify_release(store, entry) == [] for entry in release_numbers(store))
    assert fault_proxy.injected.total() > 10


def test_a_listing_without_etags_is_a_listing(store):
    """As of stores that follow the protocol loosely."""

    def forget(parsed, **_):
        for entry in parsed.get("Contents", ()):
            del entry["ETag"]

    store.write("channels/c.json", b"one")
    store._client.meta.events.register("after-call.s3.ListObjectsV2", forget)
    assert [(info.key, info.size_bytes) for info in store.list("channels/")] == [("channels/c.json", 3)]
