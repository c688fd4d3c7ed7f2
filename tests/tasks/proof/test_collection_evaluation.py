"""A collection without plain BM25 vectors, as attached ones are, and an evaluation that is asked for."""

import pytest

from minicoil.errors import CollectionError
from tasks.catalogue.registry import update_collection
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.proof.collection_evaluation import evaluate_on_collection


def test_the_next_step_is_named(place):
    with place.points() as points:
        request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, 8.0)
        index_documents(place, points, request, iter([document("a", "", "the pods run")]), CorpusReport())
    update_collection(place.objects(), "docs", lambda record: record.model_copy(update={"bm25_vector": None}))
    named = "leave --collection out.*`minicoil rebuild docs TARGET`"
    with place.points() as points, pytest.raises(CollectionError, match=named):
        evaluate_on_collection(place, points, None, "docs")
