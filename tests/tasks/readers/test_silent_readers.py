"""Stock FastEmbed says nobody what it reads: its matches stay, promotion after promotion, until the owner lets them go."""

import contextlib
import json
import shutil
import uuid
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from fastembed import SparseTextEmbedding
from local_server import share_server
from qdrant_places import KINDS, SERVER_KINDS

from minicoil.errors import BusyError, CollectionError, UsageError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import derive_bundle
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.impact import is_affected
from minicoil.sparse.model import MiniCoil
from minicoil.words.vocabulary import Vocabulary
from tasks.adoption.attaching import AttachRequest, attach_collection
from tasks.adoption.rebuilding import RebuildRequest, rebuild_collection
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.payload_fields import HASH_FIELD, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import RECORD_VERSION, open_record
from tasks.catalogue.releases import publish_release
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.searching import search_collection
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model
from tasks.models.following import ChannelFollower
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.readers.confirmation import ReadersRequest, acknowledge, declare_readers, settle_readers
from tasks.readers.readers import announce_reader, list_readers, withdraw_reader
from tasks.readers.retention import waiting_rows
from tasks.releases.pruning import prune_releases
from tasks.rewriting import contraction, promotion, reencoding
from tasks.rewriting.abandoning import abandon_promotion
from tasks.rewriting.promotion import contract_channel, promote, roll_back_channel, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions
from tasks.rewriting.verification import verify_collection
from tasks.settings import Settings
from tasks.store.audit import list_deeds
from tasks.store.opening import open_store

QUERIES = (
    *("pods", "graph", "cats", "shards", "locks", "universal", "tables", "garden", "windows", "kernel", "bread"),
    *("lock\u2122", "pod\u00ae cells", "a graph of pods", "universities lock the garden", "morning music"),
)
CHANGES = (  # of releases 4 and 5
    {"add": {"garden": ["gardens"]}, "retrain": ["pod", "lock"]},
    {"add": {"window": ["windows"], "cat": ["cats"]}, "retrain": ["graph"], "remove": ["kernel"]},
)


def derive(store, parent, folder, change, number, grown_from):
    vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(**change)
    rng, width = np.random.default_rng(number), read_shape(BundleLayout(parent).stack)[1]
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(parent, folder, vocabulary, rows)
    return publish_release(store, folder, grown_from, {}).release


@pytest.fixture(scope="module")
def five_releases(releases, tmp_path_factory):
    """The three of the other tests and two more, one grown from the other."""
    folder = tmp_path_factory.mktemp("five")
    shutil.copytree(releases, folder / "store")
    store, parent = open_store((folder / "store").as_uri(), Settings()), releases.parent / "model-3"
    for number, change in enumerate(CHANGES, 4):
        assert derive(store, parent, folder / f"model-{number}", change, number, number - 1) == number
        parent = folder / f"model-{number}"
    return folder / "store"


@pytest.fixture
def place(five_releases, tmp_path):
    shutil.copytree(five_releases, tmp_path / "home" / "store", copy_function=shutil.os.link)
    return Place.at(tmp_path / "home")


@pytest.fixture(params=SERVER_KINDS)
def server(request, place, monkeypatch):
    with share_server(request.param) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        yield points


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    """A server, and a home whose owner said that its readers are not all known."""
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


def index(place, points, texts, start=0):
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, 6.0)
    documents = (document(f"d{i}", "", text) for i, text in enumerate(texts, start))
    answer = index_documents(place, points, request, documents, CorpusReport())
    if not points.is_shared:
        declare_readers(place, "production", known=False)
    return answer


def begin(place, points, texts):
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    index(place, points, texts)


def record_of(place, name="docs"):
    return open_record(place.objects(), name)


def stored(points, name="docs"):
    return {point.id: point for page in points.scroll(name, vectors=True) for point in page}


def as_dict(vector):
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


