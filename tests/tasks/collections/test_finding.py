"""The points that a change of words affects are found, all of them and no others."""

import pytest
from foreign_points import ATTACH

from tasks.adoption.attaching import attach_collection
from tasks.rewriting.promotion import promote


def test_a_changed_word_whose_old_layer_was_zero_is_found_all_the_same(place, foreign, texts, monkeypatch):
    from tasks.collections import finding
    from tasks.rewriting import reencoding

    attach_collection(place, foreign, ATTACH)
    monkeypatch.setattr(type(foreign), "find", lambda *a: pytest.fail("cells of zeros lead nowhere"))
    monkeypatch.setattr(reencoding, "weigh_rewritten", lambda *a: [])  # it asks for the new cells
    monkeypatch.setattr(finding.Finder, "_has_silent_word", property(lambda self: True))
    assert promote(place, "production", 2)["collections"][0]["n_rewritten"] > 0
