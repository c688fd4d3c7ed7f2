"""kill -9 at random moments of publish and promote, on a local folder and on S3 over HTTP."""

import logging
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tasks.channels import read_channel
from tasks.place import Place
from tasks.pruning import prune_releases
from tasks.releases import read_manifest, release_numbers, verify_release

SEED = int(os.environ.get("MINICOIL_SEED", "5"))
N_KILLS = {"local": 50, "s3": 25}
SIZE_BYTES = 12 * 2**20  # of the file that grows: more than two of the parts that are copied inside S3

# publishes FOLDER on top of what the channel serves and promotes it; says when it begins, so that imports are not killed
COMMAND = """
import sys
from pathlib import Path
from tasks.channels import read_channel
from tasks.place import Place
from tasks.promotion import finish_pending, promote
from tasks.releases import publish_release
place = Place.at(sys.argv[1], sys.argv[2])
store = place.objects()
print("begins", flush=True)
finish_pending(place, "production")
parent = read_channel(store, "production").current
published = publish_release(store, Path(sys.argv[3]), parent, {"folder": sys.argv[4]})
promote(place, "production", published.release, (), parent)
"""


@pytest.fixture(params=["local", "s3"])
def where(request, tmp_path, monkeypatch):
    if request.param == "local":
        return request.param, Place.at(tmp_path / "home")
    address = request.getfixturevalue("s3_address")
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", address)
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    return request.param, Place.at(tmp_path / "home", f"s3://{request.getfixturevalue('make_bucket')(address)}/models")


def grow(folder, number):
    """The folder of release `number`: one file that stays, one that grew, one that is new."""
    folder.mkdir(exist_ok=True)
    (folder / "constant").write_bytes(random.Random(0).randbytes(2**20))
    with (folder / "grows").open("ab") as file:
        file.write(random.Random(number).randbytes(SIZE_BYTES if number == 1 else 2**20))
    (folder / "changes").write_text(f"release {number}")


def start(place, folder, number):
    command = [sys.executable, "-c", COMMAND, str(place.home), place.store_url, str(folder), str(number)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None and running.stdout.readline() == b"begins\n"
    return running


def check_nothing_is_broken(place, at_least):
    """The channel names a complete release, never an older one than before, and every release is what was published."""
    store = place.objects()
    current = read_channel(store, "production").current
    numbers = release_numbers(store)
    assert current is None or current in numbers
    assert (current or 0) >= at_least
    assert all(verify_release(store, number) == [] for number in numbers)
    return current or 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
def test_publish_and_promote_survive_kill_nine_at_random_moments(where, tmp_path):
    kind, place = where
    rng = random.Random(SEED)
    folder = tmp_path / "folder"
    grow(folder, 1)
    first = start(place, folder, 1)
    started = time.monotonic()
    assert first.wait() == 0
    whole = time.monotonic() - started
    current = check_nothing_is_broken(place, 1)
    logging.getLogger(__name__).warning("seed %s: %s kills within %.2f s each", SEED, N_KILLS[kind], whole)
    n_killed, number = 0, 2
    while n_killed < N_KILLS[kind]:
        grow(folder, number)
        n_before = n_killed
        for _ in range(3):
            running = start(place, folder, number)
            time.sleep(rng.uniform(0, whole))
            if running.poll() is None:
                n_killed += 1
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            current = check_nothing_is_broken(place, current)
        assert start(place, folder, number).wait() == 0
        current = check_nothing_is_broken(place, current)
        assert read_manifest(place.objects(), current).facts == {"folder": str(number)}
        if n_killed == n_before:  # the machine was faster than when it was measured
            whole *= 0.7
        number += 1
        state = read_channel(place.objects(), "production")
        assert (state.pending, state.phase) == (None, "switched")
        prune_releases(place.objects(), keep_last=2)
    assert release_numbers(place.objects())[-1] == current
