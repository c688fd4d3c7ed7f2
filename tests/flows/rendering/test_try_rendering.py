"""A first look shows words in their meanings with both rankings, the verdict, and what to do next."""

from flows.rendering.try_rendering import show_seen_word, show_try

HIT = {"text": "the river bank", "sense": 0}
WORD = {
    "form": "banks", "n_looked": 10, "of_bm25": 4, "of_minicoil": 9, "queries": [1, 2, 3],
    "senses": [
        {"words": ["river", "water"], "n_sentences": 30, "examples": ["The river bank."]},
        {"words": [], "n_sentences": 12, "examples": []},
    ],
    "shown": [{"text": "bank of it", "sense": 0, "bm25": [HIT, {"text": "a loan", "sense": 1}], "minicoil": [HIT]}],
}  # fmt: skip
RESULT = {
    "look": {"words": [WORD]}, "message": "miniCOIL beats BM25 here", "remarks": ["a remark"], "n_found": 1200,
    "n_points": 1000, "collection": "texts", "n_trained": 12, "seconds": 61.4, "page": "/h/try.html", "next": ["minicoil index x"],
}  # fmt: skip


def page_of(capsys, function, result):
    function(result)
    return capsys.readouterr().out


def test_a_word_shows_its_meanings_and_how_often_each_ranking_found_the_one_asked_for(capsys):
    page = page_of(capsys, show_seen_word, WORD)
    lines = page.splitlines()
    assert lines[1] == (
        "banks has 2 meanings here; asked for one of them 3 times, 40% of BM25's first results have it, 90% of miniCOIL's"
    )
    assert lines[2] == '  A (30 sentences; river, water): "The river bank."'
    assert lines[3] == "  B (12 sentences; no telling words): "
    assert lines[4] == 'asked for meaning A: "bank of it"'
    assert page.count("as asked") == 2 and "meaning B  a loan" in page


def test_another_word_is_called_one(capsys):
    hit = {"text": "a bench", "sense": None}
    assert "another word  a bench" in page_of(
        capsys, show_seen_word, {**WORD, "shown": [{**WORD["shown"][0], "bm25": [hit]}]}
    )


def test_the_verdict_the_size_and_the_next_commands_follow(capsys):
    lines = page_of(capsys, show_try, RESULT).splitlines()
    at = lines.index("miniCOIL beats BM25 here")
    assert lines[at + 1 :] == [
        "  a remark",
        "texts: 1,000 of 1,200 pieces of text searchable, 12 words taught, in 61 s",
        "the same as one page to send on: /h/try.html",
        "",
        "Next",
        "  minicoil index x",
    ]


def test_three_words_are_enough_and_a_whole_text_is_no_sample(capsys):
    page = page_of(capsys, show_try, {**RESULT, "n_found": 1000, "look": {"words": [WORD] * 5}})
    assert page.count("banks has 2 meanings") == 3 and "texts: 1,000 pieces of text searchable" in page
