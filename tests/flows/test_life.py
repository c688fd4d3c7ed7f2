"""The product's life on real text: index, extend, nothing to do, extend again, roll back, contract."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from minicoil.errors import BundleError, BusyError, CollectionError, CorpusError, ReleaseError, UsageError
from minicoil.folder.bundle import check_bundle
from minicoil.sparse.impact import is_affected
from minicoil.sparse.model import MiniCoil
from tasks.catalogue.channels import read_channel
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import open_release
from tasks.collections.searching import search_collection
from tasks.disk.home_lock import writer_lock
from tasks.report.inspecting import list_all_releases, list_words, pull, show_release, verify

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own


def all_points(place, vectors=True):
    with place.points() as points:
        return [point for page in points.scroll("docs", vectors=vectors) for point in page]


def release_folder(place, number):
    return open_release(place.objects(), number, place.cache)


def test_indexing_counts_what_it_wrote_and_says_the_settings(life):
    assert life.indexed["n_points"] == life.indexed["n_written"] == 250
    assert life.indexed["avg_len"] > 10 and life.indexed["k"] == 1.2


def test_the_first_release_trains_what_it_can_and_says_why_not_the_rest(life):
    verdicts = {row["word"]: row for row in life.first["words"]}
    assert life.first["release"] == 1 and life.first["parent"] is None and life.first["promoted"]
    assert {word for word, row in verdicts.items() if row["verdict"] == "accepted"} >= {"node", "path"}
    assert verdicts["zzyzx"]["verdict"] == "kept_bm25"
    assert "0 sentences found, 25 required" in verdicts["zzyzx"]["reason"]
    node = verdicts["node"]
    assert node["ordering_accuracy"] >= 0.6 and 0 <= node["margin_accuracy"] <= 1 and node["ceiling"] > 0.5


def test_the_same_request_again_finds_nothing_to_do(life):
    assert life.again["release"] is None and life.again["words"] == []
    assert "nothing to do: release 1" in life.again["message"]


def test_the_second_release_grows_from_the_first_and_leaves_old_rows_alone(life):
    assert life.second["release"] == 2 and life.second["parent"] == 1
    old_stack, old = check_bundle(release_folder(life.place, 1))
    new_stack, new = check_bundle(release_folder(life.place, 2))
    assert new_stack[: len(old_stack)].tobytes() == old_stack.tobytes()
    assert set(old.known_words) <= set(new.known_words)
    known = {row["word"]: row["verdict"] for row in life.second["words"]}
    assert known["node"] in ("unchanged", "improved")


def test_only_affected_points_were_rewritten(life):
    _, old = check_bundle(release_folder(life.place, 1))
    model = MiniCoil.load(release_folder(life.place, 2))
    points = all_points(life.place)
    affected = {p.id for p in points if is_affected(old, model.vocabulary, model.tokenizer.words(p.payload["text"]))}
    assert {p.id for p in points if p.payload[STAMP_FIELD] == 2} == affected
    (row,) = life.second["collections"]
    assert row["n_affected"] == row["n_rewritten"] == len(affected) < row["n_points"]


def test_both_releases_can_be_read_from_the_same_points(life):
    record = read_collection_record(life.place.objects(), "docs")
    assert (record.release, record.previous) == (2, 1)
    points = all_points(life.place)
    for number in (1, 2):
        model = MiniCoil.load(release_folder(life.place, number), record.k, record.b, record.avg_len)
        for point, vector in zip(points, model.embed([p.payload["text"] for p in points]), strict=True):
            stored = point.vectors["minicoil"]
            values = dict(zip(stored.indices.tolist(), stored.values.tolist(), strict=True))
            found = [values[i] for i in vector.indices.tolist()]
            np.testing.assert_allclose(found, vector.values, atol=1e-4)


def test_search_ranks_and_compares(life):
    answer = search_collection(life.place, "docs", "shortest path between nodes", 5, compare=True)
    assert len(answer["results"]) == len(answer["bm25"]) == 5 and answer["release"] == 2
    assert answer["results"][0]["score"] > 0 and "path" in answer["results"][0]["text"].lower()


def test_a_pulled_release_loads_in_fastembed(life, tmp_path):
    from fastembed import SparseTextEmbedding

    pull(life.place, "production", str(tmp_path / "release-2"))
    (vector,) = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=str(tmp_path / "release-2")).embed(
        "nodes"
    )
    assert len(vector.indices) == 4
    with pytest.raises(UsageError, match="is no release"):
        pull(life.place, "production", str(tmp_path))


def test_ledger_releases_and_verification_can_be_looked_at(life):
    words = {row["word"] for row in list_words(life.place, "production", None)["words"]}
    assert {"node", "weight", "zzyzx"} <= words
    (node,) = list_words(life.place, "production", "nodes")["words"]
    assert node["history"] and "node" in node["forms"]
    with pytest.raises(ReleaseError, match="never trained"):
        list_words(life.place, "production", "absent")
    releases = list_all_releases(life.place)["releases"]
    assert [(r["release"], r["parent"]) for r in releases] == [(1, None), (2, 1)]
    assert show_release(life.place, "2")["facts"]["n_words"] >= 3
    assert verify(life.place, "production")["problems"] == []


def test_bad_requests_are_refused_and_leave_everything_as_it_was(life, tmp_path):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import ExtendParameters
    from flows.orchestration.embedded import run

    before = read_channel(life.place.objects(), "production")
    base = {"home": str(life.home), "corpus": ["pydocs:networkx"], "sample": 250}
    for values, error, message in (
        ({"words": ["two words"]}, UsageError, "not one word"),
        ({"words": ["the"]}, UsageError, "stopword"),
        ({"corpus": ["/nowhere"]}, CorpusError, "was not found"),
        ({"collections": ["absent"]}, CollectionError, "absent is not on channel"),
        ({"base": str(tmp_path)}, BundleError, "is not a miniCOIL model"),
        ({"words_file": "/nowhere"}, UsageError, "cannot be read"),
    ):
        with pytest.raises(error, match=message):
            extend_vocabulary(ExtendParameters(**{**base, **values}))
    with pytest.raises(UsageError, match="dims"):
        run("extend-vocabulary", {**base, "dims": 5})
    assert read_channel(life.place.objects(), "production") == before
    with pytest.raises(CollectionError, match="'nope' was not found; collections here: docs"):
        search_collection(life.place, "nope", "x", 3)


def test_a_dry_run_says_words_points_and_cost_and_changes_nothing(life):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import ExtendParameters

    before = list_all_releases(life.place)
    values = {"home": str(life.home), "corpus": ["pydocs:networkx"], "sample": 250, "dry_run": True, "mine": 5}
    answer = extend_vocabulary(ExtendParameters(**values))
    assert 0 < len(answer["words"]) <= 5 and all(row["reasons"] for row in answer["words"])
    assert answer["estimate"]["cpu_minutes"] >= 0 and answer["estimate"]["n_points"] > 0
    rows = answer["frontier"]
    assert (rows[-1]["n_words"], rows[-1]["n_points"]) == (len(answer["words"]), answer["estimate"]["n_points"])
    values |= {"mine": None, "words": ["graph", "shortest"], "max_points": 1}
    bounded = extend_vocabulary(ExtendParameters(**values))
    assert bounded["words"] == [] and len(bounded["refused_words"]) == 2, "named, so never left out silently"
    assert all("more than 1 points" in row["reason"] for row in bounded["refused_words"])
    assert list_all_releases(life.place) == before


def test_a_second_command_on_the_same_home_is_told_who_is_there(tmp_path):
    with (
        writer_lock(tmp_path, "extend"),
        pytest.raises(BusyError, match="minicoil extend"),
        writer_lock(tmp_path, "index"),
    ):
        pass


def test_rollback_is_instant_and_contraction_keeps_what_is_served(life, tmp_path):
    from tasks.rewriting.promotion import contract_channel, promote, roll_back_channel

    shutil.copytree(life.home, tmp_path / "home", ignore=shutil.ignore_patterns("*.sock", "prefect"))
    place = type(life.place).at(tmp_path / "home")
    assert roll_back_channel(place, "production")["release"] == 1
    assert search_collection(place, "docs", "nodes", 3)["release"] == 1
    contract_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (1, None)
    model = MiniCoil.load(release_folder(place, 1), record.k, record.b, record.avg_len)
    points = all_points(place)
    for point, vector in zip(points, model.embed([p.payload["text"] for p in points]), strict=True):
        assert sorted(point.vectors["minicoil"].indices.tolist()) == sorted(vector.indices.tolist())
    with pytest.raises(ReleaseError, match="cells are gone"):
        roll_back_channel(place, "production")
    served, other = (list_words(place, "production", None, release) for release in (None, 2))
    assert (served["release"], other["release"]) == (1, 2) and len(other["words"]) > len(served["words"])
    assert promote(place, "production", 2)["promoted"]
    assert search_collection(place, "docs", "nodes", 3)["release"] == 2


def test_the_command_line_answers_in_json_and_with_exit_status(life):
    def call(*arguments):
        command = [sys.executable, "-m", "flows.cli", *arguments, "--home", str(life.home), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    status, answer = call("search", "docs", "nodes of a graph", "--limit", "2")
    assert status == 0 and [set(row) >= {"id", "score", "text"} for row in answer["results"]] == [True, True]
    status, answer = call("search", "nope", "x")
    assert status == 1 and answer["error"] == "CollectionError"
    status, answer = call("release", "list")
    assert status == 0 and len(answer["releases"]) == 2
    command = [sys.executable, "-m", "flows.cli", "index"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


@pytest.fixture(scope="module")
def copied_home(life, tmp_path_factory):
    home = tmp_path_factory.mktemp("copy") / "home"
    shutil.copytree(life.home, home, ignore=shutil.ignore_patterns("*.sock", "prefect"))
    return home


def test_retraining_measures_served_words_and_keeps_only_what_is_better(copied_home):
    from flows.forms import RetrainParameters
    from flows.retrain_words import retrain_words

    values = {
        "home": str(copied_home),
        "corpus": ["pydocs:networkx"],
        "sample": 400,
        "max_sentences": 200,
        "below": 0.99,
    }
    answer = retrain_words(RetrainParameters(**values))
    assert answer["n_measured"] >= 3 and answer["n_underperforming"] >= 1
    assert {row["verdict"] for row in answer["words"]} <= {"improved", "unchanged", "removed"}
    for row in answer["words"]:
        if row["verdict"] == "improved":
            assert row["ordering_accuracy"] > row["old_ordering_accuracy"]
    rows = answer["frontier"]
    assert rows[-1]["n_words"] == answer["n_underperforming"] and rows[-1]["share_of_gain"] == 1
    assert 0 < rows[0]["n_points"] <= rows[-1]["n_points"] and answer["n_left_out"] == 0
    again = retrain_words(RetrainParameters(**values))
    assert not [row for row in again["words"] if row["verdict"] == "improved"]
    bounded = retrain_words(RetrainParameters(**values, max_points=rows[0]["n_points"]))
    assert bounded["n_underperforming"] + bounded["n_left_out"] == again["n_underperforming"]
    assert bounded["n_left_out"] and not bounded["release"]


def test_a_removed_word_returns_to_plain_bm25_everywhere(copied_home):
    from flows.forms import RemoveParameters
    from flows.remove_words import remove_words
    from tasks.place import Place

    place = Place.at(copied_home)
    answer = remove_words(RemoveParameters(home=str(copied_home), words=["paths", "absentword"]))
    assert {row["word"]: row["verdict"] for row in answer["words"]} == {"path": "removed", "absentword": "kept_bm25"}
    assert answer["promoted"] and answer["collections"][0]["n_rewritten"] > 0
    found = search_collection(place, "docs", "path", 3, compare=True)
    assert found["release"] == answer["release"]
    assert [row["id"] for row in found["results"]] == [row["id"] for row in found["bm25"]]
    assert "nothing to do" in remove_words(RemoveParameters(home=str(copied_home), words=["path"]))["message"]


def test_a_word_with_the_same_sentences_is_not_trained_again(life, tmp_path, monkeypatch):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import ExtendParameters

    shutil.copytree(life.home, tmp_path / "home", ignore=shutil.ignore_patterns("*.sock", "prefect"))
    monkeypatch.setattr("minicoil.training.train_words", lambda *a: pytest.fail("trained again"))
    values = {"home": str(tmp_path / "home"), "corpus": ["pydocs:networkx"], "sample": 250, "max_sentences": 120}
    answer = extend_vocabulary(ExtendParameters(**values, words=["weights"]))
    assert [row["verdict"] for row in answer["words"]] == ["unchanged"]
    assert "trained on the same" in answer["words"][0]["reason"]
    assert answer["release"] is None


def test_cells_for_readers_that_say_nothing_wait_for_the_owner_and_no_nightly_run_fails(life, tmp_path, monkeypatch):
    from flows.forms import ReencodeParameters
    from flows.forms.reader_parameters import ReadersParameters
    from flows.orchestration.artifacts import release_status
    from flows.reencode_collections import reencode_collections
    from flows.settle_readers import settle_readers
    from tasks.place import Place

    home, shown = tmp_path / "home", {}
    shutil.copytree(life.home, home, ignore=shutil.ignore_patterns("*.sock", "prefect"))
    monkeypatch.setattr("flows.orchestration.artifacts.show_table", lambda rows, key, **_: shown.update({key: rows}))
    place = Place.at(home)
    assert read_collection_record(place.objects(), "docs").readable == (2, 1)
    settle_readers(ReadersParameters(home=str(home), known=False))
    nightly = reencode_collections(ReencodeParameters(home=str(home), grace_hours=0))
    (row,) = nightly["waiting"]
    assert nightly["contracted"] == [] and (row["waiting"], row["unannounced"]) == ([1], True)
    assert "readers --ack 1" in shown["cells-that-wait"][0]["what lets them go"]
    assert row["message"] in release_status(2, {"promoted": True, "waiting": [row]})
    with pytest.raises(BusyError, match="the cells of release 1 stay"):
        reencode_collections(ReencodeParameters(home=str(home), contract=True))
    said = settle_readers(ReadersParameters(home=str(home), acknowledged=["1"]))
    assert "docs: release 1" in said["message"]
    nightly = reencode_collections(ReencodeParameters(home=str(home), grace_hours=0))
    assert nightly["contracted"] == ["docs"] and nightly["waiting"] == []
    assert read_collection_record(place.objects(), "docs").readable == (2,)


def test_a_promotion_is_given_up_by_a_flow_as_well(copied_home):
    from flows.abandon_promotion import abandon_promotion
    from flows.forms.release_parameters import AbandonParameters
    from tasks.catalogue.channels import set_pending
    from tasks.place import Place

    objects = Place.at(copied_home).objects()
    current = read_channel(objects, "production").current
    set_pending(objects, "production", 1, current)
    before = read_channel(objects, "production")
    answer = abandon_promotion(AbandonParameters(home=str(copied_home)))
    assert (answer["abandoned"], answer["release"]) == (1, current) and before.pending == 1
    assert read_channel(objects, "production").pending is None
    assert abandon_promotion(AbandonParameters(home=str(copied_home)))["abandoned"] is None
