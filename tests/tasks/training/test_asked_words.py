"""How often words are asked: the log where there is one, else what texts begin with, else documents."""

import pytest

from minicoil.errors import UsageError
from minicoil.text.folding import fold_text
from minicoil.text.languages import ENGLISH
from minicoil.words.word_counts import WordCounts
from tasks.documents.corpus_report import CorpusReport
from tasks.training.asked_words import count_asked


@pytest.fixture
def counts():
    counts = WordCounts()
    for text in ("the pod runs", "a node runs", "a node stops", "nothing else"):
        counts.add([text.split()])
    return counts


def asked(counts, log=None, openings=(), report=None):
    return count_asked(log, openings, counts, fold_text, ENGLISH, report or CorpusReport())


def test_a_query_log_counts_before_openings_and_a_form_counts_for_its_word(counts, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("pods\nwhich pod\n{broken\n" + "nothing\n" * 78)
    report = CorpusReport()
    found = asked(counts, str(log), ["node"] * 50, report)
    assert found.source == "80 queries of the log" and report.rows()
    assert found.share("pod") == pytest.approx((2 + 20 * 0.25) / 100)
    assert found.share("node") == pytest.approx(20 * 0.5 / 100)


def test_without_a_log_titles_and_first_sentences_ask(counts):
    found = asked(counts, openings=["The node", "Nodes and pods", "other"])
    assert "3 titles and first sentences" in found.source
    assert found.share("node") > found.share("pod") > found.share("absent") == 0


def test_without_either_documents_tell(counts):
    found = asked(counts)
    assert found.source == "the corpus's documents"
    assert (found.share("node"), found.share("pod")) == (0.5, 0.25)


def test_a_log_that_is_not_there_is_refused(counts, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        asked(counts, str(tmp_path / "none.txt"))