class StockReader:
    """FastEmbed on a pulled release, and a search of its own; it never hears of any channel."""

    def __init__(self, place, release):
        self.folder = open_model(place, release, "minilm", 4)
        model = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=str(self.folder), threads=1)
        self.queries = {
            query: SparseVector(vector.indices.astype(np.int32), vector.values.astype(np.float32))
            for query in QUERIES
            for vector in model.query_embed(query)
        }
        self.made = {}  # what texts become under this release, encoded once

    def ask(self, points, name="docs", vector="minicoil"):
        """Query -> point -> the document's values in the query's cells, of every point that is found."""
        rows, answer = stored(points, name), {}
        for query, asked in self.queries.items():
            found = {hit.id for hit in points.search(name, vector, asked, 10_000)}
            held = {i: as_dict(rows[i].vectors[vector]) for i in found}
            answer[query] = {i: {c: held[i][c] for c in asked.indices.tolist() if c in held[i]} for i in found}
        return answer

    def check(self, points, name="docs", vector="minicoil", text=lambda p: p.payload["text"], **bm25):
        """Exactly the points that hold a word of the query are found, by the values that this release gives them."""
        rows = stored(points, name)
        texts = {i: text(row) for i, row in rows.items()}
        known = self.made.setdefault(tuple(bm25.values()), {})
        if fresh := [one for one in texts.values() if one not in known]:
            own = MiniCoil.load(self.folder, **(bm25 or {"k": 1.2, "b": 0.75, "avg_len": 6.0}))
            known |= zip(fresh, map(as_dict, own.embed(fresh)), strict=True)
        made = {i: known[one] for i, one in texts.items()}
        for query, found in self.ask(points, name, vector).items():
            cells = {*self.queries[query].indices.tolist()}
            assert found.keys() == {i for i, vector in made.items() if cells & vector.keys()}, (self.folder, query)
            for i, values in found.items():
                assert values == pytest.approx({c: made[i][c] for c in cells & made[i].keys()}, abs=1e-4), query


@pytest.fixture(scope="module")
def stock(five_releases, tmp_path_factory):
    """Stock readers by release; loading one takes a second."""
    place = Place.at(tmp_path_factory.mktemp("stock"), five_releases.as_uri())
    return lru_cache(lambda release: StockReader(place, release))


def night(place, release):
    """What the schedules do: a promotion, then a sweep that contracts, long after the grace period."""
    answer = promote(place, "production", release)
    assert answer["promoted"]
    sweep_channel(place, "production")
    contract_channel(place, "production", wait_silently=True)
    return answer


# --- the law ----------------------------------------------------------------------------------------------------------


def test_a_stale_stock_reader_loses_no_match_through_three_nightly_promotions(place, points, texts, stock):
    begin(place, points, texts[:160])
    before = stock(1).ask(points)
    assert all(before[query] for query in ("pods", "graph", "cats", "shards", "locks", "universal", "tables"))
    for release in (2, 3, 4):
        answer = night(place, release)
        after = stock(1).ask(points)
        for query, found in before.items():
            kept = {i: values for i, values in after[query].items() if i in found}
            assert kept.keys() == found.keys(), f"'{query}' lost a point at release {release}"
            assert all(kept[i] == pytest.approx(found[i], abs=1e-4) for i in found), query
        index(place, points, texts[160 + 20 * (release - 2) :][:20], 160 + 20 * (release - 2))  # the day's documents
        for earlier in range(1, release + 1):
            stock(earlier).check(points)
        assert record_of(place).readable == tuple(range(release, 0, -1))
    (row,) = answer["waiting"]
    assert row["waiting"] == [1, 2, 3] and row["unannounced"] and row["n_points"] > 50
    assert "minicoil release readers --ack 1 --ack 2 --ack 3 --collection docs" in row["message"]
    assert all(found.keys() <= after[query].keys() for query, found in before.items())
    assert search_collection(place, "docs", "pods", 3)["release"] == 4
    assert verify_collection(place, points, record_of(place), n_sample=500).is_sound

    # and when the owner says that nobody reads them any more, they go
    acknowledge(place, "production", [1, 2, 3])
    assert contract_channel(place, "production") == ["docs"]
    own = MiniCoil.load(open_model(place, 4, "minilm", 4), 1.2, 0.75, 6.0)
    rows = stored(points)
    for point, vector in zip(rows.values(), own.embed([p.payload["text"] for p in rows.values()]), strict=True):
        assert as_dict(point.vectors["minicoil"]) == pytest.approx(as_dict(vector), abs=1e-4)
        assert point.payload[UNION_FIELD] == -1
    stock(4).check(points)
    assert len(stock(1).ask(points)["shards"]) < len(before["shards"])  # what was kept was kept for a reason
    record = record_of(place)
    assert (record.readable, record.acknowledged) == ((4,), ())
    assert read_channel(place.objects(), "production").phase == "idle"


