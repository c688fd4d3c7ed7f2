"""What a trial says: of the language, the verdict, the gate, and the words nearest to beating BM25."""

import pytest

from flows.rendering.try_remarks import elsewhere, language_lines, next_steps, remarks, verdict
from minicoil.text.languages import ENGLISH, open_language
from tasks.trial.sample import TrialSample
from tasks.trial.seen import FirstLook, SeenHit, SeenQuery, SeenWord

HERE = {"home": ".minicoil", "store": None, "qdrant_url": None}
GERMAN = open_language("de")


def sample(language=ENGLISH, share=0.4, looks=None):
    return TrialSample((), 0, (), language, share, looks)


def query(of_bm25, of_minicoil):
    right, wrong = (SeenHit("a", 0),), (SeenHit("b", 1),)
    return SeenQuery(
        "pod", "pod", 0, right if of_bm25 else wrong, right if of_minicoil else wrong, 10, of_bm25, of_minicoil
    )


def look(*counts):
    """Of one word, queries with so many right results of ten by BM25 and by miniCOIL."""
    return FirstLook((SeenWord("pod", "pods", (), tuple(query(*pair) for pair in counts)),))


def answer(**values):
    facts = {"left_out": [], "release": 1, "served": 1, "gate": {"verdict": "passed", "reasons": []}, "n_points": 60}
    return {**facts, "n_found": 60, **values}


def test_a_text_of_another_language_is_sent_to_another_home():
    looks, packaged = language_lines(sample(share=0.02, looks=GERMAN), elsewhere(HERE))
    assert "does not look like English, rather like German (`--language de --home OTHER`)" in looks
    assert "with English stems" in packaged and "minicoil index NAME" in packaged and "--language de" in packaged
    assert (
        "--home OTHER --store OTHER" in language_lines(sample(share=0.02), elsewhere({**HERE, "store": "s3://b/x"}))[1]
    )


def test_a_text_of_the_language_that_was_given_is_told_about_the_encoder_and_what_is_of_the_language():
    (packaged,) = language_lines(sample(GERMAN), elsewhere(HERE))
    assert "with German stop words" in packaged and "English stems" not in packaged and "--language de" in packaged
    assert language_lines(sample(), elsewhere(HERE)) == []


@pytest.mark.parametrize(
    ("found", "beats", "begins"),
    [
        (look(*[(2, 9)] * 8), True, "miniCOIL beats BM25 here: over 8 queries"),
        (look((2, 9), (9, 2)), False, "Nothing beats BM25 on this text: over 2 queries"),
        (FirstLook(), False, "No word of this text shows two meanings"),
    ],
)
def test_the_verdict_is_one_sentence(found, beats, begins):
    said = verdict(found)
    assert said["beats_bm25"] is beats and said["message"].startswith(begins)


def test_a_gain_that_chance_explains_is_called_so():
    said = verdict(look((2, 9), (4, 5)))
    assert said["message"].startswith("Nothing beats BM25") and said["message"].endswith("which chance explains.")
    assert "chance" not in verdict(look((9, 2)))["message"]


def test_where_nothing_beats_bm25_the_nearest_words_and_what_would_help_are_said():
    told = remarks(answer(), sample(), look((2, 3)))
    assert told[0].startswith("nearest to it") and "pods (2 and 3 of 10)" in told[0]
    assert told[1].startswith("what would help: more text") and "60 pieces" in told[1]
    assert not any("nearest" in line for line in remarks(answer(), sample(), look((3, 2))))
    assert remarks(answer(), sample(), look(*[(2, 9)] * 8)) == []


def test_a_release_that_the_gate_holds_back_and_words_that_rank_worse_are_said():
    gate = {"verdict": "failed", "reasons": ["nDCG@10 fell by .009"]}
    told = remarks(answer(left_out=["banks"], served=None, gate=gate), sample(), look(*[(2, 9)] * 8))
    assert told[0].startswith("left on BM25") and "banks" in told[0]
    assert "the gate did not let release 1 be served (nDCG@10 fell by .009)" in told[1]
    held = answer(served=None, gate={"verdict": None, "reasons": []})
    assert "(see the report)" in remarks(held, sample(), look(*[(2, 9)] * 8))[0]
    steps = next_steps({**HERE, "home": "h"}, "texts", "./texts", look((2, 9)), held)
    assert any(step.startswith("minicoil release promote 1 --home h") for step in steps)


def test_a_text_of_another_language_is_told_that_the_encoder_is_english():
    better = look(*[(2, 9)] * 8)
    assert remarks(answer(), sample(GERMAN), better) == ["the packaged encoder was made for English"]
    assert "does not look English" in remarks(answer(), sample(share=0.01), better)[0]
