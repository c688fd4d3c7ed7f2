"""A text that came by is known from then on, in every process, and a filter that would know all begins anew."""

import os

from encoded_entries import key

from tasks.embeddings.seen_texts import SeenTexts


def test_what_was_seen_is_shared_and_forgotten_when_it_would_say_yes_to_everything(tmp_path, monkeypatch):
    one, other = SeenTexts(tmp_path / "bits"), SeenTexts(tmp_path / "bits")
    assert not one.add(key(7)) and other.add(key(7)) and not other.add(key(8))
    monkeypatch.setattr("tasks.embeddings.seen_texts._FULLEST", 100)
    assert sum(SeenTexts(tmp_path / "more").add(os.urandom(16)) for _ in range(100)) < 3
    full = SeenTexts(tmp_path / "more")
    full.add(key(9))
    assert full._n_set == 1 and full.add(key(9))
    (tmp_path / "file").write_text("")
    nowhere = SeenTexts(tmp_path / "file" / "bits")
    assert not nowhere.add(key(1)) and nowhere.add(key(1))


def test_nothing_is_made_before_a_text_comes_by_and_the_file_has_its_whole_size_then(tmp_path):
    seen = SeenTexts(tmp_path / "below" / "bits")
    assert not (tmp_path / "below").exists()
    seen.add(key(1))
    assert (tmp_path / "below" / "bits").stat().st_size == 2**20


def test_a_file_that_was_cut_is_filled_up_and_one_that_is_longer_is_used(tmp_path):
    SeenTexts(tmp_path / "bits").add(key(1))
    for size in (5, 2**20 + 9):
        with (tmp_path / "bits").open("r+b") as file:
            file.truncate(size)
        seen = SeenTexts(tmp_path / "bits")
        assert seen.add(key(1)) and not seen.add(key(10**9 + size))


def test_keys_are_told_apart_by_their_first_eight_bytes(tmp_path):
    seen = SeenTexts(tmp_path / "bits")
    assert not seen.add(b"abcdefgh-one") and seen.add(b"abcdefgh-other") and not seen.add(b"bbcdefgh")
