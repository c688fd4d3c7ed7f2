from minicoil.retrieval.retrieval_set import RetrievalSet


def make_set(n_documents=50, n_queries=20):
    documents = {f"d{i}": f"text {i}" for i in range(n_documents)}
    queries = {f"q{i}": f"query {i}" for i in range(n_queries)}
    relevant = {f"q{i}": {f"d{i}": 1} for i in range(n_queries)}
    left_out = {f"q{i}": frozenset({f"d{i + 1}", "d49"}) for i in range(n_queries)}
    return RetrievalSet("set", "sense", documents, queries, relevant, dict.fromkeys(queries, "pod"), left_out)


def test_a_bounded_set_keeps_every_document_that_its_queries_need():
    small = make_set().bounded(12, 8)
    assert len(small.documents) == 12 and len(small.queries) == 8
    assert all(doc in small.documents for docs in small.relevant.values() for doc in docs)
    assert small.relevant.keys() == small.queries.keys() == small.words.keys() == small.left_out.keys()
    assert all(docs <= small.documents.keys() for docs in small.left_out.values())
    assert small == make_set().bounded(12, 8) and small.queries != make_set().bounded(12, 8, seed=3).queries


def test_more_relevant_documents_than_the_bound_are_all_kept():
    assert len(make_set().bounded(5, 20).documents) == 20


def test_a_set_within_the_bounds_is_left_as_it_is():
    data = make_set()
    assert data.bounded(50, 20) is data
