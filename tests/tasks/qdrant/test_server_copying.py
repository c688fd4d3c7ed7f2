"""A copy keeps every setting that a collection can be created with, and what it could not keep is named before."""

import pytest
from qdrant_client import models
from qdrant_double import QdrantDouble

from tasks.points import CollectionSchema
from tasks.qdrant.server import ServerPoints
from tasks.qdrant.server_copying import copy_indexes, create_options, find_uncopyable, find_unlike, set_reading


@pytest.fixture(scope="module")
def whole():
    """A collection as a server tells of it."""
    with QdrantDouble() as double, ServerPoints.connect(double.url, None) as points:
        points.ensure("docs", CollectionSchema({"role": 3, "other": 2}, ("words",), keyword=("tag",), integer=("n",)))
        yield points._look("docs")


@pytest.fixture
def info(whole):
    return whole.model_copy(deep=True)


def test_every_setting_of_its_source_is_asked_for(info):
    info.config.params.replication_factor = 2
    info.config.params.on_disk_payload = False
    info.config.hnsw_config.m = 7
    info.config.optimizer_config.deleted_threshold = 0.07
    info.config.strict_mode_config = models.StrictModeConfigOutput(enabled=True, max_query_limit=50)
    info.config.metadata = {"owner": "team"}
    options = create_options(info, [], [])
    assert set(options["vectors_config"]) == {"role", "other"} and set(options["sparse_vectors_config"]) == {"words"}
    assert (options["replication_factor"], options["on_disk_payload"]) == (2, False)  # False is a setting too
    assert isinstance(options["hnsw_config"], models.HnswConfigDiff) and options["hnsw_config"].m == 7
    assert options["optimizers_config"].deleted_threshold == 0.07
    assert (options["strict_mode_config"].enabled, options["strict_mode_config"].max_query_limit) == (True, 50)
    assert options["metadata"] == {"owner": "team"}
    assert all(value is not None for value in options.values())


def test_vectors_are_left_out_and_come_to_it(info):
    options = create_options(info, ["role", "words", "never"], ["late"])
    assert set(options["vectors_config"]) == {"other"}
    assert {n: v.modifier for n, v in options["sparse_vectors_config"].items()} == {"late": models.Modifier.IDF}


def test_an_unnamed_vector_stays_unnamed_until_another_is_beside_it(info):
    alone = info.config.params.vectors["role"]
    info.config.params.vectors = alone
    assert create_options(info, [], [])["vectors_config"] == alone
    assert create_options(info, [""], [])["vectors_config"] == {}
    info.config.params.vectors = None
    assert create_options(info, [], [])["vectors_config"] == {}


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # of a setting that the client's model does not know
def test_what_cannot_be_kept_is_named(info):
    assert list(find_uncopyable(info)) == []
    info.config.params.vectors["role"].multivector_config = models.MultiVectorConfig(
        comparator=models.MultiVectorComparator.MAX_SIM
    )
    info.config.params.sharding_method = models.ShardingMethod.CUSTOM
    info.config.strict_mode_config = models.StrictModeConfigOutput.model_construct(enabled="perhaps")
    assert list(find_uncopyable(info)) == [
        "vector 'role' holds several vectors a point",
        "its points are divided by custom shard keys",
        "its strict mode has settings that this version does not know",
    ]


def test_a_copy_that_has_all_of_it_is_alike_and_may_have_more(info):
    copy = info.model_copy(deep=True)
    copy.config.params.vectors["more"] = copy.config.params.vectors["role"]
    copy.payload_schema["more"] = copy.payload_schema["tag"]
    for index in copy.payload_schema.values():
        index.points += 99  # how many points are in it is no setting
    assert find_unlike(info, copy, []) == []
    assert find_unlike(copy, info, []) == ["index of 'more'", "vector 'more'"]
    assert find_unlike(copy, info, ["more"]) == ["index of 'more'"]


def test_what_is_otherwise_is_named(info):
    copy = info.model_copy(deep=True)
    copy.config.params.vectors["role"] = models.VectorParams(size=3, distance=models.Distance.DOT)
    copy.config.params.sparse_vectors["words"] = models.SparseVectorParams()
    copy.config.hnsw_config.m += 1
    copy.config.params.replication_factor = 9
    copy.payload_schema["n"].data_type = models.PayloadSchemaType.KEYWORD
    assert find_unlike(info, copy, ["role"]) == [
        "hnsw_config",
        "index of 'n'",
        *(["replication_factor"] if info.config.params.replication_factor is not None else []),
        "vector 'words'",
    ]


class Client:
    """Notes what it is asked to do."""

    def create_payload_index(self, *arguments, **options):
        raise NotImplementedError

    update_collection = create_payload_index


@pytest.fixture
def asked():
    calls = []

    def ask(call, name, *arguments, **options):
        calls.append((call.__name__, name, *arguments, options))

    ask.calls = calls
    return ask


def test_indexes_that_are_not_there_are_made_with_their_parameters(info, asked):
    words = models.TextIndexParams(type=models.TextIndexType.TEXT, lowercase=False)
    info.payload_schema["t"] = models.PayloadIndexInfo(data_type="text", params=words, points=5)
    copy_indexes(asked, Client(), "copy", info, ["tag"])
    assert [(call[1], call[2], call[3], call[-1]) for call in asked.calls] == [
        ("copy", "n", models.PayloadSchemaType.INTEGER, {"wait": True}),
        ("copy", "t", words, {"wait": True}),
    ]


def test_how_reads_are_spread_is_set_only_where_it_was(info, asked):
    set_reading(asked, Client(), "copy", info)
    assert asked.calls == []
    info.config.params.read_fan_out_factor = 2
    set_reading(asked, Client(), "copy", info)
    ((_, name, options),) = asked.calls
    assert name == "copy" and options["collection_params"].read_fan_out_factor == 2
