import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from minicoil.config import RetrievalGateConfig
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.evaluation import NEW_WORDS, PARENT, RELEASE, QueryChange, SetResult, Step
from minicoil.retrieval.retrieval_gate import SetEvidence, judge_release
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.words.ledger import WordRecord
from minicoil.words.worth import FrontierRow
from tasks.proof.evaluating import Evaluated
from tasks.proof.proving import Proof
from tasks.report.release_page import ReleaseStory, render_page
from tasks.report.word_view import WordView

CONTROLS = "\x1b[31m\x9b2J\x00\u202e\u2066 \x07"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'single' </title></svg>"


def story(with_text=True, steps=(), hostile=HOSTILE):
    change = Difference(0.02, 0.01, 0.03, 60)
    data = RetrievalSet(f"set {hostile}", "known_item", {"d": hostile}, {"q": hostile}, {"q": {"d": 1}})
    rows = {system: {"ndcg@10": 0.5, "mrr@10": 0.5, "recall@100": 1.0} for system in ("bm25", "minicoil", "parent")}
    against = {other: {"ndcg@10": change} for other in ("bm25", "parent")}
    query = QueryChange("q", hostile, {"bm25": 0.2, "minicoil": 0.9, "parent": 0.2}, ((hostile, 0.7),))
    result = SetResult(data, rows, against, (query,), (), (), (), steps)
    verdict = judge_release([SetEvidence(data.name, "known_item", change, change)], RetrievalGateConfig(), [hostile])
    texts = [f"pod {hostile} {i}" for i in range(8)]
    meanings = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)
    view = WordView("pod", texts, meanings, np.arange(8) % 2, np.arange(8) % 3)
    record = WordRecord(
        "pod", "accepted", hostile, n_sentences=8, ordering_accuracy=0.8, margin_accuracy=0.5, ceiling=0.9
    )
    proof = Proof((Evaluated(result, {}, 1.0),), verdict, (hostile,))
    return ReleaseStory(
        "release 3", "release 2", [record], [view], proof, [(hostile, 10, 4), ("docs", 5, 2)], with_text
    )


class Tags(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.data = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.data.append(data)


def test_text_of_the_corpus_stays_text():
    page = render_page(story())
    tags = Tags()
    tags.feed(page)
    assert tags.tags.count("script") == page.count("</script>") == 1
    assert "img" not in tags.tags and not {name for name in tags.attributes if name.startswith("on")}
    assert any(HOSTILE in data for data in tags.data)  # it is all there, as text
    assert tags.tags.count("title") == 1 + 8 + 2  # the page's, one a sentence, one an interval


def test_no_control_character_of_the_corpus_is_in_it():
    page = render_page(story(hostile=f"{CONTROLS} {HOSTILE}"))
    assert all(c.isprintable() or c == "\n" for c in page)
    assert page.count(r"\x1b[31m\x9b2J\x00\u202e\u2066 \x07") > 10


def test_an_extension_of_both_kinds_is_shown_step_by_step():
    gain, loss = Difference(0.02, 0.01, 0.03, 60), Difference(-0.003, -0.01, 0.004, 60)
    steps = (Step(PARENT, None, 0.5, gain), Step(NEW_WORDS, 1200, 0.52, gain), Step(RELEASE, 3, 0.517, loss))
    page = render_page(story(steps=steps))
    assert "<th>parent</th><th>+ 1,200 new words</th><th>+ 3 retrained words</th>" in page
    assert "0.5170<br><small>-0.0030 [-0.0100, +0.0040]</small>" in page
    assert "Step by step" not in render_page(story())


def test_the_page_needs_no_network_and_runs_one_script_only():
    page = render_page(story())
    assert not re.search(r"\b(src|href|url)\s*[=(]", page.replace("img src=x", ""))
    assert "default-src 'none'" in page and re.search(r"script-src 'sha256-[\w+/=]{44}'", page)
    assert render_page(story()) == page  # equal releases have equal bytes


def test_without_text_no_sentence_and_no_query_is_in_it():
    page = render_page(story(with_text=False))
    assert "pod &lt;" not in page and "alert(1) " not in page.split("<section>")[3]
    assert page.count('class="mark"') == 8 and "<title>" in page
    assert "Queries, helped most" not in page


def test_the_frontier_of_what_was_chosen_from_is_drawn_in_the_page():
    rows = [FrontierRow(12, 740, 0.81), FrontierRow(300, 2000, 0.97), FrontierRow(480, 2650, 1.0)]
    page = render_page(replace(story(), frontier=rows))
    assert "12 words: 81% of the expected gain, 740 points" in page and page.count("<polyline") == 1
    assert "What fewer words would have brought" not in render_page(story())


def test_a_release_that_nothing_was_there_to_judge_on_still_has_a_page():
    empty = Proof((), judge_release([], RetrievalGateConfig()))
    page = render_page(ReleaseStory("release 1", "an empty vocabulary", [], [], empty, []))
    assert "Retrieval gate: inconclusive" in page and "Nothing to judge it on" in page
