import json

import pytest

from minicoil.errors import CorpusError
from tasks.proof.beir import read_beir


def write_set(folder, corpus, queries, qrels):
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in corpus)
    )
    (folder / "queries.jsonl").write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in queries)
    )
    (folder / "qrels" / "test.tsv").write_text("\n".join(qrels))
    return folder


DOCS = [{"_id": "d1", "title": "Pods", "text": "run containers"}, {"_id": "d2", "text": "nodes"}]
HEADING = "query-id\tcorpus-id\tscore"


def test_a_folder_is_read_and_unjudged_queries_are_left_out(tmp_path):
    queries = [{"_id": "q1", "text": "a pod"}, {"_id": "q2", "text": "never judged"}]
    data = read_beir(write_set(tmp_path / "set", DOCS, queries, [HEADING, "q1\td1\t2"]))
    assert data.documents == {"d1": "Pods\nrun containers", "d2": "nodes"}
    assert data.queries == {"q1": "a pod"} and data.relevant == {"q1": {"d1": 2}}
    assert data.problems == () and not data.is_proxy and data.name == "set"


def test_everything_that_contradicts_itself_is_counted_and_named(tmp_path):
    corpus = [
        *DOCS,
        {"_id": "d1", "text": "again"},
        "not json",
        {"_id": "d3"},
        {"_id": "d4", "text": " "},
        "[1]",
        "\xff\xfe",
    ]
    queries = [{"_id": "q1", "text": "a pod"}, {"_id": "q2", "text": "b"}]
    qrels = [HEADING, "q1\td1\t1", "q1\tgone\t1", "q2\tgone\t1", "q9\td1\t1", "q1\td1\t1", "q1 d2 1", "q1\td2\tx"]
    data = read_beir(write_set(tmp_path / "set", corpus, queries, qrels))
    found = {row.reason: (row.n, row.examples) for row in data.problems}
    assert found["documents whose id occurred before (the first counts)"] == (1, ("corpus.jsonl:3: d1",))
    assert found["lines that are not JSON"][0] == 2 and found["lines that are no object"][0] == 1
    assert found["documents without _id or text"][0] == 1 and found["empty documents"][0] == 1
    assert found["judgements of documents that corpus.jsonl does not have"] == (2, ("q1 gone", "q2 gone"))
    assert found["judged queries without a relevant document here"] == (1, ("q2",))
    assert found["judged queries that queries.jsonl does not have"] == (1, ("q9",))
    assert found["judgements given twice (the first counts)"][0] == 1
    assert found["judgements that are not query, document, grade"][0] == 2
    assert list(data.queries) == ["q1"] and data.documents["d1"] == "Pods\nrun containers"


def test_a_query_that_is_a_document_does_not_find_itself_and_that_is_said(tmp_path):
    corpus = [
        {"_id": "d1", "title": "On pods", "text": "Pods  run\ncontainers."},  # the query's text, with a title
        {"_id": "q2", "title": "", "text": "Written anew since."},  # its id
        {"_id": "d3", "text": "How do nodes fail?"},  # a copy that was judged to be an answer
        {"_id": "q4", "text": "What is a ring?"},  # id and text, and judged: itself all the same
        {"_id": "d5", "text": "Pods run containers. And more."},
    ]
    queries = [
        {"_id": "q1", "text": "Pods run containers."},
        {"_id": "q2", "text": "Where do flows run?"},
        {"_id": "q3", "text": "How do nodes fail?"},
        {"_id": "q4", "text": "What is a ring?"},
        {"_id": "q5", "text": "On pods"},
    ]
    qrels = ["q1\td5\t1", "q2\td5\t1", "q3\td3\t1", "q4\tq4\t1", "q4\td5\t0.5", "q5\td5\t1"]
    data = read_beir(write_set(tmp_path / "set", corpus, queries, qrels))
    assert data.left_out == {"q1": {"d1"}, "q2": {"q2"}, "q4": {"q4"}}
    assert data.relevant["q3"] == {"d3": 1} and data.relevant["q4"] == {"d5": 0.5}
    (problem,) = data.problems
    assert problem.n == 3 and problem.examples == ("q1", "q2", "q4")
    assert "their own document is left out of their ranking" in problem.reason


def test_trecs_columns_utf_16_and_grades_below_0(tmp_path):
    folder = write_set(tmp_path / "set", DOCS, [{"_id": "q1", "text": "a pod"}, {"_id": "q2", "text": "b"}], [])
    lines = "q1 0 d1 1.5\r\nq1 0 d2 -1\r\nq2 0 d2 -2\r\n"
    (folder / "qrels" / "test.tsv").write_bytes(lines.encode("utf-16"))
    data = read_beir(folder)
    assert data.relevant == {"q1": {"d1": 1.5}}
    assert [(row.reason, row.n) for row in data.problems] == [("judged queries without a relevant document here", 1)]


def test_an_empty_set_and_a_missing_file_are_refused_with_what_was_found(tmp_path):
    with pytest.raises(CorpusError, match="no query is left to judge .its files are empty."):
        read_beir(write_set(tmp_path / "empty", [], [], []))
    with pytest.raises(CorpusError, match="1 judgements of documents that corpus.jsonl does not have"):
        read_beir(write_set(tmp_path / "other", DOCS, [{"_id": "q", "text": "x"}], ["q\tz\t1"]))
    (tmp_path / "other" / "queries.jsonl").unlink()
    with pytest.raises(CorpusError, match="queries.jsonl not found; expected a BEIR folder"):
        read_beir(tmp_path / "other")
