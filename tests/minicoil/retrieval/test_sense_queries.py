import numpy as np

from minicoil.retrieval.sense_queries import SAFE_MARGIN, WordSentences, make_sense_queries

ANIMALS = [
    f"a pod of {n} whales swam past the {p}"
    for n in ("grey", "young", "old", "blue")
    for p in ("bay", "shore", "boat", "reef")
]
CLUSTER = [
    f"the pod runs {n} containers on its {p}"
    for n in ("two", "three", "many", "idle")
    for p in ("node", "host", "machine", "worker")
]


def word(held_out=None, open_rows=()):
    rng = np.random.default_rng(2)
    role = np.concatenate([np.tile([1.0, 0.0, 0.0], (16, 1)), np.tile([0.0, 1.0, 0.0], (16, 1))])
    role[list(open_rows)] = [0.7, 0.7, 0.0]  # as close to one sense as to the other
    role = role + rng.normal(0, 0.02, role.shape)
    role = np.concatenate([role, rng.normal(0, 0.02, (32, 20))], axis=1).astype(np.float32)
    role /= np.linalg.norm(role, axis=1, keepdims=True)
    texts = ANIMALS + CLUSTER
    held = np.ones(32, bool) if held_out is None else held_out
    return WordSentences("pod", ("pod", "pods"), list(range(100, 132)), texts, role, held)


def test_relevant_are_other_held_out_sentences_of_the_same_meaning():
    data = make_sense_queries("senses", [word()], per_word=6)
    assert len(data.queries) == 6 and data.is_proxy
    for query, text in data.queries.items():
        key = query.split(":")[1]
        same_sense = range(100, 116) if int(key) < 116 else range(116, 132)
        assert set(data.relevant[query]) == {str(k) for k in same_sense} - {key}
        assert "pod" in text.split() and key in data.left_out[query]


def test_only_held_out_sentences_are_searched():
    held = np.zeros(32, bool)
    held[[0, 1, 2, 20, 21, 22]] = True
    data = make_sense_queries("senses", [word(held)])
    assert set(data.documents) == {"100", "101", "102", "120", "121", "122"}


def test_a_sentence_whose_meaning_is_open_is_no_answer_and_no_mistake():
    data = make_sense_queries("senses", [word(open_rows=(3,))], per_word=30)
    assert "pod:103" not in data.queries and SAFE_MARGIN > 0
    assert all("103" not in relevant for relevant in data.relevant.values())
    assert all("103" in data.left_out[query] for query in data.queries)


def test_a_word_with_one_meaning_asks_nothing():
    one = word()
    flat = np.tile(one.role[0], (32, 1)) + np.random.default_rng(3).normal(0, 0.05, one.role.shape).astype(np.float32)
    same = WordSentences("pod", one.forms, one.keys, one.texts, flat.astype(np.float32), one.held_out)
    assert make_sense_queries("senses", [same]) is None


def test_among_all_sentences_those_that_taught_are_searched_and_held_out_ones_ask():
    held = np.zeros(32, bool)
    held[[0, 1, 20]] = True
    data = make_sense_queries("senses", [word(held, open_rows=(3,))], per_word=30, among="all")
    assert {query.split(":")[1] for query in data.queries} == {"100", "101", "120"}
    assert set(data.documents) == {str(key) for key in range(100, 132)} - {"103"}
    assert all(query.split(":")[1] in data.left_out[query] for query in data.queries)
