"""Expand, move, contract over the embedded engine and Qdrant servers: against encoding everything anew, cell by cell."""

import time
import uuid
from dataclasses import replace

import numpy as np
import pytest
from foreign_points import ATTACH, BM25, foreign_points, foreign_text
from small_service import serve

from minicoil.errors import BusyError, CollectionError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.impact import is_affected
from minicoil.sparse.model import MiniCoil
from minicoil.text.tokens import WordTokenizer
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.word_counts import WordCounts
from tasks.adoption.attaching import attach_collection
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import read_channel, set_pending
from tasks.catalogue.payload_fields import HASH_FIELD, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import read_collection_record, update_collection
from tasks.catalogue.releases import publish_release, verify_release
from tasks.collections.carriers import Carriers
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.searching import search_collection
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model, open_parent
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate
from tasks.qdrant.server import ServerPoints
from tasks.readers.confirmation import declare_readers
from tasks.readers.readers import announce_reader, withdraw_reader
from tasks.rewriting import promotion
from tasks.rewriting.abandoning import abandon_promotion
from tasks.rewriting.promotion import contract_channel, plan_promotion, promote, roll_back_channel, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions
from tasks.rewriting.verification import verify_collection
from tasks.training.choosing import WordRequest, check_max_points, choose_words
from tasks.training.selection import select_words, untaught_meanings


def index(place, points, texts, name="docs"):
    request = IndexRequest(name, "production", "minilm", 4, 1.2, 0.75, None)
    documents = (document(f"d{i}", "", text) for i, text in enumerate(texts))
    answer = index_documents(place, points, request, documents, CorpusReport())
    know_all_readers(place)
    return answer


def know_all_readers(place):
    """What an owner of a server says; without it no cell goes there (test_silent_readers.py)."""
    declare_readers(place, "production", known=True)


def stored(points, name="docs"):
    return {p.id: p for page in points.scroll(name, vectors=True) for p in page}


def model_of(place, release, name="docs"):
    record = read_collection_record(place.objects(), name)
    return MiniCoil.load(open_model(place, release, "minilm", 4), record.k, record.b, record.avg_len)


def as_dict(vector):
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


def check_against_encoding_anew(place, points, release, name="docs", text=lambda p: p.payload["text"]):
    rows = list(stored(points, name).values())
    for point, vector in zip(rows, model_of(place, release, name).embed(map(text, rows)), strict=True):
        found, expected = as_dict(point.vectors["minicoil"]), as_dict(vector)
        assert found.keys() == expected.keys(), text(point)
        assert all(abs(found[cell] - value) < 1e-4 for cell, value in expected.items())


def affected_ids(place, before, old, new):
    one = check_bundle(open_model(place, old, "minilm", 4))[1]
    model = MiniCoil.load(open_model(place, new, "minilm", 4))
    return {
        i for i, p in before.items() if is_affected(one, model.vocabulary, model.tokenizer.words(p.payload["text"]))
    }


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


def test_a_plan_counts_and_shows_without_writing(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    before = stored(points)
    (row,) = plan_promotion(place, "production", 2)
    assert row["n_affected"] == len(affected_ids(place, before, 1, 2)) and row["n_rewritten"] == 0
    assert row["seconds_expected"] > 0
    words = {entry["word"]: entry for entry in row["words"]}
    assert {"pod", "graph", "cat", "shard", "lock"} <= words.keys()
    assert words["shard"]["n_points"] == sum("shards" in text for text in texts)
    assert all("pod" in text for text in words["pod"]["examples"]) and words["pod"]["examples"]
    assert all(now.payload == before[i].payload for i, now in stored(points).items())


def test_a_rolled_back_channel_can_grow_again_and_take_the_release_again(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    assert roll_back_channel(place, "production")["release"] == 1
    assert search_collection(place, "docs", "pods", 3)["release"] == 1
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 1)
    assert promote(place, "production", 2)["collections"][0]["n_rewritten"] > 0
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 2)
    promote(place, "production", 1)  # back after contraction: re-encodes
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 1)


