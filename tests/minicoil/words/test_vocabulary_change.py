"""The laws of a vocabulary in another language, whose forms are listed while tokens stem as FastEmbed stems them: in English."""

import pytest
from hypothesis import given, settings, strategies as st
from vocabulary_lives import owned

from minicoil.errors import BundleError, VocabularyError
from minicoil.sparse.cells import count_words
from minicoil.sparse.impact import find_impact, is_affected, joined_tokens, text_keys
from minicoil.text.languages import open_language
from minicoil.text.stemming import stem
from minicoil.words.vocabulary import Vocabulary

GERMAN = open_language("de")
FORMS = [
    *(
        "haus",
        "hauser",
        "hausern",
        "hauses",
        "hausing",
        "lauf",
        "laufe",
        "laufs",
        "laufend",
        "laufende",
        "bank",
        "banken",
    ),
    *("banks", "banke", "rating", "rate", "rat", "rates", "not", "note", "noten", "organ", "organisation", "organe"),
]
STEMS = sorted({GERMAN.stem(form) for form in FORMS})
TOKENS = [*FORMS, *STEMS, "haus\u2122", "banken\u00ae", "\u00a5rat", "der", "the", "bins", ",", "[CLS]"]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "retrain", "remove"]),
        st.sets(st.sampled_from(STEMS), min_size=1, max_size=4),
        st.sets(st.sampled_from(FORMS), max_size=10),
    ),
    min_size=1,
    max_size=6,
)
texts = st.lists(st.lists(st.sampled_from(TOKENS), max_size=8), min_size=1, max_size=12)


def walk(history, corpus):
    """Every (old, fresh ids, new) step, of each word some forms seen."""
    vocabulary = Vocabulary.empty(capacity=300, language=GERMAN)
    joined = joined_tokens(token for text in corpus for token in text)
    for action, words, seen in history:
        live = set(vocabulary.known_words)
        chosen = sorted(words - live if action == "add" else words & live)
        forms = {word: sorted(form for form in seen if GERMAN.stem(form) == word) for word in chosen}
        if chosen:
            change = {"remove": chosen} if action == "remove" else {action: forms}
            new, fresh = vocabulary.apply(**change, joined_tokens=joined)
            yield vocabulary, fresh, new
            vocabulary = new


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_a_vector_changes_only_where_the_impact_says_so_and_is_found_by_key_and_by_cell(history, corpus):
    for old, _, new in walk(history, corpus):
        impact = find_impact(old, new)
        for text in corpus:
            if not is_affected(old, new, text):
                assert count_words(text, old) == count_words(text, new)
                continue
            assert impact.keys & set(text_keys(text, GERMAN))
            asked = {cell for key in impact.keys for cell in impact.cells[key]}
            words = {cell // old.dims for cell in asked if cell < old.unknown_shift}
            assert owned(text, old) & (asked | words)


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_a_cell_keeps_its_tokens_for_ever(history, corpus):
    owners: dict[int, set[str]] = {}
    given_out: set[int] = set()
    for _, fresh, new in walk(history, corpus):
        assert new.language is GERMAN and not given_out & set(fresh.values())
        given_out |= set(fresh.values())
        for word in new.known_words:
            tokens = {t for t in TOKENS if t.isalpha() and new.resolve(t) == new.ids[word]}
            assert owners.setdefault(new.ids[word], tokens) == tokens


@settings(max_examples=150, deadline=None)
@given(st.permutations(STEMS), st.integers(1, 9))
def test_listed_forms_lead_to_their_word_in_whatever_order_words_come(order, size):
    """A token that an earlier word got by its English stem goes to the word that it is a form of."""
    vocabulary = Vocabulary.empty(capacity=300, language=GERMAN)
    for start in range(0, len(order), size):
        forms = {word: [f for f in FORMS if GERMAN.stem(f) == word] for word in order[start : start + size]}
        vocabulary, _ = vocabulary.apply(forms)
    for form in FORMS:
        # an entry's own name leads to it, whatever its stem: the same as in English
        word = form if form in vocabulary.known_words else GERMAN.stem(form)
        assert vocabulary.resolve(form) == vocabulary.ids[word], form


def test_a_retrained_word_gains_the_forms_it_is_given_and_in_english_none():
    first, _ = Vocabulary.empty(capacity=50, language=GERMAN).apply({"haus": ["haus", "hauser"]})
    second, fresh = first.apply(retrain={"haus": ["hausern"]})
    assert first.resolve("hausern") == 0 and second.resolve("hausern") == second.resolve("hauser") == fresh["haus"]
    english, _ = Vocabulary.empty(capacity=50).apply({"pod": ["pods"]})
    assert english.apply(retrain={"pod": ["podling"]})[0].stem_mapping == english.stem_mapping


def test_a_form_that_could_not_be_found_by_key_or_cell_is_not_listed():
    assert stem("bins") == "bin" and not GERMAN.part_stems("bins")  # its English stem is a German stopword
    vocabulary, _ = Vocabulary.empty(capacity=50, language=GERMAN).apply({"haus": ["hauser", "bins", "der"]})
    assert vocabulary.resolve("bins") == vocabulary.resolve("der") == 0 and "bins" not in vocabulary.stem_mapping


def test_stopwords_are_those_of_the_language():
    empty = Vocabulary.empty(capacity=50, language=GERMAN)
    for word in ("und", "fur"):
        with pytest.raises(VocabularyError, match="stopword"):
            empty.apply({word: []})
    assert empty.apply({"the": ["the"], "not": ["not"]})[0].known_words == ("the", "not")


def test_a_file_names_its_language_unless_that_is_english(tmp_path):
    path = tmp_path / "words.vocab"
    made, _ = Vocabulary.empty(capacity=50, language=GERMAN).apply({"haus": ["hauser"]})
    made.write(path)
    read = Vocabulary.read(path, 4)
    assert read.language is GERMAN and read.digest == made.digest and '"language": "de"' in path.read_text()
    same = Vocabulary(made.words, made.stem_mapping)
    assert same.digest != made.digest
    same.write(path)
    assert "language" not in path.read_text() and Vocabulary.read(path, 4).language is open_language("en")
    path.write_text(path.read_text().replace('"vocab"', '"language": "xx", "vocab"'))
    with pytest.raises(BundleError, match="language 'xx' is not known here"):
        Vocabulary.read(path, 4)


def test_ids_do_not_come_back_where_tokens_may_be_two_words():
    from minicoil.words.reclaiming import reclaim_ids

    first, _ = Vocabulary.empty(capacity=50, language=GERMAN).apply({"haus": ["hauser"]})
    second, _ = first.apply(remove=["haus"])
    third, fresh = reclaim_ids(second, [1]).apply({"bank": ["banken"]})
    assert fresh == {"bank": 2} and third.language is GERMAN
