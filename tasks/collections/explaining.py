"""Why a point stands where it stands: its score word by word, as the engine made it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from minicoil.errors import CollectionError
from minicoil.retrieval import TermScore, explain, kept_share, movers
from minicoil.sparse import MiniCoil, SparseVector, Term, frequency_vector
from tasks.catalogue import CollectionRecord
from tasks.collections.engine_idf import EngineIdf
from tasks.collections.texts import PointTextError, TextSource
from tasks.points import Point, PointFilter, PointId, PointStore


@dataclass(frozen=True)
class Reading:
    """How the texts of points are read, and the words of texts.

    Attributes:
        texts: Of the collection.
        model: That it is read with.
    """

    texts: TextSource
    model: MiniCoil

    def frequencies(self, point: Point, record: CollectionRecord) -> SparseVector | None:
        """BM25's term frequencies of a point; None where its text is gone."""
        try:
            tokens = self.model.tokenizer.words(self.texts.read(point))
        except PointTextError:
            return None
        return frequency_vector(tokens, self.model.vocabulary, record.bm25)


def explain_points(
    points: PointStore,
    record: CollectionRecord,
    terms: Sequence[Term],
    ids: Sequence[PointId],
    reading: Reading | None = None,
) -> dict[PointId, list[TermScore]]:
    """Point -> its score word by word; points that are gone are left out.

    Args:
        points: The engine.
        record: Of the collection.
        terms: The query's words.
        ids: Of the points.
        reading: How texts are read, which tells importance from term frequency; None leaves them one number.
    """
    reading = reading if record.importance else None
    rows = points.get(record.name, list(dict.fromkeys(ids)), reading.texts.fields if reading else False, vectors=True)
    found = {point.id: v for point in rows if isinstance(v := point.vectors.get(record.vector), SparseVector)}
    frequencies = {point.id: reading.frequencies(point, record) for point in rows} if reading else {}
    idf = EngineIdf(points, record.name, record.vector, list(found.values()), list(found))
    return {name: explain(terms, vector, idf, frequencies.get(name)) for name, vector in found.items()}


def explain_one(
    points: PointStore,
    record: CollectionRecord,
    terms: Sequence[Term],
    query: SparseVector,
    name: str,
    reading: Reading | None = None,
) -> dict[str, Any]:
    """One point's explanation, with the engine's own score beside the sum.

    Raises:
        CollectionError: there is no such point.
    """
    wanted = _point_id(name)
    found = {} if wanted is None else explain_points(points, record, terms, [wanted], reading)
    if wanted is None or wanted not in found:
        raise CollectionError(
            f"point '{name}' is not in collection '{record.name}'; `minicoil search ... --json` shows ids"
        )
    hits = points.search(record.name, record.vector, query, 1, PointFilter(ids=[wanted]))
    rows = found[wanted]
    return {
        "id": wanted,
        "score": hits[0].score if hits else 0.0,
        "sum": sum(row.score for row in rows),
        "words": [asdict(row) for row in rows],
    }


def _point_id(name: str) -> PointId | None:
    """An integer or a UUID, None for what can be neither."""
    if name.isdecimal():
        return int(name)
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return None


def add_movers(
    results: Sequence[dict[str, Any]], plain: Sequence[dict[str, Any]], found: Mapping[PointId, Sequence[TermScore]]
) -> None:
    """Give every row of both rankings its place in the other one, and the words and meanings that moved it."""
    usual = kept_share(list(found.values()))
    for rows, others, key in ((results, plain, "bm25_rank"), (plain, results, "minicoil_rank")):
        places = {row["id"]: place for place, row in enumerate(others, 1)}
        for row in rows:
            row[key] = places.get(row["id"])
            row["moved_by"] = [
                {"word": entry.word, "meaning": round(entry.meaning or 0.0, 3), "lift": round(lift, 4)}
                for entry, lift in movers(found.get(row["id"], ()), usual)
                if entry.is_known
            ]
