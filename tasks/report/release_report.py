"""The report of a release, gathered and written into its folder before it is published."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from minicoil.errors import MiniCoilError
from minicoil.files import BundleLayout
from minicoil.sparse import MiniCoil
from minicoil.text import read_language
from minicoil.words import FrontierRow, WordRecord
from tasks.catalogue import REPORT, CollectionRecord
from tasks.collections import Carriers
from tasks.embeddings import remembering
from tasks.models import Parent
from tasks.place import Place
from tasks.points import PointStore
from tasks.progress import progress
from tasks.proof import Proof
from tasks.report.release_page import ReleaseStory, render_page
from tasks.report.word_view import WordView, view_sentences
from tasks.sentences import SentenceStore
from tasks.training import WordResult

logger = logging.getLogger(__name__)
_SENTENCES = 60  # marks of one map


@dataclass(frozen=True)
class ReportRequest:
    """What a report covers.

    Attributes:
        place: Has the releases that collections carry.
        collections: Whose points will be re-encoded.
        with_text: False leaves every sentence and query of the corpus out.
        maps: Most words with a map; 18 are encoded in a few seconds, and make a page of about half a megabyte.
        frontier: Of the words that the release was chosen from; empty where nothing was to choose.
    """

    place: Place
    collections: Sequence[CollectionRecord]
    role_model: str
    with_text: bool = True
    maps: int = 18
    frontier: Sequence[FrontierRow] = ()


def write_report(
    points: PointStore,
    parent: Parent,
    folder: Path,
    results: Sequence[WordResult],
    proof: Proof,
    request: ReportRequest,
) -> Path:
    """Write `report.html` into a release's folder: one file, no network, the same bytes for the same release."""
    trained = [result.record for result in results if result.weights is not None]
    story = ReleaseStory(
        title=folder.name.replace("-", " "),
        grown_from="an empty vocabulary" if parent.release is None else f"release {parent.release}",
        words=sorted((result.record for result in results), key=lambda record: record.word),
        views=_views(points, folder, trained, proof, request),
        proof=proof,
        affected=_affected(Carriers(request.place, points, request.collections), trained),
        with_text=request.with_text,
        frontier=request.frontier,
    )
    path = folder / REPORT
    path.write_text(render_page(story), encoding="utf-8")
    return path


def _views(
    points: PointStore, folder: Path, trained: Sequence[WordRecord], proof: Proof, request: ReportRequest
) -> list[WordView]:
    """Maps of the words that moved retrieval most, then of those with most sentences."""
    language = read_language(BundleLayout(folder).facts)
    store = SentenceStore.find(points, request.role_model, language.code)
    if store is None:
        return []
    moved: dict[str, float] = {}
    for entry in proof.evaluated:
        for row in entry.result.words:
            moved[row.word] = moved.get(row.word, 0.0) + abs(row.total)
    chosen = sorted(trained, key=lambda r: (-moved.get(r.word, 0.0), -r.n_sentences, r.word))[: request.maps]
    model, views = remembering(MiniCoil.load(folder), request.place.cache), list[WordView]()
    with progress("drawing sense maps", len(chosen), "words") as advance:
        for record in chosen:
            try:
                views.append(view_sentences(model, store, record, _SENTENCES))
            except MiniCoilError as error:  # a picture less; the word's row says what it was trained on
                logger.warning("no map of '%s': %s", record.word, error)
            advance(1)
    return views


def _affected(carriers: Carriers, trained: Sequence[WordRecord]) -> list[tuple[str, int, int]]:
    """Name, points, and points with a new or retrained word, of each collection."""
    forms = {record.word: record.forms for record in trained}
    return [(r.name, carriers.points.count(r.name), carriers.count(r, forms)) for r in carriers.records]
