import json
import re

import numpy as np

from minicoil.ledger import WordRecord
from tasks.word_page import WordView, describe_word, two_dimensions, write_word_page

TEXTS = ["a pod of whales", "whales in a pod", "a pod on a node", "the node runs a pod </script><script>alert(1)"]
MEANINGS = np.array([[1, 0, 0, 0], [0.98, 0.2, 0, 0], [-1, 0, 0, 0], [-0.98, 0, 0.2, 0]], np.float32)


def test_the_ends_of_a_dimension_are_the_senses_it_separates():
    described = describe_word(WordView(TEXTS, MEANINGS))
    first = described["dimensions"][0]
    assert first["dimension"] == 0 and first["share_of_variance"] > 0.9
    assert set(first["low"][:2]) == set(TEXTS[2:]) and set(first["high"][:2]) == set(TEXTS[:2])
    assert described["farthest_pair"]["cosine"] == -1.0


def test_the_plane_keeps_the_senses_apart():
    plane = two_dimensions(MEANINGS)
    assert plane.shape == (4, 2) and np.abs(plane).max() == 1
    assert plane[0, 0] * plane[2, 0] < 0


def test_the_page_stands_alone_and_text_cannot_break_out_of_it(tmp_path):
    write_word_page(
        tmp_path / "pod.html", WordRecord("pod", "accepted", "", forms=("pod",)), WordView(TEXTS, MEANINGS), 3
    )
    page = (tmp_path / "pod.html").read_text()
    assert page.count("<circle") == 4 and page.count("<script>") == 1 and page.count("</script>") == 1
    assert not re.search(r"(src|href)=", page)
    (data,) = re.findall(r"const texts = (\[.*\]), shown", page)
    assert json.loads(data) == TEXTS
