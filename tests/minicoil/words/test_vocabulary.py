"""The laws that keep old vectors valid, over random histories of a vocabulary."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from vocabulary_lives import BASE, STEMS, TOKENS, WORDS, owned, steps, texts, walk

from minicoil.config import Bm25Config
from minicoil.errors import BundleError, VocabularyError, VocabularyFullError
from minicoil.sparse.cells import bm25_vector, unknown_cell
from minicoil.words.unknown_words import GAP, shift_of
from minicoil.words.vocabulary import Vocabulary


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_no_match_of_a_query_word_disappears(history, corpus):
    for old, _, new in walk(history, corpus):
        for text in ([token for token in text if token not in ("univers", "univer")] for text in corpus):
            for word in WORDS:
                if shared([word], text, old):
                    assert shared([word], text, new), (word, text)


def shared(query, text, vocabulary):
    return owned(query, vocabulary) & owned(text, vocabulary)


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_a_cell_keeps_its_tokens_for_ever_and_ids_are_never_given_out_twice(history, corpus):
    owners: dict[int, set[str]] = {}
    given_out: set[int] = set()
    for _, fresh, new in walk(history, corpus):
        assert not given_out & set(fresh.values())
        given_out |= set(fresh.values())
        for word in new.known_words:
            tokens = {token for token in [*TOKENS, *STEMS] if new.resolve(token) == new.ids[word]}
            before = owners.setdefault(new.ids[word], tokens)
            # a joined token is mapped when it is first met; nothing pointed at it before
            assert {t for t in before if t.isalpha()} == {t for t in tokens if t.isalpha()}


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_fillers_and_tombstones_match_nothing_and_the_shift_stays(history, corpus):
    for old, _, new in walk(history, corpus):
        assert new.unknown_shift == old.unknown_shift
        assert len(new.words) == len(old.words)
        dead = {i for i, word in enumerate(new.words, 1) if " " in word}
        assert not dead & {new.resolve(token) for token in [*TOKENS, *STEMS]}


def test_every_added_form_resolves_though_the_stemmer_is_not_idempotent():
    vocabulary, ids = Vocabulary.empty(capacity=50).apply({"univers": ["university", "universe"]})
    assert {vocabulary.resolve(form) for form in ("university", "universe", "univers")} == {ids["univers"]}
    assert vocabulary.unreachable == ()


def test_a_retrained_word_gets_a_fresh_id_and_leaves_a_tombstone():
    first, ids = Vocabulary.empty(capacity=50).apply({"pod": ["pods"]})
    second, fresh = first.apply(retrain=["pod"])
    assert fresh["pod"] == 2 and ids["pod"] == 1
    assert " " in second.words[0] and second.resolve("pods") == 2


def test_an_unreachable_word_of_a_base_is_reached_by_its_forms_once_it_is_retrained():
    assert BASE.unreachable == ("univers",) and BASE.resolve("university") == 0
    new, fresh = BASE.apply(retrain=["univers"])
    assert new.resolve("university") == fresh["univers"] and new.unreachable == ()
    assert new.entry_id("pod") == BASE.entry_id("pod")


def test_a_removed_word_returns_to_its_hashed_cell():
    first, _ = Vocabulary.empty(capacity=50).apply({"pod": ["pods"]})
    second, _ = first.apply(remove=["pod"])
    assert second.resolve("pods") == 0
    plain = bm25_vector(["pods"], second, Bm25Config())
    assert plain.indices.tolist() == [unknown_cell("pod", second.unknown_shift)]


def test_a_neighbour_whose_tokens_are_taken_over_gets_a_fresh_id_too():
    first, _ = Vocabulary.empty(capacity=50).apply({"univer": ["univers"]})
    second, fresh = first.apply({"univers": ["university"]})
    assert set(fresh) == {"univer", "univers"}
    assert second.resolve("univers") == fresh["univers"]


@pytest.mark.parametrize("word", ["the", "two words", "", "a" * 41, "pod\u2122"])
def test_what_can_never_be_a_word_is_refused(word):
    with pytest.raises(VocabularyError):
        Vocabulary.empty(capacity=50).apply({word: []})


def test_growing_past_the_shift_is_refused_before_anything_changes():
    base = Vocabulary(tuple(f"w{chr(97 + i % 26)}{i}" for i in range(7998)), {}, dims=4)
    assert base.ids_left == 0
    with pytest.raises(VocabularyFullError, match="no id is left"):
        base.apply({"pod": []})


@settings(max_examples=200, deadline=None)
@given(st.integers(10, 30_000), st.sampled_from([4, 8, 16]))
def test_ids_left_is_exactly_what_the_shift_allows(n_words, dims):
    vocabulary = Vocabulary(tuple(f"w{i}" for i in range(n_words)), {}, dims)
    assert shift_of(n_words + vocabulary.ids_left, dims) == vocabulary.unknown_shift
    assert shift_of(n_words + vocabulary.ids_left + 1, dims) == vocabulary.unknown_shift + GAP


def test_a_vocabulary_comes_back_from_disk_as_it_was(tmp_path):
    vocabulary, _ = Vocabulary.empty(capacity=50).apply({"pod": ["pods"]})
    vocabulary.write(tmp_path / "v")
    assert Vocabulary.read(tmp_path / "v", 4) == vocabulary


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        '{"vocab": [1], "stem_mapping": {}}',
        '{"vocab": ["a"], "stem_mapping": {"b": "c"}}',
        '{"vocab": ["a", "a"], "stem_mapping": {}}',
    ],
)
def test_a_damaged_vocabulary_file_is_refused_by_name(tmp_path, document):
    (tmp_path / "v.vocab").write_text(document)
    with pytest.raises(BundleError, match="v.vocab"):
        Vocabulary.read(tmp_path / "v.vocab", 4)


def test_a_base_with_unreachable_words_says_which(tmp_path):
    (tmp_path / "v").write_text(
        json.dumps({"vocab": ["univers", "pod"], "stem_mapping": {"univer": "univers", "pod": "pod"}})
    )
    base = Vocabulary.read(tmp_path / "v", 4)
    assert base.unreachable == ("univers",)
    assert np.all(np.diff([base.ids[w] for w in base.known_words]) == 1)
