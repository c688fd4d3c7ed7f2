"""The points that a change of words affects are found, all of them and no others."""

from dataclasses import replace

import pytest
from foreign_points import ATTACH, foreign_points
from small_service import index, serve

from minicoil.sparse.impact import is_affected
from tasks.adoption.attaching import attach_collection
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import open_record
from tasks.collections import finding
from tasks.collections.finding import UNSTAMPED, Found
from tasks.points import CollectionSchema
from tasks.rewriting.promotion import promote
from tasks.rewriting.reencoding import open_finder


def test_a_changed_word_whose_old_layer_was_zero_is_found_all_the_same(place, foreign, texts, monkeypatch):
    from tasks.collections import finding
    from tasks.rewriting import reencoding

    attach_collection(place, foreign, ATTACH)
    monkeypatch.setattr(type(foreign), "find", lambda *a: pytest.fail("cells of zeros lead nowhere"))
    monkeypatch.setattr(reencoding, "weigh_rewritten", lambda *a: [])  # it asks for the new cells
    monkeypatch.setattr(finding.Finder, "_has_silent_word", property(lambda self: True))
    assert promote(place, "production", 2)["collections"][0]["n_rewritten"] > 0


@pytest.fixture
def finder(place, texts):
    """A function that makes a finder from release 1 to 2 for the first texts, ours or a stranger's; and its engine."""
    with place.points() as engine:

        def make(ours, n=80, **changes):
            serve(place, 1)
            if ours:
                index(place, engine, texts[:n])
                record = open_record(place.objects(), "docs")
            else:
                engine.ensure("theirs", CollectionSchema(dense={"dense": 3}, sparse=("sparse",)))
                engine.upsert("theirs", foreign_points(place, texts[:n], 1))
                attach_collection(place, engine, ATTACH)
                record = open_record(place.objects(), "theirs")
            found, _ = open_finder(place, engine, record, 2)
            return engine, replace(found, **changes)

        yield make


def read(finder, **options):
    found, ids, n_looked_at = Found(), [], 0
    for rows, n in finder.affected(found, options.pop("target", None), **options):
        ids += [point.id for point, _ in rows]
        n_looked_at += n
    assert found.n_candidates == n_looked_at and found.n_affected == len(ids) == len(set(ids))
    return set(ids), found


def affected(engine, finder):
    """By looking at every text."""
    rows = [point for page in engine.scroll(finder.record.name) for point in page]
    texts = [finder.texts.read(point) for point in rows]
    tokens = [finder.tokenizer.words(text) for text in texts]
    return {p.id for p, t in zip(rows, tokens, strict=True) if is_affected(finder.old, finder.new, t)}


@pytest.mark.parametrize("ours", [True, False])
def test_exactly_the_affected_points_are_found_in_pages_and_by_parts_of_many_keys(finder, ours, monkeypatch):
    engine, whole = finder(ours)
    expected = affected(engine, whole)
    assert 10 < len(expected) < 80 and read(whole)[0] == expected
    monkeypatch.setattr(finding, "PAGE", 7)
    monkeypatch.setattr(finding, "_KEYS_PER_QUERY", 2)
    assert read(whole)[0] == expected
    parts = [read(replace(whole, part=(number, 3)))[0] for number in range(3)]
    assert set().union(*parts) == expected and sum(map(len, parts)) == len(expected)


def test_points_that_carry_the_targets_stamp_or_another_than_is_asked_for_are_left_out(finder):
    engine, whole = finder(True)
    expected = affected(engine, whole)
    done = sorted(expected)[:5]
    engine.set_payload("docs", done, {STAMP_FIELD: 2})
    assert read(whole, target=2)[0] == expected - set(done)
    assert read(whole, stamped=2)[0] == set(done) and read(whole, stamped=1)[0] == expected - set(done)
    assert read(whole)[0] == expected and read(whole, stamped=UNSTAMPED)[0] == set()


def test_a_strangers_points_have_no_stamp_until_they_are_written(finder):
    engine, whole = finder(False)
    expected = affected(engine, whole)
    written = min(expected)
    engine.set_payload("theirs", [written], {STAMP_FIELD: 1})
    assert read(whole, stamped=UNSTAMPED)[0] == expected - {written}


def test_candidates_whose_text_is_gone_are_counted_and_the_first_are_named(finder):
    engine, whole = finder(True)
    gone = sorted(affected(engine, whole))[:12]
    for name in gone:
        engine.remove_payload("docs", [name], ["text"])
    ids, found = read(whole)
    assert not ids & set(gone) and found.n_without_text == 12 and len(found.without_text) == 10
    assert all("has no text in its payload" in said for said in found.without_text)


def test_without_a_change_nothing_is_found(finder):
    engine, whole = finder(True, 10)
    ids, found = read(replace(whole, new=whole.old))
    assert (
        ids == set() and found.n_candidates == 0 and whole.describe() and replace(whole, new=whole.old).describe() == []
    )


@pytest.mark.parametrize("ours", [True, False])
def test_a_dry_run_shows_words_with_most_points_first_and_a_few_texts_in_one_line(finder, ours):
    engine, whole = finder(ours)
    rows = whole.describe(2)
    counts = [row["n_points"] for row in rows]
    assert counts == sorted(counts, reverse=True) and counts[-1] > 0
    assert all(0 < len(row["examples"]) <= 2 and "\n" not in "".join(row["examples"]) for row in rows)
    pod = next(row for row in rows if row["word"] == "pod")
    assert pod["n_points"] >= sum(
        "pods" in whole.texts.read(p).split() for page in engine.scroll(whole.record.name) for p in page
    )


def test_long_and_missing_texts_are_shown_short(finder):
    engine, whole = finder(True, 12)
    for number, (name,) in enumerate(zip(sorted(affected(engine, whole)), strict=True)):
        if number % 2:
            engine.set_payload("docs", [name], {"text": "a\n\n long  text " * 30})
        else:
            engine.remove_payload("docs", [name], ["text"])
    shown = {text for row in whole.describe(9) for text in row["examples"]}
    assert any(text.startswith("a long text a long") and len(text) == 120 and text.endswith("\u2026") for text in shown)
    assert any("has no text in its payload" in text for text in shown)
