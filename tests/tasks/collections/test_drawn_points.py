"""Points drawn of collections: the same ones every time, with their words and what they begin with."""

from types import SimpleNamespace

import numpy as np
import pytest

from minicoil.text.languages import ENGLISH
from tasks.catalogue.payload_fields import KEYS_FIELD
from tasks.collections.carriers import Carriers
from tasks.collections.drawn_points import draw_points
from tasks.points.records import Point

FORMS = {"pod": ["pods"], "node": []}


class Collection:
    """What is asked of an engine."""

    def __init__(self, payloads):
        self.payloads = dict(enumerate(payloads))

    def count(self, name):
        return len(self.payloads)

    def scroll(self, name, payload):
        yield [Point(number, {}) for number in self.payloads]

    def get(self, name, ids, fields, vectors):
        assert not vectors, "keys are enough in a collection of ours"
        return [Point(n, {key: v for key, v in self.payloads[n].items() if key in fields}) for n in ids]


def carriers_of(payloads, tmp_path):
    record = SimpleNamespace(name="docs", is_ours=True, text="{text}", corpus=())
    return Carriers(SimpleNamespace(cache=tmp_path), Collection(payloads), [record])


def test_each_point_counts_once_for_each_word_that_it_carries(tmp_path):
    rows = [{KEYS_FIELD: ["pod", "pods"]}, {KEYS_FIELD: ["pod", "node"]}, {KEYS_FIELD: ["other"]}, {}, {KEYS_FIELD: 3}]
    drawn = draw_points(carriers_of(rows, tmp_path), FORMS, ENGLISH)
    assert drawn.spread.counts(2).tolist() == [2, 1] and drawn.n_points == 5


def test_of_many_points_a_fair_and_repeatable_draw_stands_for_all(tmp_path):
    rows = [{KEYS_FIELD: ["pods"] if n % 4 == 0 else []} for n in range(4000)]
    first, again = (draw_points(carriers_of(rows, tmp_path), FORMS, ENGLISH, 1000) for _ in range(2))
    np.testing.assert_array_equal(first.spread.points, again.spread.points)
    assert first.spread.weights.sum() == pytest.approx(4000) and len(first.spread.weights) == 1000
    assert first.spread.counts(2)[0] == pytest.approx(1000, rel=0.15)


def test_texts_begin_with_a_title_or_their_first_sentence(tmp_path):
    rows = [
        {"title": "How pods start", "text": "How pods start\nThe scheduler looks at all nodes first."},
        {"text": "The scheduler looks at all the nodes first. Then it binds the pod to one of them."},
        {"title": "", "text": ""},
        {"title": 4},
    ]
    drawn = draw_points(carriers_of(rows, tmp_path), FORMS, ENGLISH)
    assert sorted(drawn.openings) == ["How pods start", "The scheduler looks at all the nodes first."]


def test_an_empty_collection_and_no_collection_have_no_points(tmp_path):
    for carriers in (carriers_of([], tmp_path), Carriers(None, None, [])):
        drawn = draw_points(carriers, FORMS, ENGLISH)
        assert (drawn.n_points, drawn.openings, drawn.spread.counts(2).tolist()) == (0, (), [0, 0])
