"""The product's life once, on real text and in embedded mode: what `make run` shows.

Two releases are made by the same commands that a person would type, each printed before it runs: a first one from the
documentation of scientific packages, a second one when documentation of another domain arrives. What a step found is
kept beside the home's other state, so that a second run goes on behind it.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deployments.own_commands import run_command, say
from flows.rendering import show_seen_word
from minicoil import __version__
from tasks.catalogue import read_channel, release_numbers
from tasks.place import Place
from tasks.trial import LOOKED, FirstLook, look_at_senses

FIRST = "pydocs:numpy,sklearn,networkx"
SECOND = "pydocs:prefect,torch.nn"
_SHOWN = 3  # words of the last screen
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        title: What it does.
        arguments: Behind `minicoil`.
        found: Its answer as a sentence.
        why: Why that matters.
    """

    title: str
    arguments: tuple[str, ...]
    found: Callable[[Answer], str]
    why: str

    @property
    def key(self) -> str:
        """What it is kept under: another version, or other arguments, are another step."""
        return f"{__version__} {shlex.join(self.arguments)}"


def _indexed(answer: Answer) -> str:
    return f"{answer['n_points']:,} pieces of text can be searched, {answer['n_written']:,} of them new"


def _extended(answer: Answer) -> str:
    if answer["release"] is None:
        return str(answer.get("message") or "nothing new")
    rows = [row for row in answer["words"] if row["verdict"] in ("accepted", "improved")]
    taught = [next(iter(row.get("forms") or ()), row["word"]) for row in rows]  # as it is written, and not its stem
    rewritten = sum(row["n_rewritten"] for row in answer["collections"])
    served = (
        f"{rewritten:,} pieces rewritten" if answer["promoted"] else "a gate holds it back, searches stay as they are"
    )
    return f"release {answer['release']}: {len(taught):,} words taught ({', '.join(taught[:6])}, ...); {served}"


# seeded samples and a quick judgement keep it to minutes on two cores; without these options all is read and judged
_QUICK = ("--max-sentences", "120", "--judge-at-most", "300")
STEPS = (
    Step(
        "Documentation of scientific packages becomes searchable",
        ("index", "docs", "--corpus", FIRST, "--sample", "1500"),
        _indexed,
        "this is BM25: it counts words, needs no training, and does not know what a word means",
    ),
    Step(
        "The frequent words of that text are taught",
        ("extend", "--common", "120", "--corpus", FIRST, "--sample", "3000", *_QUICK),
        _extended,
        "each word got four numbers for each place where it stands: alike where it means the same",
    ),
    Step(
        "Documentation of another domain arrives",
        ("index", "docs", "--corpus", SECOND, "--sample", "750"),
        _indexed,
        "new text is searchable at once, and some of its words mean something else there",
    ),
    Step(
        "The words it uses its own way are found and taught, and nothing else is touched",
        ("extend", "--mine", "30", "--corpus", SECOND, "--sample", "2500", *_QUICK),
        _extended,
        "a model keeps up with its text word by word, while searches go on and old vectors stay valid",
    ),
)


def main() -> None:
    """Run the steps that were not run yet; stop at the first that fails; end with a comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".minicoil")
    parser.add_argument("--base", help="as `make base` packs it: what the home starts from")
    given, started = parser.parse_args(), time.monotonic()
    home, steps = Path(given.home), STEPS if given.base is None else based_steps(given.base)
    kept = home / "tour.json"
    done: dict[str, Any] = _read(kept)
    for number, step in enumerate(steps, 1):
        say(f"\n{number} of {len(steps)}: {step.title}\n  $ minicoil {shlex.join(step.arguments)}")
        before = done.get(step.key)
        if before is None:
            before = done[step.key] = _run(step, home)
            kept.write_text(json.dumps(done, indent=1), encoding="utf-8")
            took = f"{before['seconds']:.0f} s"
        else:
            took = "done before"
        say(f"  found: {before['found']} ({took})\n  why it matters: {step.why}")
    _compare(Place.at(home))
    # the largest of all children: the engine's owner process is one of them
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    say(f"\n{time.monotonic() - started:.0f} s in all; peak memory of one process {peak:.2f} GiB")
    say(f'Next: minicoil try ./your-texts; minicoil search docs "your own words" --compare --home {home}')


def based_steps(base: str) -> tuple[Step, ...]:
    """The same steps in a home that starts from a base: its words are there, and only what they lack is taught."""
    return tuple(replace(step, arguments=(*step.arguments, "--base", base)) for step in STEPS)


def _read(kept: Path) -> dict[str, Any]:
    try:
        found = json.loads(kept.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _run(step: Step, home: Path) -> dict[str, Any]:
    """What a step found, and its seconds; ends the program where it failed."""
    started = time.monotonic()
    status, answer = run_command(step.arguments, str(home))
    if status and not answer.get("refused"):  # a release that a gate holds back is something found
        say(f"\nstopped: this step ended with status {status}; run `make run` again, it goes on from there")
        sys.exit(status)
    return {"found": step.found(answer), "seconds": time.monotonic() - started}


def _compare(place: Place) -> None:
    """The last screen, for somebody who knows nothing of retrieval."""
    say(
        "\nOne word, several meanings. Somebody types a few words of a sentence; a search should bring other\n"
        "sentences in which the word means the same. BM25 compares letters, miniCOIL letters and meaning:"
    )
    current = read_channel(place.objects(), "production").current
    look = FirstLook() if current is None else look_at_senses(place, current)
    for word in look.row()["words"][:_SHOWN]:
        show_seen_word(word)
    if current is None:
        say(_unserved(place))
    elif not look.n_asked:
        say("\nNo taught word has several meanings in enough sentences here, so both rankings would be alike.")
    else:
        say(
            f"\nOver all {look.n_asked:,} such searches, of every taught word with several meanings here: of the first "
            f"{LOOKED} results\n{look.of_bm25 / look.n_looked:.0%} have the right meaning with BM25, "
            f"{look.of_minicoil / look.n_looked:.0%} with miniCOIL. Shown were the words that gained most."
        )


def _unserved(place: Place) -> str:
    """Why there are no two rankings to show: the first release waits for a person, or there is none."""
    made = release_numbers(place.objects())
    if not made:
        return "\nNo release was made, so both rankings are BM25's; `minicoil doctor` looks for what is missing."
    number, at = made[-1], f"--home {shlex.quote(str(place.home))}"
    return (
        f"\nA gate holds release {number} back, so nothing is served yet and searches are BM25's:\n"
        f"`minicoil release show {number} {at}` says why,\n"
        f"`minicoil release promote {number} {at}` serves it all the same."
    )


if __name__ == "__main__":
    main()
