"""Cores and memory in containers, from trees of control groups as the kernel lays them out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minicoil.encoder import machine

ROOT = Path(__file__).parents[3]
GIB = 2**30


@pytest.fixture(autouse=True)
def large_machine(monkeypatch):
    monkeypatch.setattr(machine, "_affinity", lambda: 64)
    monkeypatch.setattr(machine, "_physical_memory", lambda: 256 * GIB)


def lay(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def version_2(root, group, files, shown="/"):
    lay(root, {"proc/self/cgroup": f"0::{group}\n", **{f"sys/fs/cgroup/{name}": text for name, text in files.items()}})
    lay(root, {"proc/self/mountinfo": f"31 23 0:28 {shown} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"})


def version_1(root, groups, files, shown="/"):
    lines = [f"{i}:{names}:{group}\n" for i, (names, group) in enumerate(groups.items(), 2)]
    mounts = [
        f"3{i} 31 0:3{i} {shown} /sys/fs/cgroup/{names} rw shared:{i} - cgroup cgroup rw,{names}\n"
        for i, names in enumerate(groups)
    ]
    lay(root, {"proc/self/cgroup": "".join(lines), "proc/self/mountinfo": "".join(mounts)})
    lay(root, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def test_a_container_of_version_2_has_its_quota_and_its_limit(tmp_path):
    version_2(tmp_path, "/", {"cpu.max": "200000 100000\n", "memory.max": f"{4 * GIB}\n", "memory.high": "max\n"})
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (2, 4 * GIB)


@pytest.mark.parametrize(
    ("quota", "n"),
    [("150000 100000", 2), ("5000 100000", 1), ("50000 10000", 5), ("max 100000", 64), ("9900000 100000", 64)],
)
def test_parts_of_a_core_count_whole_and_no_quota_is_none(tmp_path, quota, n):
    version_2(tmp_path, "/", {"cpu.max": quota})
    assert machine.cores(tmp_path) == n


def test_of_nested_groups_the_smallest_binds_wherever_it_stands(tmp_path):
    files = {
        "pods/cpu.max": "300000 100000",
        "pods/one/cpu.max": "800000 100000",
        "pods/one/app/cpu.max": "max 100000",
        "pods/memory.max": "max",
        "pods/one/memory.max": str(8 * GIB),
        "pods/one/memory.high": str(6 * GIB),
        "pods/one/app/memory.max": str(16 * GIB),
        "pods/other/cpu.max": "100000 100000",
        "pods/other/memory.max": str(GIB),
    }
    version_2(tmp_path, "/pods/one/app", files)
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (3, 6 * GIB)


def test_version_1_has_a_hierarchy_a_controller_and_says_none_in_its_own_way(tmp_path):
    groups = {"cpu,cpuacct": "/docker/abc", "memory": "/docker/abc", "cpuset": "/docker/abc"}
    files = {
        "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "400000",
        "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/docker/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/docker/cpu.cfs_period_us": "100000",
        "memory/docker/abc/memory.limit_in_bytes": "9223372036854771712",
        "memory/docker/memory.limit_in_bytes": str(3 * GIB),
    }
    version_1(tmp_path, groups, files)
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (4, 3 * GIB)
    lay(tmp_path, {"sys/fs/cgroup/cpuset/docker/abc/cpuset.cpus": "0-1,8\n"})
    assert machine.cores(tmp_path) == 3


def test_a_container_that_sees_only_its_own_part_of_the_hosts_groups(tmp_path):
    groups = {"cpu": "/docker/abc", "memory": "/docker/abc/worker"}
    files = {
        "cpu/cpu.cfs_quota_us": "200000",
        "cpu/cpu.cfs_period_us": "100000",
        "memory/worker/memory.limit_in_bytes": str(2 * GIB),
    }
    version_1(tmp_path, groups, files, shown="/docker/abc")
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (2, 2 * GIB)


def test_a_group_outside_of_what_is_shown_is_bound_by_what_is_shown(tmp_path):
    version_2(tmp_path, "/../../elsewhere", {"cpu.max": "100000 100000", "memory.max": str(GIB)})
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (1, GIB)


def test_a_mixed_system_takes_the_smaller_of_both_versions(tmp_path):
    version_1(tmp_path, {"memory": "/job"}, {"memory/job/memory.limit_in_bytes": str(5 * GIB)})
    with (tmp_path / "proc/self/cgroup").open("a") as file:
        file.write("0::/job\n")
    with (tmp_path / "proc/self/mountinfo").open("a") as file:
        file.write("41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw\n")
    lay(tmp_path, {"sys/fs/cgroup/uni fied/job/cpu.max": "700000 100000"})
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (7, 5 * GIB)


@pytest.mark.parametrize(
    ("quota", "limit"),
    [("", ""), ("\n", "\n"), ("much", "x1"), ("-5 100000", "-1"), ("100000 0", "0"), ("0 100000", "1.5"), ("٣ ٤", "٣")],
)
def test_files_that_say_nothing_usable_bind_nothing(tmp_path, quota, limit):
    version_2(tmp_path, "/", {"cpu.max": quota, "memory.max": limit})
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (64, 256 * GIB)


@pytest.mark.parametrize("cgroup", ["", "nonsense", "0::", "0::relative", "::::"])
def test_a_system_without_groups_has_what_the_machine_has(tmp_path, cgroup):
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (64, 256 * GIB)
    lay(tmp_path, {"proc/self/cgroup": cgroup, "proc/self/mountinfo": "31 23\n- - -\n31 23 0:28 / /x rw - cgroup2\n"})
    (tmp_path / "sys/fs/cgroup/cpu.max").mkdir(parents=True)  # a folder where a file should be
    assert (machine.cores(tmp_path), machine.memory(tmp_path)) == (64, 256 * GIB)


def test_processes_are_as_many_as_fit_and_never_none(tmp_path):
    version_2(tmp_path, "/", {"cpu.max": "1600000 100000", "memory.max": str(4 * GIB)})
    assert machine.processes(GIB, tmp_path) == 3  # and one for this process
    assert machine.processes(GIB // 16, tmp_path) == 16
    assert machine.processes(100 * GIB, tmp_path) == 1


_SHOW = """
import os, sys
from pathlib import Path
import numpy as np
from minicoil.encoder import machine
machine._affinity = lambda: 64
if "torch" in sys.argv:
    import torch