def test_scores_of_a_stale_reader_are_those_of_the_first_day(place, server, texts, stock):
    begin(place, server, texts[:140])
    asked = stock(1).queries.values()
    before = [{hit.id: hit.score for hit in server.search("docs", "minicoil", query, 10_000)} for query in asked]
    for release in (2, 3, 4):
        night(place, release)
    after = [{hit.id: hit.score for hit in server.search("docs", "minicoil", query, 10_000)} for query in asked]
    assert all(now == pytest.approx(then, abs=1e-4) for now, then in zip(after, before, strict=True))


def test_only_affected_points_hold_more_and_one_says_of_which_releases(place, server, texts):
    begin(place, server, texts[:140])
    before = stored(server)
    models = [MiniCoil.load(open_model(place, release, "minilm", 4)) for release in (1, 2, 3)]
    for release in (2, 3):
        night(place, release)
    n_beside = 0
    for i, point in stored(server).items():
        tokens = models[0].tokenizer.words(point.payload["text"])
        changed = [is_affected(one.vocabulary, models[2].vocabulary, tokens) for one in models[:2]]
        n_beside += any(changed)
        if changed == [False, False] and before[i].payload[STAMP_FIELD] == point.payload[STAMP_FIELD]:
            assert as_dict(point.vectors["minicoil"]) == as_dict(before[i].vectors["minicoil"])
        if changed[1]:  # by the last promotion
            assert (point.payload[STAMP_FIELD], point.payload[UNION_FIELD]) == (3, [2, 1])
        elif changed[0]:
            assert (point.payload[STAMP_FIELD], point.payload[UNION_FIELD]) == (2, 1)
        else:
            assert point.payload[UNION_FIELD] == -1
    assert 0 < n_beside < len(before)
    assert waiting_rows(place, "production")[0]["n_points"] == n_beside


# --- what lets cells go -----------------------------------------------------------------------------------------------


def test_contraction_on_command_is_refused_with_what_waits_and_on_schedule_it_is_told(place, server, texts):
    begin(place, server, texts[:60])
    promote(place, "production", 2)
    with pytest.raises(
        BusyError, match=r"cells of release 1 stay in \d+ points.*say nothing.*readers --ack 1.*--known"
    ):
        contract_channel(place, "production")
    assert contract_channel(place, "production", wait_silently=True) == []
    assert promotion.is_grace_over(place, "production", 0)  # still, so that each night looks again
    assert roll_back_channel(place, "production")["release"] == 1


def test_what_was_confirmed_goes_and_what_was_not_stays(place, points, texts, stock):
    begin(place, points, texts[:140])
    for release in (2, 3, 4):
        night(place, release)
    acknowledge(place, "production", [2])
    assert contract_channel(place, "production", wait_silently=True) == ["docs"]
    assert record_of(place).readable == (4, 3, 1)
    assert verify_collection(place, points, record_of(place), n_sample=500).is_sound
    for release in (1, 3, 4):
        stock(release).check(points)
    shown = settle_readers(place, ReadersRequest("production"))["collections"][0]
    assert (shown["beside"], shown["waiting"], shown["acknowledged"]) == ([1, 3], [1, 3], [])
    acknowledge(place, "production", None)  # all that are not served
    night(place, 5)  # the next promotion drops them by itself, and what was served until now waits
    assert record_of(place).readable == (5, 4)
    for release in (4, 5):
        stock(release).check(points)


