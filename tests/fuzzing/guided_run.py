"""Fuzz parsers guided by what of their code has run: `python tests/fuzzing/guided_run.py --seconds 60 [--target NAME ...]`.

Needs atheris, which has wheels for Linux on x86-64. Where `long_run.py` changes valid inputs blindly, libFuzzer keeps every input
that reached a line of `minicoil`, `tasks` or `flows` that none before it had reached, and goes on from there; half of its
changes are ours. Each target runs in a process of its own. Prints a line a target, writes each finding's input below
--out, and ends with 1 where there is one.
"""

import argparse
import logging
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import atheris  # noqa: E402  # after the path is set

SLOW_SECONDS = 5
MAX_BYTES = 1 << 16


def fuzz_here(name: str, seconds: int, seed: int, scratch: Path, out: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    with atheris.instrument_imports(include=["minicoil", "tasks", "flows"]):
        from targets import make_targets
    from mutation import mutate

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    target, work, corpus = make_targets(scratch)[name], scratch / "work", scratch / "corpus"
    work.mkdir(), corpus.mkdir()
    for number, example in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(example)
    seen = set()

    def run_one(data: bytes) -> None:
        try:
            target.run(data, work)
        except target.documented:
            return
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{type(error).__name__} at {place.name}:{place.lineno}: {str(error)[:100]}"
            if (type(error), place.filename, place.lineno) not in seen:
                seen.add((type(error), place.filename, place.lineno))
                keep(out, name, data)
                print(f"FINDING {line}", flush=True)

    def change(data: bytes, max_size: int, number: int) -> bytes:
        if number % 2:
            return atheris.Mutate(data, max_size)
        return mutate(data, random.Random(number), target.seeds)[:max_size]

    limits = [f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={SLOW_SECONDS}", f"-max_len={MAX_BYTES}"]
    where = [f"-artifact_prefix={scratch}/", "-rss_limit_mb=4096", str(corpus)]
    atheris.Setup([sys.argv[0], *limits, *where], run_one, custom_mutator=change)
    atheris.Fuzz()


def keep(out: Path, name: str, data: bytes) -> Path:
    """Write a finding's input."""
    out.mkdir(parents=True, exist_ok=True)
    number = len(list(out.glob(f"{name.replace(' ', '-')}-*.bin")))
    path = out / f"{name.replace(' ', '-').replace(',', '')}-{number}.bin"
    path.write_bytes(data)
    return path


def run_target(name: str, seconds: int, seed: int, out: Path) -> tuple[int, list[str]]:
    """Executions and findings of one target."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None  # thousands of small files a second
    with tempfile.TemporaryDirectory(dir=base) as scratch:
        command = [sys.executable, __file__, "--child", name, "--seconds", str(seconds), "--seed", str(seed)]
        command += ["--scratch", scratch, "--out", str(out)]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
        printed = ended.stdout + ended.stderr
        findings = re.findall(r"^FINDING (.*)$", printed, re.MULTILINE)
        if ended.returncode:  # a crash, a hang or too much memory: libFuzzer kept the input
            last = printed.strip().splitlines()[-1:] or [""]
            paths = [str(keep(out, name, path.read_bytes())) for path in Path(scratch).glob("*-*") if path.is_file()]
            findings.append(f"the process ended with {ended.returncode}: {last[0][:200]} {' '.join(paths)}")
        done = re.search(r"Done (\d+) runs", printed)
        return int(done.group(1)) if done else 0, findings


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", help="only these")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        fuzz_here(asked.child, asked.seconds, asked.seed, asked.scratch, asked.out)
        return 0
    from targets import make_targets

    with tempfile.TemporaryDirectory() as folder:
        names = asked.target or list(make_targets(Path(folder)))
    n_run = n_found = 0
    for name in names:
        started = time.monotonic()
        executions, findings = run_target(name, asked.seconds, asked.seed, asked.out)
        n_run, n_found = n_run + executions, n_found + len(findings)
        print(
            f"{name:26} {executions:9,} executions {time.monotonic() - started:8.1f} s {len(findings):3} findings",
            flush=True,
        )
        for line in findings:
            print(f"    {line}", flush=True)
    print(f"{n_run:,} executions, {n_found} findings, seed {asked.seed}")
    return int(n_found > 0)


if __name__ == "__main__":
    sys.exit(main())
