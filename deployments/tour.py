"""The product's life once, on real text and in embedded mode: what `make run` shows.

Two releases are made by the same commands that a person would type, each printed before it runs: a first one from the
documentation of scientific packages, a second one when documentation of another domain arrives.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

FIRST = "pydocs:numpy,scipy,pandas,sklearn,sympy,networkx"
SECOND = "pydocs:torch,prefect"
# seeded samples keep the tour to minutes on two cores; leave --sample out to read everything
STEPS: tuple[tuple[str, Sequence[str]], ...] = (
    (
        "Index documentation of scientific packages: plain BM25 so far",
        ("index", "docs", "--corpus", FIRST, "--sample", "3000"),
    ),
    (
        "A first release: train the common words of that text",
        ("extend", "--common", "1300", "--corpus", FIRST, "--sample", "8000", "--max-sentences", "400"),
    ),
    ("Documentation of another domain arrives", ("index", "docs", "--corpus", SECOND, "--sample", "1500")),
    (
        "Mine the words it uses its own way, train only those, re-encode only what changes",
        ("extend", "--mine", "200", "--corpus", SECOND, "--sample", "5000", "--max-sentences", "400"),
    ),
    ("The releases", ("release", "list")),
    (
        "One word, two contexts: workers",
        ("search", "docs", "pool of workers that run a flow", "--compare", "--limit", "5"),
    ),
    (
        "One word, two contexts: images",
        ("search", "docs", "pool over a window of an image", "--compare", "--limit", "5"),
    ),
)


def main() -> None:
    """Run the steps; stop at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".minicoil")
    home = Path(parser.parse_args().home)
    seconds: dict[str, float] = {}
    for title, arguments in STEPS:
        say(f"\n== {title}\n$ minicoil {shlex.join(arguments)}")
        started = time.monotonic()
        command = [sys.executable, "-m", "flows.cli", *arguments, "--home", str(home)]
        status = subprocess.run(command, check=False).returncode
        if status:
            say(f"\nstopped: this step ended with status {status}; run `make run` again, it goes on from there")
            sys.exit(status)
        seconds[title] = time.monotonic() - started
    say("\n== Seconds by step")
    for title, value in seconds.items():
        say(f"{value:7.1f}  {title}")
    # the largest of all children: the engine's owner process is one of them
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    say(f"{sum(seconds.values()):7.1f}  in all; peak memory of one process {peak:.2f} GiB")
    (home / "tour.json").write_text(json.dumps({"seconds": seconds, "peak_gib": peak}, indent=1))
    say(f'\nNext: minicoil search docs "your own words" --compare --home {home}; minicoil --help')


def say(text: str) -> None:
    """Print at once, in order with what the commands print."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
