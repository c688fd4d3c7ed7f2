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