machine.keep_to_cores(Path(sys.argv[1]))
import torch
from threadpoolctl import threadpool_info
blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(torch.get_num_threads(), max(blas), *map(os.environ.get, ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")))
"""


@pytest.mark.parametrize("when", ["torch", "later"])
def test_pools_of_libraries_keep_to_the_quota_loaded_or_not(tmp_path, when):
    version_2(tmp_path, "/", {"cpu.max": "100000 100000"})
    ours = {name: value for name, value in os.environ.items() if name not in machine.POOLS}

    def shown(**more):
        command = [sys.executable, "-c", _SHOW, str(tmp_path), when]
        done = subprocess.run(command, cwd=ROOT, env={**ours, **more}, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert shown() == ["1", "1", "1", "1", "1"]
    assert shown(OMP_NUM_THREADS="3")[2:] == ["1", "3", "None"]  # somebody chose it


def test_without_a_quota_nothing_is_touched(tmp_path, monkeypatch):
    for name in machine.POOLS:
        monkeypatch.delenv(name, raising=False)
    machine.keep_to_cores(tmp_path)
    assert not set(machine.POOLS) & set(os.environ)


def test_nobody_else_counts_cores_or_memory():
    asks = re.compile(
        r"cpu_count|sched_getaffinity|get_num_threads|set_num_threads|virtual_memory|SC_PHYS_PAGES|SC_NPROCESSORS"
    )
    rooms = ("minicoil", "tasks", "flows", "deployments")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if path.name != "machine.py"
        for line in path.read_text().splitlines()
        if asks.search(line)
    ]
    assert not found


def test_every_session_and_pool_is_told_how_many_threads():
    """ONNX Runtime, FastEmbed and executors start a thread a core of the host unless they are told."""
    told = re.compile(
        r"(InferenceSession|SparseTextEmbedding|ProcessPoolExecutor|ThreadPoolExecutor)\(([^()]|\([^()]*\))*\)"
    )
    bare = []
    for room in ("minicoil", "tasks", "flows", "deployments"):
        for path in (ROOT / room).rglob("*.py"):
            for match in told.finditer(path.read_text()):
                kind, call = match.group(1), match.group(0)
                needs = {"InferenceSession": "options", "SparseTextEmbedding": "threads="}.get(kind)
                is_text = path.name == "model_card.py"  # shown to people who run it elsewhere
                if not is_text and (call.endswith("()") or (needs is not None and needs not in call)):
                    bare.append(f"{path.name}: {call}")
    assert not bare


@pytest.mark.parametrize(
    ("siblings", "n"), [(("0", "1"), 2), (("0-1", "0-1"), 1), (("0,64", "1,65"), 2), (("", ""), 2)]
)
def test_threads_of_one_core_count_once(tmp_path, monkeypatch, siblings, n):
    monkeypatch.setattr(machine, "_affinity", lambda: 2)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    lay(
        tmp_path,
        {
            f"sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list": f"{listed}\n"
            for number, listed in enumerate(siblings)
            if listed
        },
    )
    assert machine.physical_cores(tmp_path) == n
