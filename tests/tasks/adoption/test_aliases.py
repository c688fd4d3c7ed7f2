"""An alias goes wherever a collection's name goes, and is followed when its owner moves it."""

import pytest
from qdrant_client import QdrantClient
from qdrant_double import QdrantDouble

from flows.orchestration.embedded import run
from minicoil.errors import CollectionError
from minicoil.files.strict_json import write_json
from tasks.adoption.attaching import AttachRequest, attach_collection
from tasks.adoption.moving_back import list_put_away, move_back, put_away, read_put_away
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.naming import choose_named, find_named, open_named, resolve_name, resolve_names
from tasks.catalogue.registry import list_collections, read_collection_record
from tasks.collections import encoding
from tasks.collections.searching import search_collection
from tasks.models.following import ChannelFollower
from tasks.place import Place
from tasks.proof.comparing import compare_releases
from tasks.qdrant import server_optimising
from tasks.releases.pruning import needed_releases
from tasks.rewriting.promotion import contract_channel, promote

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture
def served(place, monkeypatch, tmp_path, make_texts):
    """A place whose server has the collection "docs" under the alias "live"; release 1 is served."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.0)
    with QdrantDouble() as double:
        found = Place.at(place.home, qdrant_url=double.url)
        set_pending(found.objects(), "production", 1, None)
        move_current(found.objects(), "production", 1)
        corpus = tmp_path / "corpus.jsonl"
        corpus.write_text(
            "".join(write_json({"_id": f"d{i}", "text": text}) + "\n" for i, text in enumerate(make_texts(60)))
        )
        index(found, corpus, "docs")
        point(found, "live", "docs")
        yield found, corpus


def index(place, corpus, name):
    return run("index-collection", {**where(place), "collection": name, "corpus": [str(corpus)]}, "")


def where(place):
    return {"home": str(place.home), "qdrant_url": place.qdrant_url}


def point(place, alias, name):
    with place.points() as points:
        points.point_alias(alias, name)


def test_a_collection_is_fed_searched_promoted_and_compared_by_its_alias(served, tmp_path):
    place, corpus = served
    with corpus.open("a") as file:
        file.write(write_json({"_id": "more", "text": "shards and pods of one more text"}) + "\n")
    answer = index(place, corpus, "live")
    assert (answer["collection"], answer["n_written"], answer["n_skipped"]) == ("docs", 1, 60)
    found = search_collection(place, "live", "shards", 3, compare=True)
    again = search_collection(place, "docs", "shards", 3)["results"]
    assert found["collection"] == "docs" and [row["id"] for row in found["results"]] == [row["id"] for row in again]
    assert promote(place, "production", 2, ["live"])["promoted"]
    answer = run("reencode-collections", {**where(place), "collections": ["live"]}, "")
    assert [row["name"] for row in answer["swept"]] == ["docs"]
    queries = tmp_path / "queries.txt"
    queries.write_text("shards\npods\n")
    assert compare_releases(place, 1, 2, "live", str(queries))["collection"] in ("live", "docs")
    assert [record.name for record in list_collections(place.objects())] == ["docs"]
    assert read_collection_record(place.objects(), "live") is None


def test_the_same_collection_by_two_names_is_one(served):
    place, _ = served
    assert resolve_names(place, ["live", "docs", "nope"]) == ["docs", "docs", "nope"]
    assert [record.name for record in choose_named(place, "production", ["live", "docs"])] == ["docs"]
    with pytest.raises(CollectionError, match="collection nope is not on channel"):
        choose_named(place, "production", ["nope"])


def test_an_alias_that_its_owner_moves_leads_to_the_other_collection(served):
    place, corpus = served
    index(place, corpus, "docs-2")
    assert open_named(place, "live").name == "docs"
    point(place, "live", "docs-2")
    assert open_named(place, "live").name == find_named(place, "live").name == "docs-2"
    assert search_collection(place, "live", "pods", 3)["collection"] == "docs-2"
    point(place, "live", "docs")
    assert search_collection(place, "live", "pods", 3)["collection"] == "docs"


def test_an_alias_with_the_name_of_a_collection_that_is_gone_leads_to_the_one_that_is_there(served):
    place, corpus = served
    index(place, corpus, "docs-2")
    QdrantClient(url=place.qdrant_url, check_compatibility=False).delete_collection("docs")
    point(place, "docs", "docs-2")
    assert resolve_name(place, "docs") == "docs-2"
    assert search_collection(place, "docs", "pods", 3)["collection"] == "docs-2"


def test_encoding_for_an_alias_takes_its_collections_settings_and_asks_a_server_for_no_other_name(served, monkeypatch):
    place, _ = served
    record = read_collection_record(place.objects(), "docs")
    assert encoding.open_line_model(place, collection="live").bm25 == record.bm25
    monkeypatch.setattr(Place, "points", None)  # nobody may ask the server
    assert encoding.open_line_model(place, collection="docs").bm25 == record.bm25


def test_a_follower_reads_the_collection_that_its_alias_leads_to(served):
    place, _ = served
    with ChannelFollower(place, "production", None, "live") as model:
        (vector,) = model.query_embed("pods of shards")
        assert len(vector.indices)


def test_a_strangers_collection_is_attached_by_its_alias(served):
    place, _ = served
    client = QdrantClient(url=place.qdrant_url, check_compatibility=False)
    place.objects().delete("collections/docs.json")
    with place.points() as points:
        answer = attach_collection(place, points, AttachRequest("live", "production", "minicoil", "{text}"))
    assert answer["collection"] == "docs" and read_channel(place.objects(), "production").current == 1
    contract_channel(place, "production", ["live"])
    assert client.count("live").count == 60


def test_an_alias_moves_to_a_copy_and_back_and_forth_and_the_registry_with_it(served):
    place, corpus = served
    request = RebuildRequest("live", "copy", "production", alias="live")
    with place.points() as points:
        assert rebuild_collection(place, points, request)["n_written"] == 60
        assert open_named(place, "live").name == "copy" and read_collection_record(place.objects(), "docs") is None
        assert promote(place, "production", 2)["promoted"]
        assert [record.readable for record in read_put_away(place.objects())] == [(1,)]
        back = run(
            "rebuild-collection",
            {**where(place), "source": "docs", "target": "copy", "alias": "live", "back": True},
            "",
        )
        assert (back["collection"], back["release"]) == ("docs", 1) and "reencode docs" in back["message"]
        assert open_named(place, "live").name == "docs" and list_put_away(place.objects()) == ["copy"]
        assert search_collection(place, "live", "pods", 3)["release"] == 1
        assert move_back(place, points, "docs", "copy", "live")["release"] == 1  # once more changes nothing
        run("reencode-collections", where(place), "")
        assert search_collection(place, "live", "pods", 3)["release"] == 2
        again = rebuild_collection(place, points, RebuildRequest("docs", "copy", "production", alias="live"))
        assert again["n_written"] == 0 and open_named(place, "live").name == "copy"
        assert list_put_away(place.objects()) == ["docs"]


def test_the_releases_of_a_collection_that_an_alias_may_go_back_to_are_not_pruned(served):
    store = served[0].objects()
    put_away(store, "docs")
    store.delete("channels/production.json")
    assert needed_releases(store) == {1: "collection 'docs' needs it for a move back"}
