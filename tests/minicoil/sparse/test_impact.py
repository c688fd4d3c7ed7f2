"""A change of vocabulary says exactly which texts it changes, and where they can be found."""

from hypothesis import given, settings
from vocabulary_lives import BASE, owned, steps, texts, walk

from minicoil.sparse.cells import count_words, unknown_cell
from minicoil.sparse.impact import cells_of, find_impact, is_affected, joined_tokens, text_keys
from minicoil.text.languages import open_language
from minicoil.words.vocabulary import Vocabulary


def cells(tokens, vocabulary):
    """The cells of a text, with what decides their values: count and the tokens behind."""
    bag = count_words(tokens, vocabulary)
    owners = {i: sorted(t for t in tokens if vocabulary.resolve(t) == i) for i in bag.word_ids}
    known = [(i, n, tuple(owners[i])) for i, n in zip(bag.word_ids, bag.word_counts, strict=True)]
    return known, list(zip(bag.unknown, bag.unknown_counts, strict=True)), bag.n_words


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_a_vector_changes_only_where_the_impact_says_so(history, corpus):
    for old, _, new in walk(history, corpus):
        keys = find_impact(old, new).keys
        for text in corpus:
            affected = is_affected(old, new, text)
            if not affected:
                assert cells(text, old) == cells(text, new)
            else:
                assert keys & set(text_keys(text))


@settings(max_examples=150, deadline=None)
@given(steps, texts)
def test_a_changed_text_is_found_by_the_cells_it_had(history, corpus):
    for old, _, new in walk(history, corpus):
        impact = find_impact(old, new)
        for text in corpus:
            if is_affected(old, new, text):
                asked = {cell for key in impact.keys for cell in impact.cells[key]}
                words = {cell // old.dims for cell in asked if cell < old.unknown_shift}
                assert owned(text, old) & (asked | words)


EMPTY = Vocabulary.empty(capacity=50)
POD, _ = EMPTY.apply({"pod": ["pods"]})


def plain(keys):
    """Keys without those of symbol-joined tokens, which a vocabulary maps for the usual symbols."""
    return sorted(key for key in keys if key.isalpha())


def test_a_word_that_comes_goes_or_is_retrained_is_found_by_itself_and_by_where_its_texts_were():
    hashed = unknown_cell("pod", EMPTY.unknown_shift)
    retrained, removed = POD.apply(retrain=["pod"])[0], POD.apply(remove=["pod"])[0]
    for old, new, cells in (
        (EMPTY, POD, {hashed}),
        (POD, retrained, {4, 5, 6, 7, hashed}),
        (POD, removed, {4, 5, 6, 7, hashed}),
    ):
        impact = find_impact(old, new)
        assert plain(impact.keys) == ["pod"] and set(impact.cells["pod"]) == cells
        assert {*impact.words.values()} == {"pod"}  # of a word that is gone: where they led
        assert impact.keys == impact.cells.keys() == impact.words.keys()
    assert not find_impact(POD, POD).keys


def test_keys_are_told_by_the_word_that_they_lead_to():
    grown, _ = EMPTY.apply({"univers": ["university", "universe"], "cell": []})
    words = find_impact(EMPTY, grown).by_word()
    assert list(words) == ["cell", "univers"] and all(keys == sorted(keys) for keys in words.values())
    assert plain(words["cell"]) == ["cell"] and "univers" in words["univers"]
    assert {"cell\u2122", "university\u2122"} <= {*words["cell"], *words["univers"]}


def test_a_text_is_affected_where_one_of_its_tokens_resolves_otherwise():
    assert is_affected(EMPTY, POD, ["a", "pods"]) and not is_affected(EMPTY, POD, ["podling", "[CLS]"])
    assert not is_affected(EMPTY, POD, [])


def test_cells_of_a_symbol_joined_token_are_those_of_its_parts():
    cells = cells_of(POD, "pod\u2122")
    assert set(cells) == {4, 5, 6, 7, *(unknown_cell(n, POD.unknown_shift) for n in ("pod", "pod\u2122"))}
    assert cells == tuple(sorted(cells))
    assert cells_of(POD, "x" * 41) == ()  # no text has such a cell


def test_keys_of_a_text_are_its_words_their_stems_and_parts_and_nothing_that_search_leaves_out():
    assert text_keys(["[CLS]", "The", "the", "pods", "java\u2122", ",", "pods", "[SEP]"]) == sorted(
        {"The", "the", "pod", "pods", "java", "java\u2122"} - {"the"}
    )
    german = open_language("de")
    assert text_keys(["und", "the"], german) == ["the"] and text_keys([]) == []


def test_joined_tokens_are_words_with_a_symbol_left_in_one_piece():
    assert joined_tokens(["pod\u00ae", "pods", ",", "\u20ac", "[CLS]", "pod\u00ae", "\u00a5run"]) == [
        "pod\u00ae",
        "\u00a5run",
    ]


def test_cells_of_a_key_that_is_mapped_are_those_of_the_word_behind_it():
    assert BASE.ids["univers"] == 2 and {8, 9, 10, 11} <= set(cells_of(BASE, "univer"))
