"""What an extension answers, before and after it trained anything."""

import json
from types import SimpleNamespace

import numpy as np

from flows.stages.extension_answer import answered_report, dry_run_report
from flows.stages.steps import Clock
from minicoil.words.mining import Candidate
from minicoil.words.word_counts import WordUse
from tasks.corpus.word_list import RefusedWord


def reading():
    report = SimpleNamespace(rows=lambda: [{"reason": "empty", "count": 2}])
    return SimpleNamespace(n_documents=3, n_sentences=20, n_new=12, n_also=0, report=report)


def test_a_dry_run_says_words_points_refusals_and_a_promotion_that_waits():
    use = WordUse("pod", 30, 5, ("pods", "pod"), 12.0, np.zeros(8, np.float32))
    candidate = Candidate("pod", "named", 1.0, ("asked for",), use)
    refused = RefusedWord("zzz", "18 sentences found, 25 required")
    answer = dry_run_report([candidate], [refused], {"pod": 7}, {"n_points": 7}, reading(), Clock(), pending=4)
    (word,) = json.loads(json.dumps(answer))["words"]
    assert (word["word"], word["n_points"], word["n_sentences"]) == ("pod", 7, 30)
    assert answer["refused_words"] == [refused.row()] and "release 4 is not finished" in answer["message"]
    assert answer["corpus"] == {"n_documents": 3, "n_sentences": 20, "n_new": 12} and answer["dry_run"]


def test_an_answer_given_before_makes_no_release():
    answer = answered_report({"message": "as release 3"}, reading(), Clock())
    assert answer["release"] is None and answer["words"] == [] and answer["message"] == "as release 3"
