"""A collection held against its release: nothing due, and a sample of points compared cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minicoil.sparse import SparseVector
from tasks.catalogue import STAMP_FIELD, CollectionRecord
from tasks.collections import PointTextError, open_texts
from tasks.embeddings import remembering_scan
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import Point, PointFilter, PointId, PointStore
from tasks.rewriting.sweeping import sweep_collection

SAMPLE = 128
_TOLERANCE = 1e-3  # encoders sum in another order from batch to batch; a wrong layer is off by a hundred times that
_SHOWN = 5


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        n_due: Points whose vectors are not those of the collection's release.
        n_sampled: Points encoded again and compared, half of them among the last written.
        n_different: Those with a cell too few, too many, or of another value.
        n_without_text: Of the sample, those that cannot be encoded again.
        examples: A few differences.
        n_late: Points that others wrote while the collection was being held against its release: the next sweep's.
        texts: Of those that are different, by id; not part of a report.
    """

    name: str
    release: int
    n_due: int
    n_sampled: int
    n_different: int
    n_without_text: int
    examples: tuple[str, ...] = ()
    n_late: int = 0
    texts: Mapping[PointId, str] = field(default_factory=dict, repr=False)

    @property
    def is_sound(self) -> bool:
        """Nothing due, nothing different."""
        return self.n_due == 0 and self.n_different == 0

    def row(self) -> dict[str, Any]:
        """For reports."""
        facts = asdict(self)
        del facts["texts"]
        return {**facts, "is_sound": self.is_sound}


def verify_collection(
    place: Place, points: PointStore, record: CollectionRecord, n_sample: int = SAMPLE
) -> Verification:
    """Hold a collection against the release that its record names, and those readable beside it."""
    n_due = sweep_collection(place, points, record, dry_run=True).n_affected
    fields = [*(texts := open_texts(record, place.cache)).fields, STAMP_FIELD]
    halves = (PointFilter(equal={STAMP_FIELD: record.release}), PointFilter())
    drawn = {
        point.id: point
        for where in halves
        for point in points.sample(record.name, where, n_sample // 2, fields, vectors=True)
    }
    rows, n_without_text = [], 0
    for point in drawn.values():
        try:
            rows.append((point, texts.read(point)))
        except PointTextError:
            n_without_text += 1
    problems = _problems(place, record, rows)
    examples = tuple(_say(problems)[:_SHOWN])
    different = {point.id: text for point, text in rows if point.id in problems}
    name, release = record.name, record.release
    return Verification(name, release, n_due, len(rows), len(problems), n_without_text, examples, texts=different)


def settle_collection(
    place: Place, points: PointStore, record: CollectionRecord, n_sweeps: int = 5
) -> tuple[int, Verification]:
    """Sweep a collection and hold it against its release, until nothing is wrong or only others keep it changing.

    A point that somebody writes after a sweep has no cells yet, and a collection with steady writers always has a few
    such. They are late, not wrong: wrong is what a sweep leaves as it was although its text is still the same.

    Returns:
        Points that were rewritten, and what was found in the end.
    """
    n_rewritten, read_all = 0, True
    for _ in range(n_sweeps):  # each takes what came since the one before
        late = sweep_collection(place, points, record, read_all=read_all)
        n_rewritten += late.n_rewritten
        found = verify_collection(place, points, record)
        if found.is_sound and not late.n_rewritten:
            return n_rewritten, found
        read_all = found.n_different > 0
    if found.is_sound:
        return n_rewritten, found
    late = sweep_collection(place, points, record, read_all=True)
    n_left = late.n_affected - late.n_without_text - late.n_rewritten
    wrong = _still_wrong(place, points, record, found.texts)
    if n_left <= 0 and not wrong:
        n_late = found.n_due + found.n_different
        found = replace(found, n_due=0, n_different=0, examples=(), n_late=n_late, texts={})
    return n_rewritten + late.n_rewritten, found


def _still_wrong(
    place: Place, points: PointStore, record: CollectionRecord, texts: Mapping[PointId, str]
) -> dict[PointId, str]:
    """What is wrong with those of the points that have the same text as before."""
    source, rows = open_texts(record, place.cache), list[tuple[Point, str]]()
    for point in points.get(record.name, list(texts), source.fields, vectors=True):
        try:
            text = source.read(point)
        except PointTextError:
            continue
        if text == texts[point.id]:
            rows.append((point, text))
    return _problems(place, record, rows)


def compare_points(place: Place, record: CollectionRecord, rows: Sequence[tuple[Point, str]]) -> list[str]:
    """What is wrong with each point that is not as its text and the record's releases say."""
    return _say(_problems(place, record, rows))


def _say(problems: Mapping[PointId, str]) -> list[str]:
    return [f"point {point}: {problem}" for point, problem in problems.items()]


def _problems(place: Place, record: CollectionRecord, rows: Sequence[tuple[Point, str]]) -> dict[PointId, str]:
    if not rows:
        return {}
    models = CollectionModels.of(place, record)
    model = remembering_scan(models.model(max(record.readable)), place.cache)
    vocabularies = [models.vocabulary(release) for release in record.readable]
    problems = {}
    for (point, _), expected in zip(rows, model.embed_each([text for _, text in rows], vocabularies), strict=True):
        problem = _difference(point.vectors.get(record.vector), expected)
        if problem:
            problems[point.id] = problem
    return problems


def _difference(stored: object, expected: Sequence[SparseVector]) -> str:
    """Why a stored vector is not right; "" where it is: all cells of all expected and no others, the first's values."""
    if not isinstance(stored, SparseVector):
        return "has no such vector" if any(len(vector.indices) for vector in expected) else ""  # of stopwords alone
    found, once = stored.as_dict(), stored.once()
    first, right = {*expected[0].indices.tolist()}, dict[int, list[float]]()
    for place, vector in enumerate(expected):
        cells = vector.indices.tolist()
        if missing := set(cells) - found.keys():
            return f"cell {min(missing)} is missing"
        for cell, value in zip(cells, vector.values.tolist(), strict=True):
            if place == 0 or cell not in first:  # a symbol-joined token may give a cell another value elsewhere
                right.setdefault(cell, []).append(value)
    if extra := found.keys() - right.keys():
        return f"cell {min(extra)} belongs to no release"
    largest = max((abs(value) for values in right.values() for value in values), default=0.0)
    for cell, held in once.items():  # an older version stored a cell twice where two words hash to it; those count not
        if min(abs(held - value) for value in right[cell]) > _TOLERANCE * max(1.0, largest):
            return f"cell {cell} holds {held:.4f}, {right[cell][0]:.4f} expected"
    return ""
