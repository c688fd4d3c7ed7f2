"""A channel and collections on it, over releases that are published already: for tests of what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.place import Place
from tasks.points import PointStore
from tasks.readers.confirmation import declare_readers


def serve(place: Place, release: int) -> None:
    """Let the channel serve a release, whatever its collections carry."""
    state = read_channel(place.objects(), "production")
    set_pending(place.objects(), "production", release, state.current)
    move_current(place.objects(), "production", release)


def index(
    place: Place, points: PointStore, texts: Sequence[str], name: str = "docs", known: bool = True
) -> dict[str, Any]:
    """A collection of texts, and what indexing answered; without `known`, readers of a server may say nothing."""
    request = IndexRequest(name, "production", "minilm", 4, 1.2, 0.75, None)
    documents = [document(f"d{i}", "", text) for i, text in enumerate(texts)]
    answer = index_documents(place, points, request, iter(documents), CorpusReport())
    declare_readers(place, "production", known=known)
    return answer