def test_the_served_release_cannot_be_confirmed_away_nor_one_that_is_not_there(place, server, texts):
    begin(place, server, texts[:20])
    promote(place, "production", 2)
    with pytest.raises(UsageError, match="release 2 is what channel 'production' serves"):
        acknowledge(place, "production", [2])
    with pytest.raises(
        UsageError,
        match=r"no collection here holds the cells of release 4 beside what is served; there are those of: 1",
    ):
        acknowledge(place, "production", [1, 4])
    with pytest.raises(CollectionError, match="nope is not on channel"):
        acknowledge(place, "production", [1], ["nope"])
    assert record_of(place).acknowledged == ()
    set_pending(place.objects(), "production", 3, 2)
    with pytest.raises(UsageError, match="serves or is about to"):
        acknowledge(place, "production", [3])
    assert acknowledge(place, "production", None) == [{"collection": "docs", "acknowledged": [1]}]
    assert [deed.action for deed in list_deeds(place.objects())] == ["acknowledge"]


def test_a_release_that_is_served_again_has_readers_again(place, server, texts, stock):
    begin(place, server, texts[:140])
    promote(place, "production", 2)
    acknowledge(place, "production", [1])
    roll_back_channel(place, "production")
    assert record_of(place).acknowledged == ()
    night(place, 2)  # and back
    stock(1).check(server)
    acknowledge(place, "production", [1])
    contract_channel(place, "production")
    night(place, 1)  # re-encodes back
    night(place, 2)
    assert record_of(place).readable == (2, 1)
    stock(1).check(server)


def test_a_registered_reader_is_waited_for_and_the_channel_moves_on(place, server, texts, stock):
    begin(place, server, texts[:140])
    request = ReadersRequest("production", name="shop-api", release=1)
    assert "'shop-api' reads release 1" in settle_readers(place, request)["message"]
    declare_readers(place, "production", known=True)
    for release in (2, 3, 4):
        night(place, release)
        assert record_of(place).readable == (release, 1)
        stock(1).check(server)
        stock(release).check(server)
    with pytest.raises(BusyError, match=r"release 1 stay for reader 'shop-api'.*--register shop-api --release 4"):
        contract_channel(place, "production")
    assert 1 not in prune_releases(place.objects(), keep_last=0, dry_run=True)["pruned"]
    answer = settle_readers(place, replace(request, release=4))
    assert [(r["name"], r["release"], r["registered"]) for r in answer["readers"]] == [("shop-api", 4, True)]
    assert contract_channel(place, "production") == ["docs"]
    settle_readers(place, ReadersRequest("production", unregister="shop-api"))
    assert list_readers(place.objects()) == []
    with pytest.raises(
        UsageError, match=r"no reader 'shop-api' is registered; registered: none; `minicoil release readers`"
    ):
        settle_readers(place, ReadersRequest("production", unregister="shop-api"))
    deeds = [(deed.action, deed.facts.get("before")) for deed in list_deeds(place.objects())]
    assert ("register-reader", None) in deeds and ("register-reader", 1) in deeds


def test_followers_are_waited_for_on_top_of_that(place, server, texts):
    begin(place, server, texts[:40])
    reader = announce_reader(place.objects(), "host-1", "production", 1)
    promote(place, "production", 2)
    acknowledge(place, "production", [1])
    with pytest.raises(BusyError, match="release 1 is still read by host-1"):
        contract_channel(place, "production")
    night(place, 3)  # no reason to wait with that: both stay beside
    assert record_of(place).readable == (3, 2, 1)
    withdraw_reader(place.objects(), reader.name)
    contract_channel(place, "production", wait_silently=True)
    assert record_of(place).readable == (3, 2)


