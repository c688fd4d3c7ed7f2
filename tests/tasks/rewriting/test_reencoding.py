"""Expand, move, contract over the embedded engine and Qdrant servers: against encoding everything anew, cell by cell."""

from dataclasses import replace

import numpy as np
import pytest
from foreign_points import ATTACH, BM25, foreign_points, foreign_text
from promotions import (
    affected_ids,
    as_dict,
    check_against_encoding_anew,
    index,
    know_all_readers,
    serve,
    stored,
)

from minicoil.errors import CollectionError, UsageError
from minicoil.sparse.impact import is_affected
from minicoil.sparse.model import MiniCoil
from minicoil.text.tokens import WordTokenizer
from minicoil.words.word_counts import WordCounts
from tasks.adoption.attaching import attach_collection
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import read_channel
from tasks.catalogue.payload_fields import STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import read_collection_record, update_collection
from tasks.catalogue.releases import verify_release
from tasks.collections.carriers import Carriers
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.searching import search_collection
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model, open_parent
from tasks.points import CollectionSchema, PointFilter
from tasks.qdrant.server import ServerPoints
from tasks.rewriting.promotion import contract_channel, promote, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions
from tasks.rewriting.verification import verify_collection
from tasks.training.choosing import WordRequest, check_max_points, choose_words
from tasks.training.selection import select_words, untaught_meanings


def affected_ids_of(rows, release):
    return [i for i, point in rows.items() if point.payload[STAMP_FIELD] == release]


def test_exactly_the_affected_points_change_and_come_out_as_if_encoded_anew(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    before = stored(points)
    expected = affected_ids(place, before, 1, 2)
    answer = promote(place, "production", 2)
    assert answer["promoted"] and answer["collections"][0]["n_rewritten"] == len(expected)
    between = stored(points)
    for i, point in before.items():
        old, now = as_dict(point.vectors["minicoil"]), as_dict(between[i].vectors["minicoil"])
        if i in expected:
            assert old.keys() <= now.keys() and between[i].payload[STAMP_FIELD] == 2
        else:
            assert now == old and between[i].payload == point.payload
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (2, 1)
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 2)
    assert read_channel(place.objects(), "production").phase == "idle"
    promote(place, "production", 3)
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 3)
    assert len(answer["reports"]) == 1 and b'"is_sound": true' in place.objects().read(answer["reports"][0])


def test_a_text_that_changes_during_the_run_keeps_the_vectors_of_its_new_text(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts)
    ids = sorted(affected_ids(place, stored(points), 1, 2))[:20]
    write = type(points).write_vectors
    interfered = []

    def write_after_another(self, name, updates, stamp=None):
        if not interfered:  # another writer is faster, with our own index command's means
            interfered.append(True)
            documents = [replace(document("x", "", f"new text with pods {i}"), id=i) for i in ids]
            request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
            index_documents(place, points, request, iter(documents), CorpusReport())
        return write(self, name, updates, stamp)

    monkeypatch.setattr(type(points), "write_vectors", write_after_another)
    promote(place, "production", 2)
    contract_channel(place, "production")
    assert all(stored(points)[i].payload["text"].startswith("new text") for i in ids)
    check_against_encoding_anew(place, points, 2)


def test_workers_share_the_points_and_a_last_run_moves_the_channel(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    expected = affected_ids(place, stored(points), 1, 2)
    n_rewritten = 0
    for k in range(3):
        answer = promote(place, "production", 2, options=ExpansionOptions(part=(k, 3)))
        assert not answer["promoted"] and answer["behind"] == ["docs"]
        n_rewritten += answer["collections"][0]["n_rewritten"]
    assert n_rewritten == len(expected)
    last = promote(place, "production", 2)
    assert last["promoted"] and last["collections"][0]["n_rewritten"] == 0
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 2)


