"""Fuzz every parser for long: `python tests/fuzzing/long_run.py --executions 1000000 --seed 1 [--target NAME ...]`.

Each target runs in a process of its own, which may die: the input it was at is kept. Prints a line a target with its
executions, seconds and findings, writes each finding's input below --out, and ends with 1 where there is one.
"""

import argparse
import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from mutation import mutate  # noqa: E402  # after the path is set
from targets import Target, make_targets  # noqa: E402

SLOW_SECONDS = 5.0  # of one input: reported as a finding, a file must not hold a service up


def fuzz(target: Target, folder: Path, executions: int, seed: int, current: Path | None = None) -> dict[str, bytes]:
    """What came out beside documented errors: a line of description -> the first input that did it."""
    rng, findings = random.Random(seed), dict[str, bytes]()
    pool = list(target.seeds)
    for number in range(executions):
        data = pool[number] if number < len(target.seeds) else mutate(rng.choice(pool), rng, target.seeds)
        if current is not None:
            current.write_bytes(data)
        started = time.monotonic()
        try:
            target.run(data, folder)
            if len(pool) < 200 and rng.random() < 0.02:
                pool.append(data)  # changed, and still accepted: a place to go on from
        except target.documented:
            pass
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            findings.setdefault(f"{type(error).__name__} at {place.name}:{place.lineno}: {str(error)[:100]}", data)
            if len(findings) > 200:
                return findings
        if time.monotonic() - started > SLOW_SECONDS:
            findings.setdefault(f"slower than {SLOW_SECONDS} s", data)
    return findings


def _in_child(name: str, executions: int, seed: int, scratch: Path) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    folder = scratch / "work"
    folder.mkdir(parents=True)
    target = make_targets(scratch)[name]
    dies = name.startswith("ONNX") or name in ("tokenizer", "corpus parquet")  # parsers written in C++ and Rust
    found = fuzz(target, folder, executions, seed, scratch / "current" if dies else None)
    rows = {line: data.hex() for line, data in found.items()}
    (scratch / "findings.json").write_text(json.dumps(rows))


def run_target(name: str, executions: int, seed: int) -> tuple[float, dict[str, bytes]]:
    """Seconds and findings of one target, in a process of its own."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # thousands of small files a second
    with tempfile.TemporaryDirectory(dir=base) as scratch:
        child = multiprocessing.get_context("spawn").Process(
            target=_in_child, args=(name, executions, seed, Path(scratch))
        )
        started = time.monotonic()
        child.start()
        child.join()
        seconds = time.monotonic() - started
        result, current = Path(scratch, "findings.json"), Path(scratch, "current")
        if result.exists():
            return seconds, {line: bytes.fromhex(data) for line, data in json.loads(result.read_text()).items()}
        last = current.read_bytes() if current.exists() else b""
        return seconds, {f"the process ended with {child.exitcode}": last}


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1_000_000, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", help="only these")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        targets = make_targets(Path(folder))
    names = asked.target or list(targets)
    total = sum(targets[name].share for name in names)
    n_run = n_found = 0
    for name in names:
        executions = max(int(asked.executions * targets[name].share / total), 1)
        seconds, findings = run_target(name, executions, asked.seed)
        n_run, n_found = n_run + executions, n_found + len(findings)
        print(f"{name:26} {executions:9,} executions {seconds:8.1f} s {len(findings):3} findings", flush=True)
        for number, (line, data) in enumerate(findings.items()):
            asked.out.mkdir(parents=True, exist_ok=True)
            path = asked.out / f"{name.replace(' ', '-').replace(',', '')}-{number}.bin"
            path.write_bytes(data)
            print(f"    {line}  ({path})", flush=True)
    print(f"{n_run:,} executions, {n_found} findings, seed {asked.seed}")
    return int(n_found > 0)


if __name__ == "__main__":
    sys.exit(main())
