"""A corpus becomes a collection, grows with it, and loses what left the whole of it alone."""

import json

import pytest

from flows.forms.parameters import IndexParameters
from flows.index_collection import index_collection
from minicoil.errors import CorpusError, UsageError
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture
def index(tmp_path, tiny_encoder):
    """A function that indexes these texts, by id."""

    def run(texts, **values):
        corpus = tmp_path / "docs.jsonl"
        corpus.write_text("".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in texts.items()))
        return index_collection(
            IndexParameters(
                home=str(tmp_path / "home"),
                collection="docs",
                corpus=[str(corpus)],
                encoder=str(tiny_encoder),
                **values,
            )
        )

    return run


def test_what_is_new_or_changed_is_written_and_what_left_stays_until_it_is_asked_for(index):
    first = index({"a": "a pod of nodes", "b": "the bank of a river"}, avg_len=4.0)
    assert (first.n_points, first.n_written, first.n_skipped, first.release) == (2, 2, 0, None)
    assert first.mended is None and "total" in first.seconds and first.avg_len == 4.0
    again = index({"a": "a pod of nodes", "c": "a kernel"})
    assert (again.n_points, again.n_written, again.n_skipped, again.n_deleted) == (3, 1, 1, 0)
    assert again.avg_len == 4.0  # fixed when it was created
    gone = index({"a": "a pod of nodes", "c": "a kernel"}, delete_missing=True)
    assert (gone.n_points, gone.n_deleted) == (2, 1)


def test_a_sample_says_nothing_of_what_left_the_corpus(index):
    with pytest.raises(UsageError, match="^--delete-missing needs the whole corpus; leave --sample out$"):
        index({"a": "a pod"}, delete_missing=True, sample=1)


def test_a_corpus_that_is_not_there_is_named_and_no_collection_is_made(tmp_path, tiny_encoder):
    asked = {"home": str(tmp_path / "home"), "collection": "docs", "encoder": str(tiny_encoder)}
    with pytest.raises(CorpusError, match="absent.jsonl"):
        index_collection(IndexParameters(**asked, corpus=[str(tmp_path / "absent.jsonl")]))
    with Place.at(tmp_path / "home").points() as points:
        assert "docs" not in points.names()
