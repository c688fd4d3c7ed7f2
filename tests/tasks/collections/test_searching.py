"""A collection without plain BM25 vectors, as attached ones are, and a comparison that is asked for."""

import pytest

from minicoil.errors import CollectionError
from tasks.catalogue.registry import update_collection
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.searching import search_collection
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document


def test_the_next_step_is_named(place):
    with place.points() as points:
        request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, 8.0)
        index_documents(place, points, request, iter([document("a", "", "the pods run")]), CorpusReport())
    update_collection(place.objects(), "docs", lambda record: record.model_copy(update={"bm25_vector": None}))
    with pytest.raises(CollectionError, match="without --compare.*`minicoil rebuild docs TARGET`"):
        search_collection(place, "docs", "pods", 3, compare=True)
