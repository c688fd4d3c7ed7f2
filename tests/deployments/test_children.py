"""Children end with the service, however it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from deployments.children import Child, _marked, end_leftovers

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(300)"]


STARTER = f"import subprocess, time; subprocess.Popen({SLEEPER!r}, start_new_session=True); time.sleep(300)"


def environment(home):
    return {**os.environ, "MINICOIL_HOME": str(home)}


def test_stopping_ends_the_whole_group(tmp_path):
    parent = textwrap.dedent("""
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        print("up", flush=True)
        time.sleep(300)
    """)
    child = Child("worker", [sys.executable, "-c", parent], environment(tmp_path), tmp_path / "log")
    child.start()
    wait_for(lambda: len(_marked(tmp_path)) == 2 and "up" in child.last_words())
    child.stop()
    wait_for(lambda: not _marked(tmp_path))
    assert child.has_ended()


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_a_child_ends_when_the_service_is_killed_and_a_run_of_its_own_session_is_found_again(tmp_path):
    service = textwrap.dedent(f"""
        import os, sys, time
        from pathlib import Path
        from deployments.children import Child
        environment = {{**os.environ, "MINICOIL_HOME": {str(tmp_path)!r}}}
        run = {STARTER!r}
        Child("worker", [sys.executable, "-c", run], environment, Path({str(tmp_path)!r}) / "log").start()
        time.sleep(300)
    """)
    process = subprocess.Popen([sys.executable, "-c", service])
    wait_for(lambda: len(_marked(tmp_path)) == 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: len(_marked(tmp_path)) == 1)  # the worker has gone; its run had a session of its own
    assert len(end_leftovers(tmp_path)) == 1
    wait_for(lambda: not _marked(tmp_path))


def test_other_homes_are_left_alone(tmp_path):
    child = Child("worker", SLEEPER, environment(tmp_path / "mine"), tmp_path / "log")
    child.start()
    wait_for(lambda: _marked(tmp_path / "mine"))
    assert end_leftovers(tmp_path / "other") == []
    assert not child.has_ended()
    child.stop()


def wait_for(condition, seconds=20.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "never happened"
        time.sleep(0.05)
