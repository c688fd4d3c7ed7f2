"""Many small extensions in one process, on one home: `python -m soak_child HOME ENCODER N`, a JSON line after each."""

import ctypes
import gc
import json
import os
import random
import sys
import time
from pathlib import Path

import crash_server  # before torch: it sets the number of threads
from crash_homes import FRAMES, SENSES

NOUNS = """
apple anchor basket candle carpet castle coffee cotton desert dragon engine feather forest garden guitar hammer harbor
island jacket jungle kettle ladder lemon marble market meadow mirror museum needle ocean orchard palace pepper pillow planet
pocket prison rabbit ribbon rocket saddle school shadow silver spider temple ticket tunnel valley violin wagon window winter
zebra
"""


def write_corpus(path: Path, noun: str, seed: int) -> None:
    """Sixty sentences with one noun in two senses."""
    rng = random.Random(seed)
    contexts = [sense.split() for word in SENSES.values() for sense in word]
    senses = rng.sample(contexts, 2)
    sentences = (rng.choice(FRAMES).format(*rng.sample(rng.choice(senses), 5), word=noun) for _ in range(90))
    path.write_text("\n".join(json.dumps({"_id": f"{noun}{i}", "text": text}) for i, text in enumerate(sentences)))


def run(home: Path, *arguments: str) -> None:
    """One command; the process goes on."""
    from flows.cli import main

    try:
        main(args=[*arguments, "--home", str(home), "--json"], prog_name="minicoil", standalone_mode=False)
    except SystemExit as end:
        if end.code:
            sys.stdout.flush()
            raise RuntimeError(f"minicoil {' '.join(arguments)} ended with {end.code}") from end


def measure(home: Path) -> dict[str, float]:
    """What this process and the home take now; the engine's files by the blocks they really fill."""
    from tasks.place import Place

    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the allocator merely keeps is no growth
    disk = {}
    for name in ("engine", "store", "work", "cache", "prefect"):
        files = (path.stat() for path in (home / name).rglob("*") if path.is_file())
        disk[f"{name}_mb"] = round(sum(512 * entry.st_blocks for entry in files) / 2**20, 2)
    with Place.at(home).points() as points:  # the owner stays as long as it has a client
        counts = {name: points.count(name) for name in points.names()}
        owner = int((home / "engine" / "owner.lock").read_text())
        return {**measure_processes(owner), "n_points": counts.pop("docs"), "n_sentences": sum(counts.values()), **disk}


def measure_processes(owner: int) -> dict[str, float]:
    """Open files, threads and resident memory of this process and of the engine's owner."""
    rss = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") for pid in ("self", owner)
    ]
    return {
        "open_files": len(os.listdir("/proc/self/fd")),
        "owner_open_files": len(os.listdir(f"/proc/{owner}/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "rss_mb": round(rss[0] / 2**20, 1),
        "owner_rss_mb": round(rss[1] / 2**20, 1),
    }


def main() -> None:
    """Extend as often as asked, then prune."""
    home, encoder, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    crash_server.import_everything()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    home.mkdir(parents=True)
    for number, noun in enumerate(NOUNS.split()[:n]):
        corpus = home.with_name(f"{noun}.jsonl")
        write_corpus(corpus, noun, number)
        started = time.monotonic()
        run(home, "index", "docs", "--corpus", str(corpus), "--encoder", encoder)
        model = ("--encoder", encoder, "--role-model", encoder, "--no-evaluate")
        run(home, "extend", noun, "--corpus", str(corpus), *model)
        seconds = round(time.monotonic() - started, 2)
        print(json.dumps({"extension": number + 1, "seconds": seconds, **measure(home)}), file=answers, flush=True)
    run(home, "reencode", "--contract")
    run(home, "release", "prune", "--keep", "1")
    print(json.dumps({"extension": "pruned", **measure(home)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
