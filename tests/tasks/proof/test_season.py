"""The best release stays the measure for every later one, on its own questions, until another is as good."""

import json
import shutil

import numpy as np
import pytest

from minicoil.config import RetrievalGateConfig
from tasks.catalogue.best import BestServed, keep_best, read_best
from tasks.catalogue.manifest import release_key
from tasks.catalogue.registry import CollectionRecord, read_collection_record
from tasks.catalogue.releases import publish_release
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.proof.proving import looked_at
from tasks.proof.season import find_standard, hold_against

CONFIG = RetrievalGateConfig(max_documents=40, max_queries=20)
NOUNS = ("pods", "nodes", "kernel", "banks", "rivers", "pools", "flows", "workers", "graphs", "cells")


@pytest.fixture
def points(place, tmp_path):
    """A collection of twenty documents that release 1 serves."""
    rows = [
        {
            "_id": f"d{i}",
            "title": f"How {noun} met the {other} again",
            "text": f"Some {noun} kept number {i}. Every one of the {other} left in spring, by way {i}.",
        }
        for i, (noun, other) in enumerate((a, b) for a in NOUNS for b in NOUNS[:2] if a != b)
    ]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with place.points() as points:
        request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
        index_documents(
            place, points, request, read_corpora([str(tmp_path / "docs.jsonl")], CorpusReport()), CorpusReport()
        )
        yield points


@pytest.fixture
def records(place, points):
    return looked_at([read_collection_record(place.objects(), "docs")])


def judged(place, folder, change, verdict="passed", best=1):
    """Number of a release with what judging it against the best found."""
    row = {"best": best, "n_queries": 20, "verdict": verdict, "against_parent": {"change": change}}
    gate = {"verdict": verdict, "reasons": [], "sets": [{"n_queries": 5, "against_parent": {"change": -1.0}}, row]}
    return publish_release(place.objects(), folder, 3, {"retrieval_gate": gate}).release


def standard(place, points, records, served):
    return find_standard(place, points, "production", served, records, CONFIG)


def test_the_first_release_that_is_served_is_the_best_and_its_questions_stay(place, points, records):
    first = standard(place, points, records, 1)
    assert first.release == 1 and len(first.documents["docs"]) == len(set(first.documents["docs"])) == 18
    points.delete("docs", list(first.documents["docs"])[:3])
    assert standard(place, points, records, 1) == first
    evidence, not_used = hold_against(first, points, first.folder, records, place.cache, CONFIG)
    (found,) = evidence
    assert found.name == "docs as release 1 found it" and found.best == 1 and not not_used
    assert found.against_parent.n == 15 and found.against_parent.mean == 0.0


@pytest.mark.parametrize(
    ("change", "verdict", "best"),
    [(0.0, "passed", 4), (0.01, "passed", 4), (-0.001, "passed", 1), (-0.2, "failed", 4)],
    ids=["as good", "better", "a little worse", "refused and promoted by a person"],
)
def test_another_takes_its_place_where_it_is_as_good_or_a_person_chose_it(
    place, points, records, releases, change, verdict, best
):
    standard(place, points, records, 1)
    number = judged(place, releases.parent / "model-3", change, verdict)
    assert standard(place, points, records, number).release == best
    assert read_best(place.objects(), "production").release == best


def test_a_release_that_was_not_judged_leaves_the_best_alone(place, points, records, releases):
    standard(place, points, records, 1)
    assert standard(place, points, records, 2).release == 1
    number = judged(place, releases.parent / "model-3", 0.5, best=2)  # against another best
    assert standard(place, points, records, number).release == 1


def test_a_channel_that_was_moved_back_begins_anew(place, points, records):
    assert standard(place, points, records, 3).release == 3
    assert standard(place, points, records, 2).release == 2


def test_a_best_release_that_is_gone_or_a_damaged_note_gives_way_to_what_is_served(place, points, records):
    store = place.objects()
    keep_best(store, BestServed(name="production", release=1, at="2026-01-01", documents={}))
    store.delete(release_key(1, "manifest.json"))
    assert standard(place, points, records, 2).release == 2
    store.write("best/production.json", b'{"release": NaN}')
    assert standard(place, points, records, 2).release == 2
    assert read_best(store, "production").release == 2


def test_a_collection_that_is_new_or_empty_asks_nothing(place, points, records):
    first = standard(place, points, records, 1)
    other = CollectionRecord(**{**records[0].model_dump(), "name": "later"})
    assert len(hold_against(first, points, first.folder, [other, *records], place.cache, CONFIG)[0]) == 1
    points.delete("docs", list(first.documents["docs"]))
    evidence, (why,) = hold_against(first, points, first.folder, records, place.cache, CONFIG)
    assert evidence == [] and "'docs'" in why


def test_other_layers_are_measured_on_the_frozen_questions(place, points, records, releases):
    """Every query is compared, and layers that give other vectors give other figures."""
    first = standard(place, points, records, 1)
    bad = place.home / "bad"
    shutil.copytree(releases.parent / "model-1", bad)
    stack = np.load(bad / "minicoil.triplet.model.npy")
    rng = np.random.default_rng(0)
    np.save(bad / "minicoil.triplet.model.npy", rng.normal(size=stack.shape).astype(np.float32))
    (found,), _ = hold_against(first, points, bad, records, place.cache, CONFIG)
    assert found.against_parent.n == 18 and found.against_parent.mean != 0.0
