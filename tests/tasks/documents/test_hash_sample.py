"""A sample follows from texts and seed alone: not from their order, and a smaller one is part of a larger one."""

from hypothesis import given, settings, strategies as st

from tasks.documents.hash_sample import HashSample

TEXTS = [f"text {i}" for i in range(300)]


def sample(texts, size=20, seed=3, once=False):
    made = HashSample(size, seed, once)
    for name, text in texts:
        made.add(text, name, (name, text))
    return made.entries()


def named(texts):
    return [(f"d{i}", text) for i, text in enumerate(texts)]


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(named(TEXTS[:40])), size=st.integers(1, 45))
def test_order_does_not_matter_and_a_smaller_sample_begins_a_larger_one(order, size):
    everything = sample(named(TEXTS[:40]), 45)
    assert sample(order, size) == everything[:size] and len(everything) == 40


def test_another_seed_gives_another_sample():
    one, other = sample(named(TEXTS)), sample(named(TEXTS), seed=4)
    assert one != other and len(set(one) & set(other)) < 10


def test_of_equal_texts_each_counts_unless_they_count_once():
    texts = named(["same"] * 5 + TEXTS[:10])
    assert len([1 for _, text in sample(texts) if text == "same"]) == 5
    assert len([1 for _, text in sample(texts, once=True) if text == "same"]) == 1
    assert len(sample(texts, once=True)) == 11


def test_of_equal_texts_that_do_not_all_fit_the_names_decide_in_any_order():
    texts = named(["same"] * 5)
    for order in (texts, texts[::-1], [texts[i] for i in (2, 0, 4, 1, 3)]):
        assert [name for name, _ in sample(order, 3)] == [name for name, _ in sample(texts, 3)]


def test_a_text_that_fell_out_is_no_text_that_counts_once():
    """What was pushed out may come back in another's place only by its own hash, never twice."""
    texts = named(TEXTS + TEXTS[::-1])
    found = [text for _, text in sample(texts, 20, once=True)]
    assert sorted(set(found)) == sorted(found) and len(found) == 20
    assert found == [text for _, text in sample(named(TEXTS), 20)]


def test_a_text_that_utf8_cannot_hold_has_a_hash_too():
    assert sample([("a", "\ud800"), ("b", "b")]) and sample([]) == []
