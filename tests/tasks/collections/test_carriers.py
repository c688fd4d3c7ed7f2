"""The points that carry a word are counted before it is trained: by keys in collections of ours, by cells elsewhere."""

import pytest
from foreign_points import ATTACH
from small_service import index, serve

from minicoil.sparse.model import MiniCoil
from minicoil.text.languages import ENGLISH
from minicoil.text.stemming import part_stems, stem
from tasks.adoption.attaching import attach_collection
from tasks.catalogue.registry import read_collection_record
from tasks.collections.carriers import Carriers, count_carriers
from tasks.collections.drawn_points import draw_points
from tasks.models.bundles import open_model


def model_of(place, release, name="docs"):
    record = read_collection_record(place.objects(), name)
    return MiniCoil.load(open_model(place, release, "minilm", 4), record.k, record.b, record.avg_len)


@pytest.mark.parametrize("ours", [True, False])
def test_the_points_of_a_word_are_counted_before_it_is_trained(place, foreign, texts, ours):
    """By keys in a collection of ours, by cells in a stranger's, which carries nothing of this service."""
    attach_collection(place, foreign, ATTACH)
    index(place, foreign, texts)
    record = read_collection_record(place.objects(), "docs" if ours else "theirs")
    carriers = Carriers(place, foreign, [record])
    tokens = [text.tokens for text in model_of(place, 1).tokenizer.tokenize(texts)]  # a model loads in half a second
    for forms in ({"shard": ["shards"]}, {"pod": ["pods"]}, {"shard": ["shards"], "garden": ["garden"]}):
        names = {name for word, others in forms.items() for name in (word, *others)}
        expected = sum(any({t, stem(t), *part_stems(t)} & names for t in words) for words in tokens)
        assert carriers.count_all(forms) == expected > 10, forms
    assert carriers.count_all({}) == 0
    each = {word: [f"{word}s"] for word in ("shard", "pod", "absent")}
    drawn = draw_points(carriers, each, ENGLISH)  # every point, where there are few
    assert drawn.spread.counts(3).tolist() == [carriers.count_all({word: forms}) for word, forms in each.items()]
    assert drawn.n_points == len(texts) and drawn.spread.counts(3)[1] > 10


def test_a_collection_behind_its_channel_is_asked_for_the_cells_that_it_has(place, foreign, texts):
    """Release 2 retrained "pod": its cells are others than those in a collection that still carries release 1."""
    attach_collection(place, foreign, ATTACH)
    serve(place, 2)
    record = read_collection_record(place.objects(), "theirs")
    assert record.release == 1
    n = sum("pods" in text.split() for text in texts)
    assert Carriers(place, foreign, [record]).count_all({"pod": ["pods"]}) >= n > 10


def test_counts_are_asked_for_once_and_names_are_keys_in_collections_of_ours(place, texts, monkeypatch):
    with place.points() as points:
        serve(place, 1)
        index(place, points, texts[:30])
        record = read_collection_record(place.objects(), "docs")
        carriers = Carriers(place, points, [record, record])
        asked, count = [], type(points).count
        monkeypatch.setattr(type(points), "count", lambda *arguments: asked.append(arguments) or count(*arguments))
        n = carriers.count(record, {"pod": ["pods"]})
        assert n == carriers.count(record, {"pods": ["pod"]}) > 0  # the same keys, however they are given
        assert carriers.count_all({"pod": ["pods"]}) == 2 * n and len(asked) == 1
        assert list(carriers.names(record, {"pod": ["pods"], "node": []})) == ["node", "pod", "pods"]
        assert carriers.count(record, {}) == 0 and len(asked) == 1
        assert count_carriers(points, record, ["pod", "pod", "pods"], ()) == n
