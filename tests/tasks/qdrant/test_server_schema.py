"""A collection on a server is made with what its schema says and no more, and one that is there is checked for it."""

import pytest
from qdrant_client import models

from minicoil.errors import CollectionError
from tasks.points import CollectionSchema, CollectionShape
from tasks.qdrant.server_schema import STALE_POINTS, STALE_SHARE, check_schema, create_options, index_kinds

SCHEMA = CollectionSchema(dense={"role": 3}, sparse=("words", "bm25"), keyword=("a",), integer=("n",), text=("t",))


def test_a_collection_is_made_of_cosine_vectors_and_sparse_ones_with_idf():
    options = create_options(SCHEMA)
    assert options.keys() == {"vectors_config", "sparse_vectors_config", "optimizers_config"}
    role = options["vectors_config"]["role"]
    assert (role.size, role.distance, role.hnsw_config.m) == (3, models.Distance.COSINE, 0)
    assert {n: v.modifier for n, v in options["sparse_vectors_config"].items()} == dict.fromkeys(
        ("words", "bm25"), models.Modifier.IDF
    )
    cleared = options["optimizers_config"]
    assert (cleared.deleted_threshold, cleared.vacuum_min_vector_number) == (STALE_SHARE, STALE_POINTS)


def test_only_what_is_searched_gets_a_graph_and_only_what_is_whole_one_shard():
    searched = create_options(CollectionSchema(dense={"role": 3}, is_searched=True, is_whole=True))
    assert searched["vectors_config"]["role"].hnsw_config is None and searched["shard_number"] == 1


def test_every_field_is_indexed_by_its_kind_and_text_as_lower_case_words():
    kinds = index_kinds(SCHEMA)
    assert list(kinds) == ["a", "n", "t"]
    assert (kinds["a"], kinds["n"]) == (models.PayloadSchemaType.KEYWORD, models.PayloadSchemaType.INTEGER)
    assert (kinds["t"].tokenizer, kinds["t"].lowercase) == (models.TokenizerType.WORD, True)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            CollectionShape({}, {"words": True, "bm25": True}),
            "collection 'docs' has another shape: vector 'role' has no dimensions, 3 expected; index into a new one",
        ),
        (
            CollectionShape({"role": 4}, {"words": True, "bm25": True}),
            "collection 'docs' has another shape: vector 'role' has 4 dimensions, 3 expected; index into a new one",
        ),
        (
            CollectionShape({"role": 3}, {"words": True, "other": True}),
            "collection 'docs' has another shape: no sparse vector 'bm25' (it has words, other); index into a new one",
        ),
        (
            CollectionShape({"role": 3}, {}),
            "collection 'docs' has another shape: no sparse vector 'words' (it has none); index into a new one",
        ),
        (
            CollectionShape({"role": 3}, {"words": True, "bm25": False}),
            "collection 'docs': vector 'bm25' lacks the IDF modifier; index into a new one",
        ),
    ],
)
def test_a_collection_that_will_not_do_is_refused_with_what_it_has(shape, message):
    with pytest.raises(CollectionError) as said:
        check_schema("docs", shape, SCHEMA)
    assert str(said.value) == message


def test_what_a_collection_has_besides_does_no_harm():
    check_schema("docs", CollectionShape({"role": 3, "x": 9}, {"words": True, "bm25": True, "y": False}), SCHEMA)
