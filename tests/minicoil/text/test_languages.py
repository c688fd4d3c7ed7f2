"""Languages that stemmer, sentence splitter and word frequencies all know, and their function words."""

import json
import pickle

import pytest
from other_languages import FRENCH, GERMAN, TEXTS

from minicoil.errors import BundleError, UsageError
from minicoil.text.folding import fold_text
from minicoil.text.languages import ENGLISH, SNOWBALL, open_language, read_language
from minicoil.text.sentences import split_sentences
from minicoil.text.stemming import STOPWORDS, part_stems, stem

CODES = sorted(SNOWBALL)


@pytest.mark.parametrize("code", CODES)
def test_a_language_is_known_to_stemmer_splitter_and_frequencies(code):
    import wordfreq
    from sentencex import segment

    language = open_language(code)
    assert code in wordfreq.available_languages("small")
    assert len(segment(code, "Anna 1. Berta 2.")) >= 1
    assert language.stem("abcdefg") and language.name == SNOWBALL[code].capitalize()


@pytest.mark.parametrize("code", [code for code in CODES if code != "en"])
def test_function_words_are_single_words_with_and_without_accents_and_are_frequent(code):
    from wordfreq import zipf_frequency

    words = open_language(code).stopwords
    assert 80 < len(words) < 300
    assert all(word == word.lower() and word.isalpha() for word in words)
    assert {fold_text(word) for word in words} <= words
    spelled = words - {fold_text(word) for word in words if fold_text(word) != word}
    rare = [word for word in spelled if len(word) > 1 and zipf_frequency(word, code) < 3]
    assert len(rare) < 0.05 * len(spelled), rare


def test_an_unknown_language_is_refused_by_a_line_that_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"language 'xx' is not known here; choose one of en, ar, da, de, .*tr$"):
        open_language("xx")


def test_english_is_what_it_ever_was():
    assert ENGLISH.stopwords is STOPWORDS and ENGLISH.stem is stem and ENGLISH.part_stems is part_stems
    assert open_language("en") is ENGLISH is pickle.loads(pickle.dumps(ENGLISH))
    assert pickle.loads(pickle.dumps(open_language("de"))) is open_language("de")


def test_a_language_has_its_own_stems_and_fastembeds_for_cells():
    german, french = open_language("de"), open_language("fr")
    assert {german.stem(form) for form in ("haus", "häuser", "hauser", "hausern")} == {"haus"}
    assert {french.stem(form) for form in ("cheval", "chevaux")} == {"cheval"}
    # hashed as FastEmbed hashes: by the English stem, without the language's stopwords
    assert german.part_stems("hausern\u2122") == ("hausern",) and german.part_stems("banks") == ("bank",)
    assert german.part_stems("und") == part_stems("the") == () and german.part_stems("the") == ("the",)


def test_what_an_elision_leaves_is_no_content():
    french = open_language("fr")
    assert not any(map(french.is_content, ("l", "d", "qu", "'", "\u2019", "[CLS]", "même", "meme")))
    assert all(map(french.is_content, ("école", "ecole", "ete")))


def test_a_function_word_that_is_another_word_without_accents_is_none():
    assert "ware" not in open_language("de").stopwords and "su" not in open_language("tr").stopwords


def test_sentences_are_cut_by_the_abbreviations_of_their_language():
    text = (
        "Die Anlage läuft seit gestern, d.h. sie läuft bzw. stand nur kurz. Das Ergebnis wird morgen von allen geprüft."
    )
    assert len(list(split_sentences(text, open_language("de")))) == 2
    for code, texts in TEXTS.items():
        assert list(split_sentences("\n".join(texts), open_language(code))) == texts


def test_a_folder_names_its_language(tmp_path):
    facts = tmp_path / "minicoil.json"
    assert read_language(facts) is ENGLISH
    facts.write_text(json.dumps({"dims": 4}))
    assert read_language(facts) is ENGLISH
    facts.write_text(json.dumps({"language": "fr"}))
    assert read_language(facts) is open_language("fr")
    for damaged in ('{"language": "xx"}', '{"language": ["de"]}', "[1]", "{"):
        facts.write_text(damaged)
        with pytest.raises(BundleError, match=r"minicoil\.json"):
            read_language(facts)


def test_our_own_texts_are_what_they_are_taken_for():
    for code, texts in (("de", GERMAN), ("fr", FRENCH)):
        tokens = [word.strip(".,;:!?") for text in texts for word in text.lower().replace("'", "' ").split()]
        share = sum(token.strip("'") in open_language(code).stopwords for token in tokens) / len(tokens)
        assert share > 0.3