def test_a_promotion_after_a_rollback_keeps_what_is_served(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    roll_back_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (2, 1)
    promote(place, "production", 3)  # grew from 2, but 1 is what searches use: its cells must stay
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (3, 1)
    contract_channel(place, "production")
    check_against_encoding_anew(place, points, 3)


def test_cells_stay_while_an_announced_reader_serves_them(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    reader = announce_reader(place.objects(), "host-1", "production", 1)
    with pytest.raises(BusyError, match="release 1 is still read by host-1"):
        contract_channel(place, "production")
    with pytest.raises(BusyError, match="release 1 is still read by host-1"):
        promote(place, "production", 3)
    assert read_collection_record(place.objects(), "docs").previous == 1
    withdraw_reader(place.objects(), reader.name)
    assert promote(place, "production", 3)["promoted"]


def test_the_grace_period_counts_from_the_move(place, points, monkeypatch):
    serve(place, 1)
    index(place, points, ["pods"])
    assert not promotion.is_grace_over(place, "production", 0)
    promote(place, "production", 2)
    assert promotion.is_grace_over(place, "production", 0) and not promotion.is_grace_over(place, "production", 1)
    now = time.time()
    monkeypatch.setattr(promotion.time, "time", lambda: now + 3601)
    assert promotion.is_grace_over(place, "production", 1)


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


def contents(points):
    return {i: (as_dict(point.vectors["minicoil"]), point.payload) for i, point in stored(points).items()}


def publish_sibling(place, folder):
    """A release that grew from the first one, beside the second: its new word has the id of one of the second's."""
    parent = open_model(place, 1, "minilm", 4)
    vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(add={"garden": ["gardens"]})
    width = read_shape(BundleLayout(parent).stack)[1]
    rows = {i: np.random.default_rng(9).normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(parent, folder / "sibling", vocabulary, rows)
    return publish_release(place.objects(), folder / "sibling", 1, {}).release


def test_a_release_of_another_branch_is_refused_before_anything_is_announced(place, points, texts, tmp_path):
    serve(place, 1)
    index(place, points, texts)
    sibling = publish_sibling(place, tmp_path)
    promote(place, "production", 2)
    before = contents(points)
    with pytest.raises(
        CollectionError, match=f"release 2, which release {sibling} did not grow from; run the extension"
    ):
        promote(place, "production", sibling)
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending) == (2, None) and contents(points) == before
    assert promote(place, "production", 3)["promoted"]


@pytest.mark.parametrize(
    "how", ["stopped at missing text", "a share", "written but not stamped", "one of two expanded"]
)
def test_a_promotion_that_is_given_up_leaves_nothing_of_it(place, points, texts, tmp_path, how):
    serve(place, 1)
    index(place, points, texts)
    before, names = {"docs": stored(points)}, ["docs"]
    if how == "one of two expanded":
        index(place, points, texts[:60], "more")
        before["more"], names = stored(points, "more"), ["docs", "more"]
        answer = promote(place, "production", 2, ["docs"])
        assert not answer["promoted"] and answer["behind"] == ["more"]
    elif how == "a share":
        promote(place, "production", 2, options=ExpansionOptions(part=(0, 2)))
    elif how == "written but not stamped":
        set_pending(place.objects(), "production", 2, 1)
        some = sorted(affected_ids(place, before["docs"], 1, 2), key=str)[:5]
        union = [both for _, both in model_of(place, 2).embed_union([before["docs"][i].payload["text"] for i in some],
                 check_bundle(open_model(place, 1, "minilm", 4))[1])]  # fmt: skip
        points.write_vectors("docs", [VectorUpdate(i, {"minicoil": v}, {}) for i, v in zip(some, union, strict=True)])
    else:
        gone = sorted(affected_ids(place, before["docs"], 1, 2))[0]
        (point,) = points.get("docs", [gone], vectors=True)
        kept = {name: value for name, value in point.payload.items() if name != "text"}
        points.upsert("docs", [replace(point, payload=kept)])
        with pytest.raises(CollectionError, match="minicoil release abandon"):
            promote(place, "production", 2)
        before["docs"].pop(gone)
    assert read_channel(place.objects(), "production").pending == 2

    answer = abandon_promotion(place, "production")
    assert answer["abandoned"] == 2 and answer["release"] == 1
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending, state.phase) == (1, None, "idle") and state.history[-1].action == "abandon"
    for name in names:
        after = stored(points, name)
        for i, point in before[name].items():
            assert as_dict(after[i].vectors["minicoil"]) == pytest.approx(as_dict(point.vectors["minicoil"]), abs=1e-4)
            assert after[i].payload[STAMP_FIELD] == 1 and after[i].payload[UNION_FIELD] == -1
        assert read_collection_record(place.objects(), name).previous is None
    assert abandon_promotion(place, "production")["abandoned"] is None  # nothing to do
    verify_release(place.objects(), 2)

    # and the next release, whose new word has the id of one that was given up, is not mistaken for it
    options = ExpansionOptions(allow_missing_text=True)
    assert promote(place, "production", publish_sibling(place, tmp_path), options=options)["promoted"]
    contract_channel(place, "production")
    texts_there = [p for p in stored(points).values() if "text" in p.payload]
    model = model_of(place, read_collection_record(place.objects(), "docs").release)
    for point, vector in zip(texts_there, model.embed([p.payload["text"] for p in texts_there]), strict=True):
        assert as_dict(point.vectors["minicoil"]).keys() == as_dict(vector).keys()


def test_giving_up_after_a_rollback_keeps_the_cells_that_were_there_before(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    roll_back_channel(place, "production")
    set_pending(place.objects(), "production", 2, 1)
    assert abandon_promotion(place, "production")["abandoned"] == 2
    state = read_channel(place.objects(), "production")
    assert (state.current, state.previous, state.phase) == (1, 2, "switched")
    assert promote(place, "production", 2)["promoted"] and read_channel(place.objects(), "production").current == 2


def test_a_stuck_promotion_of_another_branch_is_given_up_without_touching_a_point(place, points, texts, tmp_path):
    """As an earlier version left it: announced, and refused at the first collection."""
    serve(place, 1)
    index(place, points, texts)
    sibling = publish_sibling(place, tmp_path)
    promote(place, "production", 2)
    set_pending(place.objects(), "production", sibling, 2)
    before = contents(points)
    assert abandon_promotion(place, "production")["abandoned"] == sibling
    assert contents(points) == before and read_channel(place.objects(), "production").phase == "switched"


def test_a_sweep_takes_points_that_came_past_the_service_or_late(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    contract_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    old = MiniCoil.load(open_model(place, 1, "minilm", 4), record.k, record.b, record.avg_len)
    late_text, plain_text = "a late shard of pods", "a stranger's shards"
    late, stranger = (str(uuid.UUID(int=i)) for i in (1, 2))
    (vector,) = old.embed(late_text)
    source = next(iter(stored(points).values()))
    payload = {**source.payload, "text": late_text, "mc_keys": ["late", "pod", "pods", "shard"], STAMP_FIELD: 1}
    points.upsert(
        "docs", [Point(late, {**payload, HASH_FIELD: "h", UNION_FIELD: -1}, {**source.vectors, "minicoil": vector})]
    )
    points.upsert("docs", [Point(stranger, {"text": plain_text, "own": 7}, {})])
    with points as engine:
        assert verify_collection(place, engine, record).n_due == 2
    (row,) = sweep_channel(place, "production")
    assert row["n_rewritten"] == 2
    found = points.get("docs", [stranger])[0].payload
    assert found["own"] == 7 and "shard" in found["mc_keys"] and found[STAMP_FIELD] == 2
    check_against_encoding_anew(place, points, 2)
    assert sweep_channel(place, "production")[0]["n_rewritten"] == 0


def test_a_vector_that_is_not_what_its_text_says_keeps_the_channel_where_it_is(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts[:60])
    finish = points.optimize

    def damage(name):
        wrong = SparseVector(np.array([5], np.int32), np.array([1.0], np.float32))
        points.write_vectors(name, [VectorUpdate(i, {"minicoil": wrong}) for i in list(stored(points))[:30]])
        finish(name)

    monkeypatch.setattr(type(points), "optimize", lambda self, name, is_ours=False: damage(name))
    with pytest.raises(CollectionError, match=r"is not right after expand.*sampled differ.*point .*minicoil reencode"):
        promote(place, "production", 2)
    assert read_channel(place.objects(), "production").current == 1


def test_stamps_of_another_service_are_refused(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:20])
    points.set_payload("docs", list(stored(points))[:3], {STAMP_FIELD: 77})
    with pytest.raises(CollectionError, match="3 points are stamped with releases that this channel never had"):
        promote(place, "production", 2)


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
