import json

import pytest

from minicoil.errors import CorpusError
from tasks.beir import read_beir


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


def test_an_empty_set_and_a_missing_file_are_refused_with_what_was_found(tmp_path):
    with pytest.raises(CorpusError, match="no query is left to judge .its files are empty."):
        read_beir(write_set(tmp_path / "empty", [], [], []))
    with pytest.raises(CorpusError, match="1 judgements of documents that corpus.jsonl does not have"):
        read_beir(write_set(tmp_path / "other", DOCS, [{"_id": "q", "text": "x"}], ["q\tz\t1"]))
    (tmp_path / "other" / "queries.jsonl").unlink()
    with pytest.raises(CorpusError, match="queries.jsonl not found; expected a BEIR folder"):
        read_beir(tmp_path / "other")
