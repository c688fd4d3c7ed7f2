"""The same request has the same digest, another one another, and whoever asks again is answered by the same release."""

import codecs

import pytest

from tasks.catalogue.releases import publish_release
from tasks.catalogue.requests import file_digests, find_request, request_digest
from tasks.store.damage import forget_damage
from tasks.store.local_store import LocalStore


def test_a_file_with_other_words_is_another_request(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("pod")
    one = file_digests(words_file=str(path), queries=None)
    path.write_text("node")
    assert one.keys() == {"words_file_digest"} and file_digests(words_file=str(path), queries=None) != one
    path.write_bytes(codecs.BOM_UTF8)
    assert file_digests(words_file=None, queries=None) == {}


ASKED = {"channel": "production", "common": 1000, "corpus": ["./texts"], "seed": 7}


def test_where_it_runs_and_how_it_is_judged_and_shown_do_not_matter():
    same = {"home": "/x", "store": "s3://b/x", "qdrant_url": "http://h", "promote": True, "dry_run": False}
    same |= {"collections": ["docs"], "judged_sets": ["a"], "approval_days": 3, "points_budget": 9, "evaluate": "no"}
    assert request_digest({**ASKED, **same}, "c") == request_digest(ASKED, "c")


@pytest.mark.parametrize("change", [{"common": 999}, {"corpus": ["./texts", "more"]}, {"seed": None}, {"new": 1}])
def test_whatever_else_is_asked_is_another_request(change):
    assert request_digest({**ASKED, **change}, "c") != request_digest(ASKED, "c")
    assert request_digest(ASKED, "d") != request_digest(ASKED, "c")


def test_order_does_not_matter():
    assert request_digest(dict(reversed(ASKED.items())), "c") == request_digest(ASKED, "c")


def test_options_that_came_later_say_nothing_until_somebody_uses_them():
    unused = {"max_ids": None, "also": [], "ambiguous": None, "importance": "keep", "rounding": "none"}
    unused |= {"language": None, "licence": None}
    known = request_digest(ASKED, "c")
    assert request_digest({**ASKED, **unused}, "c") == known
    used = {"max_ids": 9, "also": ["pod"], "ambiguous": 3, "importance": "learn", "rounding": "8", "language": "de"}
    digests = {request_digest({**ASKED, **unused, name: value}, "c") for name, value in used.items()}
    assert len(digests - {known}) == len(used)


def test_a_request_keeps_its_digest_from_version_to_version():
    assert request_digest(ASKED, "c") == "3b8e2fcc628e32eace3f1724e5bb516eb1730012848aebf5db26378d68f22a5d"


def test_the_newest_release_that_answered_is_found_past_those_that_cannot_be_read(tmp_path):
    store = LocalStore(tmp_path / "store")
    for number, request in enumerate(("one", "two", "two", "three"), 1):
        (tmp_path / "model").mkdir(exist_ok=True)
        publish_release(store, tmp_path / "model", number - 1 or None, {"request": request})
    assert [find_request(store, name).release for name in ("one", "two", "three")] == [1, 3, 4]
    assert find_request(store, "four") is None
    store.write("releases/3/manifest.json", b"{")
    assert find_request(store, "two").release == 2
    forget_damage()


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_digests(words_file=str(tmp_path / "absent"))
