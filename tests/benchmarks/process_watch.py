"""A command and the most memory that it and every process it started ever held (Linux)."""

import os
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 0.1
# Whose a process is, by its command line; anything else is the command's own.
PARTS = {"tasks.points.owner": "engine", "prefect.server": "prefect"}


@dataclass
class Watched:
    """How a command ended.

    Attributes:
        peak_mib: By part: the sum of the peaks (VmHWM) of its processes. Files that a process maps count as its own.
        own_mib: The same without files: what cannot be dropped and read again (RssAnon, looked at ten times a second).
    """

    output: str
    seconds: float
    peak_mib: dict[str, float] = field(default_factory=dict)
    own_mib: dict[str, float] = field(default_factory=dict)

    @property
    def total_mib(self) -> float:
        """What all parts would hold if their peaks fell together."""
        return round(sum(self.peak_mib.values()), 1)


def run_watched(command, environment, log) -> Watched:
    """Run a command to its end.

    Raises:
        AssertionError: it failed.
    """
    started, peaks = time.monotonic(), {}
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True)
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, over))
    watcher.start()
    output = process.communicate()[0]
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    assert process.returncode == 0, log.read_text(errors="replace")[-3000:] + output[-1000:]
    parts, own = {}, {}
    for part, most, without_files in peaks.values():
        parts[part] = round(parts.get(part, 0.0) + most, 1)
        own[part] = round(own.get(part, 0.0) + without_files, 1)
    return Watched(output, round(seconds, 2), parts, own)


def _watch(root, peaks, over):
    """Take note of every process of the tree until the command has ended; one that outlives its parent stays known."""
    tree = {root}
    while not over.wait(LOOK_SECONDS):
        tree |= _descendants(tree)
        for pid in tree:
            with suppress(OSError, StopIteration):
                own = _mib(pid, "RssAnon")
                peaks[pid] = (_part(pid), _mib(pid, "VmHWM"), max(own, peaks[pid][2] if pid in peaks else 0.0))


def _descendants(tree):
    found = set(tree)
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    for pid in sorted(parents):
        if parents[pid] in found:
            found.add(pid)
    return found


def _part(pid):
    line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return next((part for words, part in PARTS.items() if words in line), "command")


def _mib(pid, name):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def make_environment(folder, **more):
    """This one, on one thread, with the repository importable and Prefect's own state below `folder`."""
    here = Path(__file__).parent
    paths = (here.parents[1], here.parent / "helpers", here)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MINICOIL_STORE"))}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(map(str, paths)), "TMPDIR": str(folder), **more}
