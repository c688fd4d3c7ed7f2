"""What an expansion would do, before it does it: which points, which words, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicoil.encoder import TIMING, encoding_for
from minicoil.errors import StoreError
from minicoil.files import parse_json
from minicoil.sparse import MiniCoil
from tasks.catalogue import CollectionRecord
from tasks.collections import Finder, Found, make_vectors
from tasks.place import Place
from tasks.points import PointStore
from tasks.progress import progress
from tasks.rewriting.expansion_costs import Figures, expansion_costs
from tasks.rewriting.reencoding import CollectionChange, ExpansionOptions, counted, make_room, open_finder
from tasks.store import ObjectStore

_TIMED = 64  # texts of a dry run that are encoded, to say what all would cost
_LEAST_WRITTEN = 200  # points of a run whose report says how long a point takes; fewer say little


@dataclass(frozen=True)
class _Sample:
    """A few affected texts encoded: seconds a text, wall and CPU; cells a text now, and with both releases."""

    n_texts: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cells_before: float = 0.0
    cells_both: float = 0.0


def plan_expansion(
    place: Place, points: PointStore, record: CollectionRecord, target: int, options: ExpansionOptions | None = None
) -> CollectionChange:
    """What expanding a collection for release `target` would do: counts, examples per word, costs. Writes nothing."""
    if target in record.readable:
        return CollectionChange(record.name, points.count(record.name))
    started, cpu_started, found = time.monotonic(), time.process_time(), Found()
    finder, model = open_finder(place, points, make_room(place, points, record)[0], target, None)
    sample: list[str] = []
    with progress(f"looking at {record.name}", None, "points looked at") as advance:
        for affected, n in finder.affected(found, target):
            sample += [text for _, text in affected[: _TIMED - len(sample)]]
            advance(n)
    finding, cpu_finding = time.monotonic() - started, time.process_time() - cpu_started
    words = tuple(finder.describe())
    seconds = round(time.monotonic() - started, 2)
    timed = _encode_sample(finder, model, sample)
    earlier = _seconds_of_a_past_run(place.objects(), record.name)
    source = f"encoding {timed.n_texts} affected texts; writing is not in it, as no report of this collection says it"
    figures = Figures(
        round(timed.cpu_seconds, 6),
        round(timed.seconds if earlier is None else earlier[0], 6),
        timed.n_texts,
        source if earlier is None else earlier[1],
        round(finding, 2),
        round(cpu_finding, 2),
        round(timed.cells_both - timed.cells_before, 2),
        round(timed.cells_before, 2),
    )
    options = options or ExpansionOptions()
    costs = expansion_costs(found.n_affected, figures, options.points_per_second, options.allowance.points)
    change = CollectionChange(
        record.name,
        points.count(record.name),
        words=words,
        seconds=seconds,
        seconds_expected=round(timed.seconds * found.n_affected, 3),
        costs=costs.row(),
    )
    return counted(change, found)


def time_a_text(model: MiniCoil, texts: Sequence[str]) -> float:
    """Seconds of wall time one of the texts takes to encode, 0 where there are none."""
    if not texts:
        return 0.0
    with encoding_for(TIMING):
        list(model.embed(texts[:4]))  # the first pass also pays for loading and warming up
        started = time.monotonic()
        list(model.embed(texts))
    return (time.monotonic() - started) / len(texts)


def _encode_sample(finder: Finder, model: MiniCoil, texts: Sequence[str]) -> _Sample:
    if not texts:
        return _Sample()
    with encoding_for(TIMING):
        list(model.embed(texts[:4]))  # the first pass also pays for loading and warming up
        started, cpu_started = time.monotonic(), time.process_time()
        both = make_vectors(model, [finder.old], texts)
        seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
    old_vectors = [old for old, *_ in model.embed_each(texts, [finder.old])]
    n = len(texts)
    return _Sample(
        n,
        seconds / n,
        cpu_seconds / n,
        float(np.mean([len(vector.indices) for vector in old_vectors])),
        float(np.mean([len(vector.indices) for vector in both])),
    )


def _seconds_of_a_past_run(store: ObjectStore, name: str) -> tuple[float, str] | None:
    """Seconds a point that the newest report of an expansion of this collection says, and its key."""
    keys = sorted((entry.key for entry in store.list(f"reports/reencode/{name}/")), reverse=True)
    for key in keys[:20]:
        try:
            document = parse_json(store.read(key))
            change = document["change"]
            if document["step"] != "expand" or change["name"] != name or change["n_rewritten"] < _LEAST_WRITTEN:
                continue
            seconds = float(change["seconds"]) - float(change["seconds_finding"])
        except (StoreError, ValueError, KeyError, TypeError):  # a report is for people; damage of one says nothing here
            continue
        return max(seconds, 0.0) / int(change["n_rewritten"]), key
    return None