def test_a_server_whose_readers_are_all_known_and_a_home_go_on_as_ever(place, server, texts):
    begin(place, server, texts[:40])
    declare_readers(place, "production", known=True)
    for release in (2, 3):
        assert promote(place, "production", release)["waiting"] == []
        assert record_of(place).readable == (release, release - 1)
    assert contract_channel(place, "production") == ["docs"]


# --- rollback, re-promotion, giving up --------------------------------------------------------------------------------


def test_rollback_and_promotion_of_kept_releases_encode_nothing_and_lose_nothing(place, points, texts, stock):
    begin(place, points, texts[:140])
    for release in (2, 3):
        night(place, release)
    assert roll_back_channel(place, "production")["release"] == 2
    assert night(place, 3)["collections"][0]["n_rewritten"] == 0
    assert night(place, 1)["collections"][0]["n_rewritten"] == 0  # two releases back, at once
    assert search_collection(place, "docs", "pods", 3)["release"] == 1
    record = record_of(place)
    assert (record.release, record.previous, record.kept) == (1, 3, (2,))
    for release in (1, 2, 3):
        stock(release).check(points)
    night(place, 4)  # grown from 3, over collections that carry 1
    assert record_of(place).readable == (4, 3, 2, 1)
    assert verify_collection(place, points, record_of(place), n_sample=500).is_sound
    for release in (1, 2, 3, 4):
        stock(release).check(points)


def test_a_release_of_another_branch_waits_until_nobody_reads_what_was_rolled_back(
    place, server, texts, stock, tmp_path
):
    begin(place, server, texts[:140])
    promote(place, "production", 2)
    roll_back_channel(place, "production")
    change = {"add": {"paper": ["papers"]}}
    sibling = derive(place.objects(), open_model(place, 1, "minilm", 4), tmp_path / "sibling", change, 9, 1)
    with pytest.raises(BusyError, match=rf"release 2 for readers.*release {sibling} did not grow.*--ack 2"):
        promote(place, "production", sibling)
    assert read_channel(place.objects(), "production").pending is None
    stock(2).check(server)
    acknowledge(place, "production", [2])
    night(place, sibling)
    assert record_of(place).readable == (sibling, 1)
    stock(1).check(server)
    StockReader(place, sibling).check(server)


def test_there_is_a_most_of_releases_and_then_a_promotion_waits(place, server, texts, monkeypatch):
    monkeypatch.setattr(reencoding, "_MOST_READABLE", 3)
    begin(place, server, texts[:40])
    night(place, 2)
    night(place, 3)
    with pytest.raises(BusyError, match=r"cells of 3 releases, the most there may be.*--ack 1 --ack 2"):
        promote(place, "production", 4)
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending) == (3, None)
    acknowledge(place, "production", [1])
    night(place, 4)
    assert record_of(place).readable == (4, 3, 2)


