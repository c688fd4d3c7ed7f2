"""BM25 answers before anything is indexed."""

from tasks.trial.first_answer import answer_first


def test_the_pair_of_words_of_most_texts_is_asked_and_who_has_it_comes_first():
    texts = ["the api server is up", "an api server and a node", "a node is down", "the weather was fine that day"]
    first = answer_first(texts)
    assert first["query"] == "api server"
    assert {row["text"] for row in first["results"][:2]} == set(texts[:2])
    assert len(first["results"]) == 2


def test_texts_without_a_common_pair_are_asked_for_their_most_common_word():
    assert answer_first(["pods run", "pods stop"])["query"] == "pods"


def test_texts_without_words_answer_nothing():
    assert answer_first(["1 2 3", "is it so"]) is None
