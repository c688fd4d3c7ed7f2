"""How many cores and how much memory this process may use, which containers and job schedulers make less than there is.

Libraries count what the machine has: torch and OpenBLAS start a thread a core of the host, which the quota of a
container then stops for most of every tenth of a second.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
# read by OpenMP and BLAS (torch among others) when they are loaded, and by the tokenizers' pool when it is first used
ARITHMETIC_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
POOLS = (*ARITHMETIC_POOLS, "RAYON_NUM_THREADS")
_NO_LIMIT = 2**60  # version 1 says "none" by the largest multiple of a page
_UNKNOWN_MEMORY = 4 * 2**30  # where the system does not say: a small machine
_CPUSET_FILES = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
_MEMORY_FILES = ("memory.max", "memory.high", "memory.limit_in_bytes")


@dataclass(frozen=True)
class _Mount:
    """A mounted hierarchy of control groups: what of it is shown, where, and which controllers it has."""

    shown: PurePosixPath
    folder: Path
    controllers: frozenset[str]


def cores(root: Path = ROOT) -> int:
    """Cores this process may keep busy, at least 1: its affinity, and the smallest quota of its control groups.

    A quota of one and a half cores counts as two: the half would lie idle otherwise.

    Args:
        root: Folder that holds `proc` and `sys`.

    Source: cgroup v2 `cpu.max` ("QUOTA PERIOD" or "max PERIOD"), v1 `cpu.cfs_quota_us` (-1: none) and
        `cpu.cfs_period_us`; `cpuset.cpus.effective` for systems whose affinity does not follow it; Linux,
        Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    allowed = float(_affinity())
    for folder in _groups(root, "cpuset"):
        if n := next((n for name in _CPUSET_FILES if (n := _count_listed(_words(folder / name)))), 0):
            allowed = min(allowed, n)
    for folder in _groups(root, "cpu"):
        quota, period = (_words(folder / "cpu.max") + ["", ""])[:2]
        if not quota:
            quota = (_words(folder / "cpu.cfs_quota_us") or [""])[0]
            period = (_words(folder / "cpu.cfs_period_us") or [""])[0]
        share, whole = _number(quota), _number(period)
        if share is not None and whole is not None:
            allowed = min(allowed, share / whole)
    return max(math.ceil(allowed), 1)


def physical_cores(root: Path = ROOT) -> int:
    """Cores among those of `cores`, where two hardware threads of one core count once.

    Source: Linux, Documentation/ABI/stable/sysfs-devices-system-cpu: `topology/thread_siblings_list`. A virtual
        machine may not know what it is given: then each thread says that it is alone.
    """
    threads = cores(root)
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    folder = root / "sys/devices/system/cpu"
    siblings = {tuple(_words(folder / f"cpu{number}/topology/thread_siblings_list")) or number for number in allowed}
    return min(threads, len(siblings))


def memory(root: Path = ROOT) -> int:
    """Bytes this process may hold: the machine's memory, and the smallest limit of its control groups.

    What others hold of it is not subtracted: it changes while one looks.

    Args:
        root: Folder that holds `proc` and `sys`.

    Source: cgroup v2 `memory.max`, `memory.high` (beyond which a group is slowed down until it hardly moves); v1
        `memory.limit_in_bytes`.
    """
    limits = [_physical_memory()]
    for folder in _groups(root, "memory"):
        found = (_number((_words(folder / name) or [""])[0]) for name in _MEMORY_FILES)
        limits += [limit for limit in found if limit is not None and limit < _NO_LIMIT]
    return min(limits)


def processes(bytes_each: int, root: Path = ROOT) -> int:
    """Processes of so many bytes that fit beside this one: one a core at most, at least one."""
    return max(min(cores(root), memory(root) // bytes_each - 1), 1)


def keep_to_cores(root: Path = ROOT) -> None:
    """Bound the thread pools of libraries in this process and in those it starts, where they would count too many.

    Nothing is done where no quota binds, and a number that the environment names stays: somebody chose it.
    """
    n = cores(root)
    if n >= _affinity():
        return
    os.environ.setdefault("RAYON_NUM_THREADS", str(n))
    if any(name in os.environ for name in ARITHMETIC_POOLS):  # torch asks several of them: one that is named decides
        return
    os.environ.update(dict.fromkeys(ARITHMETIC_POOLS, str(n)))
    from threadpoolctl import threadpool_info, threadpool_limits

    if any(pool["num_threads"] > n for pool in threadpool_info()):  # those that were loaded before they were told
        threadpool_limits(n)
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() > n:
        torch.set_num_threads(n)


def _affinity() -> int:
    """Cores that the system schedules this process on; a cpuset is among what it counts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _physical_memory() -> int:
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return _UNKNOWN_MEMORY
    return found if found > 0 else _UNKNOWN_MEMORY


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the process's group and of its ancestors, as far up as they are shown here, in both versions."""
    mounts = list(_mounts(root))
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if not path.startswith("/"):
            continue
        is_ours: Callable[[_Mount], bool]
        if number == "0" and not names:
            is_ours = _is_unified
        elif controller in names.split(","):
            is_ours = _has(controller)
        else:
            continue
        for mount in filter(is_ours, mounts):
            yield from _ancestors(mount, PurePosixPath(path))


def _is_unified(mount: _Mount) -> bool:
    return not mount.controllers


def _has(controller: str) -> Callable[[_Mount], bool]:
    return lambda mount: controller in mount.controllers


def _ancestors(mount: _Mount, path: PurePosixPath) -> Iterator[Path]:
    """From a group up to what is mounted.

    Inside a container the path may be the host's while only the container's own part is mounted, or lie outside what
    is shown ("/../.."): then the mounted folder is the group.
    """
    shown = mount.shown.parts
    inside = path.parts[len(shown) :] if path.parts[: len(shown)] == shown else path.parts[1:]
    if ".." in inside:
        inside = ()
    for length in range(len(inside), -1, -1):
        yield mount.folder.joinpath(*inside[:length])


def _mounts(root: Path) -> Iterator[_Mount]:
    """Hierarchies of control groups in `/proc/self/mountinfo`; without controllers it is version 2."""
    for line in _lines(root / "proc/self/mountinfo"):
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5 or len(kind) < 3:
            continue
        shown, place = PurePosixPath(_unescape(fields[3])), _unescape(fields[4])
        folder = root / place.lstrip("/")
        if kind[0] == "cgroup2":
            yield _Mount(shown, folder, frozenset())
        elif kind[0] == "cgroup":
            yield _Mount(shown, folder, frozenset(kind[2].split(",")))


def _unescape(path: str) -> str:
    """A path of mountinfo, where spaces and the like are written as octal numbers."""
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        path = path.replace(code, character)
    return path


def _lines(path: Path) -> list[str]:
    """Lines of a file of the system; none where it is missing, closed to us, or not there on this system."""
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return (_lines(path) or [""])[0].split()


def _count_listed(words: list[str]) -> int:
    """Cores of a list such as "0-3,8"; 0 where it is none."""
    n = 0
    for part in (words or [""])[0].split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            return 0
        n += max(int(last or first) - int(first) + 1, 0)
    return n


def _number(word: str) -> int | None:
    """A limit above 0; None for "max", -1, and whatever else is none."""
    return int(word) if word.isascii() and word.isdigit() and int(word) > 0 else None
