"""Homes that commands cannot work in: a full disk, one that is read-only, a wrong clock, another command at work."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from crash_checks import differences
from crash_command_line import owner_of

from tasks.disk.home_lock import writer_lock
from tasks.place import Place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # moto's own sockets
]
DAY_SECONDS = 86_400.0


@pytest.fixture
def mounted(tmp_path):
    """A function that mounts something under a folder of its own, and gives that folder."""
    folders = []

    def mount(*options):
        folder = tmp_path / f"mount-{len(folders)}"
        folder.mkdir()
        if subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode:
            pytest.skip("mounting is not permitted here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def answer_of(place):
    """The last answer of a command on this home."""
    lines = place.home.with_suffix(".log").read_text(errors="replace").splitlines()
    return json.loads(next(line for line in reversed(lines) if line.startswith("{")))


def test_a_full_disk_is_said_and_nothing_is_lost_when_there_is_room_again(homes, checker, undisturbed, mounted):
    scenario = homes.scenarios["extend"]
    original = homes.copy(scenario, "file")
    used = int(subprocess.check_output(["du", "-sm", str(original.home)]).split()[0])
    folder = mounted("-t", "tmpfs", "-o", f"size={used + 20}m", "none")
    subprocess.run(["cp", "-r", "--sparse=always", f"{original.home}/.", str(folder)], check=True)
    place = Place.at(folder)
    assert homes.run(place, scenario.arguments, may_fail=True)["status"] == 1
    said = answer_of(place)["message"]
    assert "free some space" in said and "run the same command again" in said
    subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
    homes.run(place, scenario.arguments)
    checker.check(place, 1)
    assert differences(checker.snapshot(place), undisturbed("extend", "file")[1]) == []
    homes.server.ask(home=str(place.home), forget=True)
    homes.discard(original)


def test_a_full_disk_of_the_store_is_named_with_the_way_out(homes, checker, undisturbed, mounted):
    scenario = homes.scenarios["publish"]
    place = homes.copy(scenario, "file")
    used = int(subprocess.check_output(["du", "-sm", str(place.home / "store")]).split()[0])
    folder = mounted("-t", "tmpfs", "-o", f"size={used + 8}m", "none")
    shutil.copytree(place.home / "store", folder / "store")
    small = Place.at(place.home, (folder / "store").as_uri())
    assert homes.run(small, scenario.arguments, may_fail=True)["status"] == 1
    said = answer_of(small)
    assert said["error"] == "StoreError" and "No space left" in said["message"] and "release prune" in said["message"]
    checker.check(small, 2)
    subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
    homes.run(small, scenario.arguments)
    checker.check(small, 2)
    assert differences(checker.snapshot(small), undisturbed("publish", "file")[1]) == []
    homes.discard(place)


def test_a_read_only_home_is_named_and_left_as_it_is(homes, checker, mounted):
    scenario = homes.scenarios["extend"]
    original = homes.copy(scenario, "file")
    folder = mounted("--bind", str(original.home.parent / original.home.name))
    place = Place.at(folder)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    assert homes.run(place, scenario.arguments, may_fail=True, owner=False)["status"] == 1
    said = answer_of(place)
    assert "cannot be written" in said["message"] and "--home" in said["message"]
    assert homes.run(place, ("search", "docs", "pod"), may_fail=True, owner=False)["status"] == 1
    assert "Read-only" in answer_of(place)["message"]
    checker.check(original, 1)
    homes.run(original, scenario.arguments)
    homes.discard(original)


def test_a_clock_that_jumps_between_runs_changes_nothing(homes, checker, undisturbed):
    scenario = homes.scenarios["extend"]
    place = homes.copy(scenario, "file")
    steps = undisturbed("extend", "file")[0].steps
    for days, share in ((400, 0.5), (-400, 0.9)):
        homes.run(place, scenario.arguments, clock_offset_seconds=days * DAY_SECONDS, at_step=int(share * steps))
        checker.check(place, 1)
    homes.run(place, scenario.arguments, clock_offset_seconds=-2 * DAY_SECONDS)
    assert differences(checker.snapshot(place), undisturbed("extend", "file")[1]) == []
    homes.discard(place)


def test_a_second_command_on_a_home_is_told_who_is_at_work_and_searches_go_on(homes, checker):
    scenario = homes.scenarios["extend"]
    place = homes.copy(scenario, "file")
    with writer_lock(place.home, "retrain"):
        assert homes.run(place, scenario.arguments, may_fail=True)["status"] == 1
        said = answer_of(place)
        assert said["error"] == "BusyError" and f"`minicoil retrain` (process {os.getpid()}" in said["message"]
        homes.run(place, ("search", "docs", "pod container"))
        assert answer_of(place)["results"]
        checker.check(place, 1)
    homes.run(place, scenario.arguments)
    homes.discard(place)


def test_an_owner_left_over_from_a_home_that_was_made_anew_is_in_nobodys_way(homes, checker):
    scenario = homes.scenarios["extend"]
    place, backup = homes.copy(scenario, "file"), homes.copy(scenario, "file")
    homes.run(place, ("search", "docs", "pod"))
    orphan = owner_of(place.home)
    gone = place.home.with_name(f"{place.home.name}.gone")
    place.home.rename(gone)
    backup.home.rename(place.home)
    assert is_running(orphan)  # on files that lie elsewhere now
    homes.run(place, scenario.arguments, owner=False)
    with place.points() as points:
        for _ in range(100):  # the orphan leaves meanwhile, and must not take the new owner's socket along
            if not is_running(orphan):
                break
            time.sleep(0.1)
        assert not is_running(orphan) and points.count("docs")
        checker.check(place, 2)  # by new clients
    shutil.rmtree(gone)
    homes.discard(place)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_owner_that_was_stopped_and_killed_is_replaced(homes, checker):
    scenario = homes.scenarios["extend"]
    place = homes.copy(scenario, "file")
    homes.run(place, ("search", "docs", "pod"))
    owner = owner_of(place.home)
    os.kill(owner, signal.SIGSTOP)
    os.kill(owner, signal.SIGKILL)
    homes.run(place, scenario.arguments, owner=False)
    checker.check(place, 1)
    homes.discard(place)
