import json
import re

import numpy as np

from minicoil.harmless import harmless
from minicoil.words.ledger import WordRecord
from tasks.report.word_page import write_word_page
from tasks.report.word_view import WordView

TEXTS = ["a pod of whales", "whales in a pod", "a pod on a node", "the node runs a pod </script><script>alert(1)"]
MEANINGS = np.array([[1, 0, 0, 0], [0.98, 0.2, 0, 0], [-1, 0, 0, 0], [-0.98, 0, 0.2, 0]], np.float32)
VIEW = WordView("pod", TEXTS, MEANINGS, np.array([0, 0, 1, 1]), np.array([0, 1, 2, -1]))


def test_the_page_stands_alone_and_text_cannot_break_out_of_it(tmp_path):
    write_word_page(tmp_path / "pod.html", WordRecord("pod", "accepted", "", forms=("pod",)), VIEW, 3)
    page = (tmp_path / "pod.html").read_text()
    assert page.count('class="mark"') == 4 and page.count("<script>") == 1 and page.count("</script>") == 1
    assert page.count("<title>") == 5  # the page's own, and one a mark
    assert page.count("<circle") == page.count("</circle>") == 2 and page.count("<rect") == page.count("</rect>") == 1
    assert not re.search(r"(src|href)=", page)
    (data,) = re.findall(r"const texts = (\[.*\]), shown", page)
    assert json.loads(data) == TEXTS


def test_no_control_character_of_a_sentence_is_in_the_page(tmp_path):
    texts = [f"\x1b[31mpod\x9b2J \u202eof {text}\x00" for text in TEXTS]
    view = WordView("pod", texts, MEANINGS, VIEW.senses, VIEW.parts)
    record = WordRecord("p\x1bod", "accepted\x1b", "", forms=("pod\x9b",))
    write_word_page(tmp_path / "pod.html", record, view, 3)
    page = (tmp_path / "pod.html").read_text()
    assert all(c.isprintable() or c == "\n" for c in page)
    (data,) = re.findall(r"const texts = (\[.*\]), shown", page)
    assert json.loads(data) == [harmless(text) for text in texts]
    assert page.count(r"\x1b[31mpod\x9b2J \u202eof") >= 4


def test_one_sentence_of_one_sense_still_makes_a_page(tmp_path):
    view = WordView("pod", TEXTS[:1], MEANINGS[:1], np.array([-1]), np.array([-1]))
    write_word_page(tmp_path / "pod.html", WordRecord("pod", "accepted", "", forms=("pod",)), view, 1)
    assert "sees one sense" in (tmp_path / "pod.html").read_text()
