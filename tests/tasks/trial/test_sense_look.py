"""Which queries about a meaning are asked: those that tell it, among the sentences of their own word."""

from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.retrieval.sense_queries import WordSentences
from minicoil.text.languages import ENGLISH, open_language
from tasks.place import Place
from tasks.trial import sense_look
from tasks.trial.sense_look import _among_own, _telling, look_at_senses

FORMS = {"pod": ("pod", "pods")}


def asked(queries, words):
    return RetrievalSet("senses", "senses", {}, queries, {query: {"1": 1} for query in queries}, words=words)


def test_a_query_without_another_word_of_content_tells_no_meaning():
    queries = {"a": "pods of the", "b": "pods of a cluster", "c": "the pod", "d": "Pod, podded", "e": "pods 17"}
    found = _telling(asked(queries, dict.fromkeys(queries, "pod")), FORMS, ENGLISH)
    assert set(found.queries) == {"b", "e"}  # "podded" is another form by its stem


def test_the_stopwords_are_those_of_the_language():
    german = open_language("de")
    queries = {"a": "pod und der", "b": "pod im meer"}
    assert set(_telling(asked(queries, dict.fromkeys(queries, "pod")), FORMS, german).queries) == {"b"}


def test_each_query_is_ranked_among_the_sentences_of_its_own_word_alone(monkeypatch):
    monkeypatch.setattr(sense_look, "MAX_WORDS", 2)
    sources = [
        WordSentences(word, (word,), keys, [f"{word} {key}" for key in keys], None, None)
        for word, keys in (("pod", [1, 2]), ("bank", [3, 4]), ("rare", [5]))
    ]
    documents = {str(key): "text" for key in (1, 2, 3, 4, 5)}
    queries = {"p1": "x", "p2": "x", "b1": "x", "b2": "x", "r1": "x"}
    words = {query: {"p": "pod", "b": "bank", "r": "rare"}[query[0]] for query in queries}
    left_out = {query: frozenset({"1"}) if query == "p1" else frozenset() for query in queries}
    data = RetrievalSet("senses", "senses", documents, queries, {q: {} for q in queries}, words, left_out)
    found = _among_own(data, sources)
    assert set(found.queries) == {"p1", "p2", "b1", "b2"} and set(found.documents) == {"1", "2", "3", "4"}
    assert found.left_out["p1"] == {"1", "3", "4"} and found.left_out["b2"] == {"1", "2"}


def test_a_home_without_sentences_has_nothing_to_ask(place: Place):
    look = look_at_senses(place, 1)
    assert not look.words and look.n_one_meaning == len(sense_look.Ledger.read(place_folder(place)).served())


def place_folder(place):
    return sense_look.open_release(place.objects(), 1, place.cache)
