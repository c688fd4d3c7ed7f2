"""Stock FastEmbed gives the vectors of this library, in German and French as in English."""

import numpy as np
import pytest
from other_languages import FRENCH, GERMAN, TEXTS, make_encoder

from minicoil.columns.word_rows import RowTokenizer
from minicoil.folder.bundle import check_bundle, create_empty_bundle, derive_bundle
from minicoil.sparse.cells import count_words, unknown_cell
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.parity import check_parity
from minicoil.text.languages import open_language
from minicoil.text.stemming import stem
from minicoil.text.tokens import WordTokenizer
from minicoil.words.word_counts import WordCounts

# that no word was taken from: forms unseen, words unknown, signs glued to words, curly apostrophes, two languages at once
UNSEEN = {
    "de": [
        "Häusern, Häuschen und Hausdächern fehlt es an Ziegeln; das Haus™ hat keine.",
        "Über den Schlössern kreisten Möwen, die Mühlräder drehten sich nicht.",
        "Not macht erfinderisch, sagte her Handy, an und war: die Gift in der Not.",
        "STRASSE STRAẞE Straße strasse straßen",
        "Die Bänken® Ströme°Felder Züge\u200bzug",
        "Laufende Läufe laufen läuft gelaufen Läuferinnen",
    ],
    "fr": [
        "L\u2019élève de l\u2019école n\u2019a qu\u2019un cahier; d\u2019élèves, il n\u2019y en a plus.",
        "Les navires™ et le navire® longent les bancs°banc.",
        "Chevalerie, chevalin, chevaleresque: aucun n'est un cheval.",
        "The pieces of the bank were in the river, on and on.",
        "ÉCOLE École ecole écolier écolière",
        "Aujourd'hui jusqu'à lorsqu'il presqu'île quelqu'un",
    ],
}


def teach(encoder, folder, code, texts):
    """A model of words of `texts` with random layers, in all forms that stand there; and these words."""
    language = open_language(code)
    create_empty_bundle(encoder, folder / "empty", 4, "tiny", language)
    counts = WordCounts(language)
    counts.add_rows(RowTokenizer(WordTokenizer.from_folder(folder / "empty")).tokenize(texts), np.arange(len(texts)))
    uses = sorted(counts.uses(), key=lambda use: use.word)
    words = {use.word: use.forms for use in uses if len(use.forms) > 1 or len(use.word) % 3 == 0}
    _, vocabulary = check_bundle(folder / "empty")
    vocabulary, ids = vocabulary.apply(words)
    rng = np.random.default_rng(3)
    rows = {i: rng.normal(scale=0.3, size=(64, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(folder / "empty", folder / "taught", vocabulary, rows)
    return words


@pytest.fixture(scope="module", params=[("de", True), ("de", False), ("fr", True), ("fr", False)], ids=str)
def taught(request, tmp_path_factory):
    code, uncased = request.param
    folder = tmp_path_factory.mktemp(f"parity-{code}-{uncased}")
    encoder = make_encoder(folder / "encoder", TEXTS[code], uncased)
    return code, folder, teach(encoder, folder, code, TEXTS[code])


def test_fastembed_gives_the_same_vectors(taught):
    code, folder, words = taught
    model = MiniCoil.load(folder / "taught")
    assert model.tokenizer.language is model.vocabulary.language is open_language(code)
    # every form of the text leads to its word, which the English stemmer alone does not see to
    told_apart = [form for word, forms in words.items() for form in forms if stem(form) != word]
    assert len(told_apart) > 20
    for word, forms in words.items():
        assert {model.vocabulary.resolve(form) for form in forms} == {model.vocabulary.ids[word]}
    report = check_parity(folder / "taught", [*TEXTS[code], *UNSEEN[code], *UNSEEN["fr"], *GERMAN[:5], *FRENCH[:5]])
    assert report.fastembed is not None and report.fastembed < 5e-6


def test_before_there_is_a_release_fastembed_gives_the_same_vectors_too(taught):
    code, folder, _ = taught
    assert check_parity(folder / "empty", [*TEXTS[code], *UNSEEN[code]]).fastembed < 5e-6


def test_a_form_that_no_text_had_is_an_unknown_word_to_both(tmp_path):
    """FastEmbed's stemmer is English, so only listed forms are found; this is what a corpus with more text is for."""
    teach(make_encoder(tmp_path / "encoder", GERMAN), tmp_path, "de", GERMAN)
    model, german = MiniCoil.load(tmp_path / "taught"), open_language("de")
    seen, unseen, english = "hauser", "hausern", "hausing"
    assert german.stem(seen) == german.stem(unseen) == "haus"
    word = model.vocabulary.ids["haus"]
    assert [model.vocabulary.resolve(form) for form in (seen, "haus")] == [word, word]
    # a German form that was not there: one hashed cell, by the English stem; an English form: the word's cells
    assert model.vocabulary.resolve(unseen) == 0 and stem(unseen) == unseen
    assert model.vocabulary.resolve(english) == word and german.stem(english) != "haus"
    from fastembed import SparseTextEmbedding

    theirs = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=str(tmp_path / "taught"))
    (hashed,) = theirs.query_embed("Häusern")
    assert hashed.indices.tolist() == [unknown_cell(unseen, model.vocabulary.unknown_shift)]
    (known,) = theirs.query_embed("Häuser")
    assert known.indices.tolist() == [word * 4 + j for j in range(4)]
    # it is listed from the next release on whose corpus has it
    vocabulary, fresh = model.vocabulary.apply(retrain={"haus": (seen, unseen)})
    assert vocabulary.resolve(unseen) == fresh["haus"] == vocabulary.resolve(seen)


def test_stopwords_of_the_language_have_no_cell_and_english_ones_do(tmp_path):
    create_empty_bundle(make_encoder(tmp_path / "encoder", GERMAN), tmp_path / "de", language=open_language("de"))
    model = MiniCoil.load(tmp_path / "de")
    bag = count_words(model.tokenizer.words("Die Not und das Handy für her"), model.vocabulary)
    assert bag.unknown == ("not", "handi", "her")
