"""The page of a trial stands alone: no network, no script, and no text breaks out of it."""

import re

import pytest

from tasks.report.trial_page import write_trial_page
from tasks.trial.seen import FirstLook, SeenHit, SeenQuery, SeenSense, SeenWord

HOSTILE = '</li><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31m\u202e & "quoted"'
ANSWER = {
    "collection": "docs",
    "n_points": 1200,
    "n_found": 5000,
    "message": f"message {HOSTILE}",
    "remarks": [f"remark {HOSTILE}"],
    "first": {"query": f"first {HOSTILE}", "results": [{"text": f"result {HOSTILE}"}]},
    "next": ["minicoil search docs 'x'"],
    "beats_bm25": True,
}


def word(form, n_senses=2):
    hits = tuple(SeenHit(f"{form} sentence {i} {HOSTILE}", i % n_senses if i < 2 else None) for i in range(3))
    queries = tuple(
        SeenQuery(form, f"query of {form} {sense}", sense, hits, hits[::-1], 2, 1, 1) for sense in range(n_senses)
    )
    senses = tuple(SeenSense((f"telling{i}",) if i else (), 9, (f"example {HOSTILE}",)) for i in range(n_senses))
    return SeenWord(form, form, senses, queries)


def look(*words):
    return FirstLook(words)


@pytest.fixture
def page(tmp_path):
    path = write_trial_page(tmp_path / "deep" / "try-docs.html", ANSWER, look(*(word(f"word{i}") for i in range(5))))
    assert path.is_absolute()
    return path.read_text("utf-8")


def test_no_text_breaks_out_and_nothing_is_loaded_or_run(page):
    assert "<script" not in page and "<img" not in page and "default-src 'none'" in page
    assert "&lt;script&gt;alert(1)" in page and all(c.isprintable() or c == "\n" for c in page)
    assert not re.search(r"\b(src|href)=[^x]", page)


def test_a_few_words_are_shown_and_all_of_them_counted(page):
    shown, _, rest = page.partition("All words that were asked about")
    assert all(f"<h2>word{i}</h2>" in shown for i in range(3)) and "<h2>word3</h2>" not in page
    assert all(f"<th>word{i}</th>" in rest for i in range(5)) and "<th>all</th>" in rest
    assert "1,200 of 5,000 pieces" in page and "no telling words" in page and "another word" in page


def test_as_many_meanings_as_there_can_be_have_a_letter(tmp_path):
    page = write_trial_page(tmp_path / "x.html", ANSWER, look(word("many", 5))).read_text()
    assert "Asked for meaning" in page and "5 meanings in this text" in page


def test_a_trial_that_found_nothing_still_has_a_page(tmp_path):
    answer = {**ANSWER, "remarks": [], "first": None, "n_found": 1200, "beats_bm25": False}
    page = write_trial_page(tmp_path / "x.html", answer, look()).read_text()
    assert "All words" not in page and "Without any training" not in page and "1,200 pieces" in page
    assert write_trial_page(tmp_path / "x.html", answer, look()).read_text() == page
