"""Models at hand: what a channel's next release grows from, who descends from whom, and what finished runs leave."""

import pytest
from collection_records import make_record
from small_service import serve

from minicoil.errors import ReleaseError, UsageError
from tasks.models.bundles import (
    is_ancestor,
    lineage,
    open_model,
    open_model_of,
    open_parent,
    remove_published_work,
    remove_work,
)
from tasks.models.empty import open_empty
from tasks.place import Place


def test_a_lineage_begins_with_the_empty_model_and_ends_with_the_release(place):
    assert [lineage(place, number) for number in (0, 1, 3)] == [(0,), (0, 1), (0, 1, 2, 3)]
    with pytest.raises(ReleaseError, match="release 9 was not found"):
        lineage(place, 9)


@pytest.mark.parametrize(
    ("older", "newer", "is_one"), [(0, 3, True), (1, 3, True), (3, 3, True), (3, 1, False), (0, 0, True), (7, 2, False)]
)
def test_everything_grew_from_nothing_and_a_release_from_itself(place, older, newer, is_one):
    assert is_ancestor(place, older, newer) is is_one


def test_an_extension_grows_from_what_the_channel_serves_and_else_from_the_empty_model(place, tiny_encoder):
    encoder = str(tiny_encoder)
    empty = open_parent(place, "production", encoder)
    assert (empty.release, empty.folder) == (None, open_empty(place, encoder, 4)) and not empty.vocabulary.known_words
    serve(place, 2)
    parent = open_parent(place, "production", "anything else", dims=9)
    assert (parent.release, parent.facts.dims) == (2, 4) and "shard" in parent.vocabulary.known_words
    assert open_parent(place, "staging", encoder).release is None
    with pytest.raises(UsageError) as caught:
        open_parent(place, "production", language="de")
    assert str(caught.value).startswith(
        "channel 'production' is at release 2, which is English (en), not German (de); a language never changes"
    )


def test_a_base_is_what_a_channel_without_release_starts_from(place, releases, tiny_encoder):
    base = str(releases.parent / "model-1")
    parent = open_parent(place, "production", str(tiny_encoder), base=base)
    assert parent.release is None and "pod" in parent.vocabulary.known_words
    with pytest.raises(UsageError, match=r"base '.*model-1' is English \(en\), not French \(fr\)"):
        open_parent(place, "production", base=base, language="fr")
    serve(place, 3)
    assert open_parent(place, "production", base=base).release == 3


def test_a_collections_release_0_is_the_empty_model_that_it_was_made_with(place, tiny_encoder):
    record = make_record(encoder=str(tiny_encoder), language="de")
    assert open_model_of(place, record, 0) == open_empty(place, str(tiny_encoder), 4, "de")
    assert open_model_of(place, record, 2) == open_model(place, 2, "any", 9)
    with pytest.raises(ReleaseError, match="release 9 was not found"):
        open_model(place, 9, "any", 4)


def test_work_goes_at_once_and_what_is_not_there_costs_nothing(tmp_path):
    (tmp_path / "run" / "below").mkdir(parents=True)
    remove_work(tmp_path / "run")
    remove_work(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_work_of_published_releases_and_half_removed_work_goes_and_other_work_stays(place):
    for path in ("a/release-2", "b/release-9", "c/release-\u00b2", "d/other", ".gone-1/release-1"):
        (place.work / path).mkdir(parents=True)
    remove_published_work(place)
    assert sorted(path.name for path in place.work.iterdir()) == ["b", "c", "d"]
    remove_published_work(Place.at(place.home / "nowhere"))