@pytest.mark.parametrize("how", ["half expanded", "expanded, not moved", "kept, not moved"])
def test_giving_up_takes_back_what_the_promotion_brought_and_nothing_else(place, points, texts, stock, how):
    begin(place, points, texts[:140])
    for release in (2, 3):
        night(place, release)
    before = {i: as_dict(point.vectors["minicoil"]) for i, point in stored(points).items()}
    pending = 1 if how == "kept, not moved" else 4
    with pytest.MonkeyPatch.context() as patch:
        if how == "half expanded":
            promote(place, "production", pending, options=ExpansionOptions(part=(0, 2)))
        else:
            patch.setattr(promotion, "move_current", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                promote(place, "production", pending)
    assert read_channel(place.objects(), "production").pending == pending
    for release in (1, 2, 3):
        stock(release).check(points)
    assert abandon_promotion(place, "production")["release"] == 3
    record = record_of(place)
    assert (record.release, {*record.others}) == (3, {1, 2})
    for i, point in stored(points).items():
        assert as_dict(point.vectors["minicoil"]) == pytest.approx(before[i], abs=1e-4)
    for release in (1, 2, 3):
        stock(release).check(points)


# --- killed and gone on -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What no handler is meant to catch."""


def killed_after(monkeypatch, target, name, n_calls):
    call, counted = getattr(target, name), iter(range(n_calls))

    def maybe(*arguments, **options):
        if next(counted, None) is None:
            raise Killed
        return call(*arguments, **options)

    monkeypatch.setattr(target, name, maybe)


def test_an_expansion_that_is_killed_loses_nobodys_match_and_goes_on(place, server, texts, stock, monkeypatch):
    monkeypatch.setattr(type(server), "scroll", small_pages(type(server).scroll))
    begin(place, server, texts[:140])
    night(place, 2)
    n_expanded = 0
    for _ in range(3):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            killed_after(patch, type(server), "write_vectors", 1)
            promote(place, "production", 3)
        for release in (1, 2):
            stock(release).check(server)
        stamped = sum(p.payload[STAMP_FIELD] == 3 for p in stored(server).values())
        assert stamped > n_expanded, "begun from the start again"
        n_expanded = stamped
    night(place, 3)
    assert record_of(place).readable == (3, 2, 1)
    for release in (1, 2, 3):
        stock(release).check(server)


def small_pages(scroll):
    def paged(self, name, where=None, payload=True, vectors=False, page=1000):
        return scroll(self, name, where, payload, vectors, min(page, 25))

    return paged


def test_a_contraction_that_is_killed_takes_no_release_for_readable_that_is_half_gone(
    place, points, texts, stock, monkeypatch
):
    monkeypatch.setattr(contraction, "PAGE", 20)
    begin(place, points, texts[:140])
    for release in (2, 3):
        night(place, release)
    acknowledge(place, "production", [2])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        killed_after(patch, contraction, "_contract_page", 2)
        contract_channel(place, "production")
    for release in (1, 3):
        stock(release).check(points)
    with pytest.raises(CollectionError, match="cannot be read with release 2 any more; `minicoil release promote 2`"):
        roll_back_channel(place, "production")
    assert sweep_channel(place, "production")[0]["n_rewritten"] > 0
    assert verify_collection(place, points, record_of(place), n_sample=500).is_sound
    assert night(place, 2)["collections"][0]["n_rewritten"] > 0
    for release in (1, 2, 3):
        stock(release).check(points)


def test_a_writer_that_knew_an_older_record_costs_nobody_a_match(place, server, texts, stock):
    """It wrote the cells of releases 2 and 1 after the collection went on to 3 and nobody read 1 any more."""
    begin(place, server, texts[:140])
    promote(place, "production", 2)
    late = record_of(place)
    promote(place, "production", 3)
    acknowledge(place, "production", [1])
    contract_channel(place, "production", wait_silently=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.collections.indexing.read_collection_record", lambda *a: late)
        index(place, server, ["late pods and shards", "universal shards of tables", "bread"], 1000)
    assert sweep_channel(place, "production")[0]["n_rewritten"] >= 2
    assert verify_collection(place, server, record_of(place), n_sample=500).is_sound
    for release in (2, 3):
        stock(release).check(server)


# --- older records, strangers, copies ---------------------------------------------------------------------------------

RECORD_2 = b"""{
 "version": 2, "name": "docs", "channel": "production", "k": 1.2, "b": 0.75, "avg_len": 6.0, "dims": 4,
 "shift": 192000, "encoder": "minilm", "encoder_digest": "0", "vector": "minicoil", "bm25_vector": "bm25",
 "release": 2, "previous": 1, "attached_at": null, "text": "{text}", "corpus": [], "join": "", "tenant": null
}"""


def test_a_record_as_the_version_before_wrote_it_is_read_and_its_readers_are_waited_for(place, server, texts, stock):
    begin(place, server, texts[:140])
    promote(place, "production", 2)
    written = json.loads(place.objects().read("collections/docs.json"))
    old = {**json.loads(RECORD_2), "shift": written["shift"], "encoder_digest": written["encoder_digest"]}
    assert written.keys() - old.keys() == {"kept", "acknowledged", "readers", "adopted", "importance", "language"}
    place.objects().write("collections/docs.json", json.dumps(old).encode())
    record = record_of(place)
    assert (record.readable, record.kept, record.acknowledged, record.readers) == ((2, 1), (), (), None)
    night(place, 3)
    assert record_of(place).readable == (3, 2, 1) and record_of(place).version == RECORD_VERSION
    for release in (1, 2, 3):
        stock(release).check(server)


BM25 = {"k": 0.9, "b": 0.4, "avg_len": 6.5}


def test_a_stranger_that_writes_with_the_newest_release_alone_is_found_by_stale_readers_too(
    place, server, texts, stock
):
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)

    def write(some, release, start):
        model = MiniCoil.load(open_model(place, release, "minilm", 4), **BM25)
        rows = zip(some, model.embed(some), strict=True)
        server.upsert("theirs", [Point(i, {"body": t}, {"sparse": v}) for i, (t, v) in enumerate(rows, start)])

    server.ensure("theirs", CollectionSchema(sparse=("sparse",)))
    write(texts[:120], 1, 0)
    attach_collection(place, server, AttachRequest("theirs", "production", "sparse", "{body}"))
    night(place, 2)
    night(place, 3)
    for release in (1, 2, 3):  # each of them by a program that was given that release
        write(texts[120 + 30 * (release - 1) :][:30], release, 1000 * release)
    assert sweep_channel(place, "production")[0]["n_rewritten"] > 0
    for release in (1, 2, 3):
        stock(release).check(server, "theirs", "sparse", lambda p: p.payload["body"], **BM25)
    assert sweep_channel(place, "production")[0]["n_rewritten"] == 0
    assert verify_collection(place, server, record_of(place, "theirs"), n_sample=500).is_sound


def test_a_copy_behind_an_alias_is_for_the_readers_of_the_collection_that_it_replaces(place, server, texts, stock):
    begin(place, server, texts[:140])
    night(place, 2)
    night(place, 3)
    rebuild_collection(place, server, RebuildRequest("docs", "docs-2", "production", alias="live", avg_len=6.0))
    assert record_of(place, "docs-2").readable == (3, 2, 1)
    for release in (1, 2, 3):
        stock(release).check(server, "docs-2")


def test_a_writer_that_follows_writes_for_every_release_that_can_be_read(place, server, texts, stock):
    begin(place, server, texts[:60])
    night(place, 2)
    night(place, 3)
    with ChannelFollower(place, "production", record_of(place).bm25, collection="docs", threads=1) as model:
        assert (model.release, model.releases) == (3, (1, 2, 3))
        source = next(iter(stored(server).values()))
        some = ["new pods and a graph", "universal shards", "a lock of tables"]
        for i, vector in enumerate(model.embed(some)):
            payload = {**source.payload, "text": some[i], HASH_FIELD: str(i), STAMP_FIELD: 3, UNION_FIELD: [2, 1]}
            server.upsert("docs", [Point(i, payload, {**source.vectors, "minicoil": vector})])
        for release in (1, 2, 3):
            stock(release).check(server)
        set_pending(place.objects(), "production", 4, 3)
        assert model.refresh() and model.releases == (1, 2, 3, 4)


def test_cells_that_wait_are_told_without_an_engine_too(place, server, texts, monkeypatch):
    from minicoil.errors import EngineUnavailableError

    begin(place, server, texts[:40])
    night(place, 2)
    name = str(uuid.uuid4())
    announce_reader(place.objects(), name, "production", 2)
    (row,) = settle_readers(place, ReadersRequest("production"))["collections"]
    assert (row["release"], row["beside"], row["waiting"], row["all_readers_known"]) == (2, [1], [1], False)
    assert row["n_points"] > 0

    def away(*arguments):
        raise EngineUnavailableError("away")

    monkeypatch.setattr(type(server), "count", away)
    shown = settle_readers(place, ReadersRequest("production"))
    assert shown["collections"][0]["n_points"] is None and [r["name"] for r in shown["readers"]] == [name]
