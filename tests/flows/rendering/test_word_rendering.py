"""One word's record is shown whole."""

from dataclasses import asdict

import pytest

from flows.rendering.rendering import show_result
from minicoil.words.ledger import WordRecord

RECORD = WordRecord(
    "pod", "improved", "held-out ordering 0.702 -> 0.871", "d" * 64, "k" * 64, 3, ("pods", "pod"), 1234, 56.7,
    0.871, 0.741, (0.85, 0.89), 0.803, 0.915, 0.702, 1000, 17, 0.0512, (), ((1, "accepted", 0.688),),
)  # fmt: skip


def shown(capsys, *records):
    show_result("words", {"release": 3, "words": [asdict(record) for record in records]})
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "fact",
    [
        "pod: improved, served by the layer of release 3",
        "held-out ordering 0.702 -> 0.871",
        "forms pods, pod",
        "sentences 1,234; 56.7 uses per million",
        "ordering 0.871 (95 %: 0.850 to 0.890) on 1,000 held-out triplets; the layer before: 0.702",
        "margin 0.741",
        "ceilings 0.803 full embedding, 0.915 role model",
        "in 0.05 s with seed 17",
        "digest " + "d" * 64,
        "before accepted, release 1, ordering 0.688",
    ],
)
def test_every_fact_of_a_word_is_shown(capsys, fact):
    assert fact in shown(capsys, RECORD)


def test_a_word_on_bm25_says_why_and_has_no_figures(capsys):
    text = shown(capsys, WordRecord("zzyzx", "kept_bm25", "word 'zzyzx': 0 sentences found, 25 required"))
    assert "zzyzx: kept_bm25, plain BM25 why word 'zzyzx': 0 sentences found" in text and "margin" not in text


def test_many_words_are_a_table(capsys):
    text = shown(capsys, RECORD, WordRecord("node", "kept_bm25", "rare"))
    assert "word verdict release" in text and "digest" not in text and "rare" in text