def test_points_without_text_stop_a_promotion_unless_that_is_allowed(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    gone = sorted(affected_ids(place, stored(points), 1, 2))[0]
    (point,) = points.get("docs", [gone], vectors=True)
    kept = {name: value for name, value in point.payload.items() if name != "text"}
    points.upsert("docs", [replace(point, payload=kept)])
    with pytest.raises(CollectionError, match="1 points with changed words have no text.*has no text.*allow-missing"):
        promote(place, "production", 2)
    assert read_channel(place.objects(), "production").current == 1
    answer = promote(place, "production", 2, options=ExpansionOptions(allow_missing_text=True))
    assert answer["promoted"] and answer["collections"][0]["n_without_text"] == 1
    # later it carries both releases' cells, and its text goes: contraction leaves it, once and for all
    (other,) = points.get("docs", [sorted(affected_ids_of(stored(points), 2))[-1]], vectors=True)
    points.upsert("docs", [replace(other, payload={k: v for k, v in other.payload.items() if k != "text"})])
    contract_channel(place, "production")
    assert points.count("docs", PointFilter(equal={UNION_FIELD: 1})) == 0


# --- somebody else's collection -----------------------------------------------------------------------------------


def test_a_strangers_collection_is_understood_left_alone_and_then_re_encoded(place, foreign, texts):
    before = stored(foreign, "theirs")
    answer = attach_collection(place, foreign, ATTACH)
    know_all_readers(place)
    assert (answer["release"], answer["k"], answer["b"], answer["avg_len"]) == (1, 0.9, 0.4, 6.5)
    assert answer["n_matching"] == answer["n_compared"] >= 100
    assert all(now.payload == before[i].payload for i, now in stored(foreign, "theirs").items())
    promoted = promote(place, "production", 2)
    model = MiniCoil.load(open_model(place, 2, "minilm", 4), **BM25)
    old = MiniCoil.load(open_model(place, 1, "minilm", 4))
    after = stored(foreign, "theirs")
    tokens = {i: model.tokenizer.words(foreign_text(p)) for i, p in before.items()}
    expected = {i for i, words in tokens.items() if is_affected(old.vocabulary, model.vocabulary, words)}
    assert {i for i, p in after.items() if STAMP_FIELD in p.payload} == expected
    assert promoted["collections"][0]["n_rewritten"] == len(expected)
    contract_channel(place, "production")
    after = stored(foreign, "theirs")
    for i, vector in enumerate(model.embed([foreign_text(before[i]) for i in range(len(texts))])):
        found, wanted = as_dict(after[i].vectors["sparse"]), as_dict(vector)
        assert found.keys() == wanted.keys() and all(abs(found[c] - v) < 1e-4 for c, v in wanted.items())
        np.testing.assert_array_equal(after[i].vectors["dense"], before[i].vectors["dense"])
        assert {k: v for k, v in after[i].payload.items() if not k.startswith("mc_")} == before[i].payload
    assert search_collection(place, "theirs", "shards", 3)["results"][0]["text"]


def test_no_more_words_are_taken_than_points_may_change(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    parent = open_parent(place, "production", "minilm", 4)
    carriers = Carriers(place, points, [read_collection_record(place.objects(), "docs")])
    n = {word: carriers.count_all({word: [f"{word}s"]}) for word in ("shard", "lock")}
    union = carriers.count_all({word: [f"{word}s"] for word in n})
    assert max(n.values()) < union < sum(n.values()), "some points carry both"
    words, _ = choose_words(WordRequest(words=("shard", "lock")), parent, WordCounts(), None, 5, CorpusReport())
    tokenizer = WordTokenizer.from_folder(parent.folder)

    def chosen(most):
        given = (carriers, WordCounts(), tokenizer, None, most, CorpusReport())
        selection = select_words(words, untaught_meanings(words, parent), *given)
        assert [(row.n_words, row.n_points) for row in selection.frontier][-1] == (2, union)
        left = {row.word for row in selection.refused(most)}
        assert left == {c.word for c in selection.left_out}, "what was named is never left out silently"
        return [c.word for c in selection.kept]

    assert chosen(union) == chosen(None) == ["shard", "lock"]
    assert chosen(union - 1) == ["shard"] and chosen(min(n.values()) - 1) == []
    with pytest.raises(UsageError, match="has none"):
        check_max_points(10, [])


def test_points_that_a_stranger_adds_later_with_the_old_model_are_swept(place, foreign, texts):
    attach_collection(place, foreign, ATTACH)
    know_all_readers(place)
    promote(place, "production", 2)
    contract_channel(place, "production")
    late = foreign_points(place, ["late pods", "late shards with locks", "late bread"], 1)
    foreign.upsert("theirs", [replace(p, id=1000 + p.id) for p in late])
    record = read_collection_record(place.objects(), "theirs")
    assert verify_collection(place, foreign, record).n_due == 2
    assert sweep_channel(place, "production")[0]["n_rewritten"] == 2
    assert verify_collection(place, foreign, record).is_sound


def test_a_tenants_words_are_weighed_among_its_own_points(place, foreign, texts):
    foreign.index_fields("theirs", CollectionSchema(keyword=("lang",)))  # a strict server asks for it
    attach_collection(place, foreign, replace(ATTACH, tenant="lang"))
    own = search_collection(place, "theirs", "pods", 50, tenant="en")
    assert {hit["text"] for hit in own["results"]} and own["results"][0]["score"] > 0
    with pytest.raises(UsageError, match="tenant"):
        search_collection(place, "theirs", "pods", 5)
    update_collection(place.objects(), "theirs", lambda r: r.model_copy(update={"tenant": None}))
    assert search_collection(place, "theirs", "pods", 5)["results"]


def test_releases_stay_whole_through_all_of_it(place):
    assert [verify_release(place.objects(), number) for number in (1, 2, 3)] == [[], [], []]


def test_a_filter_of_nothing_is_everything(points):
    points.ensure("empty", CollectionSchema(sparse=("minicoil",)))
    assert points.count("empty", PointFilter()) == 0


# --- a collection anew ------------------------------------------------------------------------------------------------


def test_a_collection_without_minicoil_vectors_is_rebuilt_beside_itself(place, points, texts):
    serve(place, 2)
    points.ensure("theirs", CollectionSchema(dense={"dense": 3}))
    source = [replace(p, vectors={"dense": p.vectors["dense"]}) for p in foreign_points(place, texts[:80], 1)]
    points.upsert("theirs", source)
    request = RebuildRequest("theirs", "ours", "production", "{title} {meta.body}")
    answer = rebuild_collection(place, points, request)
    know_all_readers(place)
    assert answer["n_written"] == answer["n_points"] == 80 and answer["verification"]["is_sound"]
    check_against_encoding_anew(place, points, 2, "ours", foreign_text)
    for i, point in stored(points, "ours").items():
        np.testing.assert_allclose(point.vectors["dense"], stored(points, "theirs")[i].vectors["dense"], atol=1e-6)
        assert point.payload["lang"] == source[i].payload["lang"]
    points.delete("theirs", [0, 1])
    points.upsert("theirs", [replace(source[5], payload={"title": "new", "meta": {"body": "pods"}})])
    again = rebuild_collection(place, points, request)
    assert (again["n_written"], again["n_deleted"], again["n_points"]) == (1, 2, 78)
    promote(place, "production", 3)
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 3, "ours", foreign_text)


def test_an_alias_moves_only_where_the_engine_has_aliases(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:30])
    request = RebuildRequest("docs", "docs-2", "production", alias="search")
    if isinstance(points, ServerPoints):
        with pytest.raises(CollectionError, match="'docs' is a collection, and cannot be an alias"):
            rebuild_collection(place, points, replace(request, alias="docs"))
        with pytest.raises(UsageError, match="'docs-2' is to be the copy itself"):
            rebuild_collection(place, points, replace(request, alias="docs-2"))
        assert not points.exists("docs-2")
        rebuild_collection(place, points, request)
        assert points._client.count("search").count == 30
        assert read_collection_record(place.objects(), "docs") is None
    else:
        with pytest.raises(CollectionError, match="no aliases; leave 'search' out"):
            rebuild_collection(place, points, request)
        assert not points.exists("docs-2")  # said before anything is copied
        rebuild_collection(place, points, replace(request, alias=None))
    assert verify_collection(place, points, read_collection_record(place.objects(), "docs-2")).is_sound


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "nope"}, "'nope' was not found"),
        ({"target": "theirs"}, "into itself"),
        ({"text": None}, "say where texts are"),
        ({"channel": "other"}, "serves no release to build with"),
    ],
)
def test_a_rebuild_that_makes_no_sense_is_refused(place, foreign, change, message):
    request = RebuildRequest("theirs", "new", "production", "{title}")
    with pytest.raises((CollectionError, UsageError), match=message):
        rebuild_collection(place, foreign, replace(request, **change))
