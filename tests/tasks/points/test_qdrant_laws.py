"""What a Qdrant server does that its answers do not tell: held of the double, and of a real server where one is named.

MINICOIL_TEST_QDRANT_URL names one; collections get names of their own there and are removed.
"""

import json
import math

import pytest
from qdrant_double_shards import shard_limit, shard_of
from qdrant_places import SERVER_KINDS
from qdrant_wire import open_wire

POINTS = "/collections/docs/points"
WAIT = f"{POINTS}?wait=true"
WORD = {"query": {"indices": [1], "values": [1.0]}, "using": "words"}


@pytest.fixture(params=SERVER_KINDS)
def wire(request):
    with open_wire(request.param) as wire:
        yield wire


def create(wire, **settings):
    body = {"vectors": {}, "sparse_vectors": {"words": {"modifier": "idf"}, "plain": {}}, **settings}
    assert wire.result("PUT", "/collections/docs", body)


def vector(*indices, value=1.0):
    return {"indices": list(indices), "values": [value] * len(indices)}


def fill(wire, n, make=lambda i: {"words": vector(1, 10 + i)}, start=0):
    for at in range(start, start + n, 500):
        rows = [{"id": i, "payload": {"n": i}, "vector": make(i)} for i in range(at, min(at + 500, start + n))]
        wire.result("PUT", WAIT, {"points": rows})


def ids_where(wire, where):
    found = wire.result("POST", f"{POINTS}/scroll", {"filter": where, "limit": 10_000, "with_payload": False})
    return [row["id"] for row in found["points"]]


def ids_with(wire, key, value):
    return ids_where(wire, {"must": [{"key": key, "match": {"value": value}}]})


def idf_of_word(wire):
    (row,) = wire.result("POST", f"{POINTS}/query", {**WORD, "limit": 1})["points"]
    return row["score"]


def idf(n, df):
    return pytest.approx(math.log((n - df + 0.5) / (df + 0.5) + 1), rel=1e-5)


def test_payload_for_ids_is_written_up_to_the_end_of_the_chunk_with_one_that_is_gone(wire):
    create(wire)
    fill(wire, 70)
    wire.result("POST", f"{POINTS}/delete?wait=true", {"points": [40]})
    request = {"payload": {"stamp": 3}, "points": list(range(70))}
    assert wire.error("POST", f"{POINTS}/payload?wait=true", request) == (404, "Not found: No point with id 40 found")
    assert ids_with(wire, "stamp", 3) == [i for i in range(64) if i != 40]


def test_vectors_are_written_in_whole_chunks_up_to_the_one_with_an_id_that_is_gone(wire):
    create(wire)
    fill(wire, 100)
    wire.result("POST", f"{POINTS}/delete?wait=true", {"points": [40]})
    rows = [{"id": i, "vector": {"plain": vector(7)}} for i in range(100)]
    status, text = wire.error("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})
    assert (status, text) == (404, "Not found: No point with id 40 found")
    assert len(ids_where(wire, {"must": [{"has_vector": "plain"}]})) in (31, 63, 95, 99)


def test_at_most_32_vectors_are_all_written_but_those_of_points_that_are_gone(wire):
    create(wire)
    fill(wire, 30)
    rows = [{"id": i, "vector": {"plain": vector(7)}} for i in range(32)]
    assert wire.error("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})[0] == 404
    assert ids_where(wire, {"must": [{"has_vector": "plain"}]}) == list(range(30))


def test_an_upsert_of_one_vector_without_a_place_is_refused_and_half_done(wire):
    create(wire)
    for start in (0, 1000, 2000):  # three times, since the one may be the first or the last of a hash map's order
        rows = [{"id": start + i, "vector": {"words": vector(1)} if i else {"nope": vector(1)}} for i in range(300)]
        assert wire.error("PUT", WAIT, {"points": rows}) == (400, "Wrong input: Not existing vector name error: nope")
    assert 0 < len(ids_where(wire, {})) < 3 * 299


def test_whoever_does_not_wait_hears_of_no_failure(wire):
    create(wire)
    rows = [{"id": 9, "vector": {"words": vector(1)}}]
    assert wire.result("PUT", f"{POINTS}/vectors", {"points": rows})["status"] == "acknowledged"
    assert wire.error("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})[0] == 404


def test_a_batch_of_operations_ends_at_the_first_that_fails(wire):
    create(wire)
    upserts = [{"upsert": {"points": [{"id": i, "vector": {}}]}} for i in (1, 2)]
    gone = {"set_payload": {"payload": {"a": 1}, "points": [9]}}
    operations = [upserts[0], gone, upserts[1]]
    assert wire.error("POST", f"{POINTS}/batch?wait=true", {"operations": operations})[0] == 404
    assert ids_where(wire, {}) == [1]
    bad = {"update_vectors": {"points": [{"id": 1, "vector": {"words": vector(5, 5)}}]}}
    status, text = wire.error("POST", f"{POINTS}/batch?wait=true", {"operations": [upserts[1], bad]})
    assert status == 422 and "operations[1].update_vectors.points[0].?.indices" in text
    assert ids_where(wire, {}) == [1]


def test_points_come_in_the_order_of_ids_with_integers_first(wire):
    create(wire)
    low, high = "00000000-0000-0000-0000-00000000000a", "a0000000-0000-0000-0000-000000000001"
    rows = [{"id": i, "vector": {}} for i in (high, 30, low.upper(), 4)]
    wire.result("PUT", WAIT, {"points": rows})
    first = wire.result("POST", f"{POINTS}/scroll", {"limit": 3})
    assert [row["id"] for row in first["points"]] == [4, 30, low] and first["next_page_offset"] == high
    rest = wire.result("POST", f"{POINTS}/scroll", {"limit": 3, "offset": high})
    assert [row["id"] for row in rest["points"]] == [high] and rest["next_page_offset"] is None


def test_the_guard_of_an_upsert_leaves_out_points_and_lets_new_ones_in(wire):
    create(wire)
    fill(wire, 2)
    rows = [{"id": i, "payload": {"fresh": True}, "vector": {}} for i in range(4)]
    guard = {"must": [{"key": "n", "match": {"value": 1}}]}
    wire.result("PUT", WAIT, {"points": rows, "update_filter": guard})
    assert ids_with(wire, "fresh", True) == [1, 2, 3]


def test_every_shard_has_its_own_idf_and_its_share_of_the_points(wire):
    create(wire, shard_number=4)
    fill(wire, 1000, lambda i: {"words": vector(1) if i % 10 == 0 else vector(2)})
    shards = wire.result("GET", "/collections/docs/cluster")["local_shards"]
    assert [shard["points_count"] for shard in shards] == [229, 295, 219, 257]
    rows = wire.result("POST", f"{POINTS}/query", {**WORD, "limit": 100})["points"]
    assert len(rows) == 100 and len({row["score"] for row in rows}) == 4


@pytest.mark.parametrize("shards", [1, 4])
def test_paging_by_offset_over_equal_scores_loses_points_of_several_shards(wire, shards):
    create(wire, shard_number=shards)
    fill(wire, 2000, lambda i: {"plain": vector(1)})
    found, query = set(), {**WORD, "using": "plain", "limit": 250}
    for offset in range(0, 2000, 250):
        rows = wire.result("POST", f"{POINTS}/query", {**query, "offset": offset})["points"]
        assert len(rows) == 250
        found |= {row["id"] for row in rows}
    assert len(found) >= 1990 if shards == 1 else 1000 < len(found) < 1800


def test_a_large_limit_asks_each_shard_for_its_share_only(wire):
    create(wire, shard_number=4)
    fill(wire, 3000)
    crowded = [i for i in range(3000) if shard_of(i, 4) == 1][:400]  # the best 400 of all are in one shard
    rows = [{"id": i, "vector": {"words": vector(1, value=9.0)}} for i in crowded]
    wire.result("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})
    best = {row["id"] for row in wire.result("POST", f"{POINTS}/query", {**WORD, "limit": 400})["points"]}
    assert len(best) == 400 and len(best & set(crowded)) == shard_limit(400, 4, exact=False) < 200
    exact = {**WORD, "limit": 400, "params": {"exact": True}}
    assert {row["id"] for row in wire.result("POST", f"{POINTS}/query", exact)["points"]} == set(crowded)


def test_a_deleted_point_is_counted_and_a_rewritten_one_only_once(wire):
    create(wire)
    fill(wire, 20, lambda i: {"words": vector(1, 2) if i < 5 else vector(2)})
    assert idf_of_word(wire) == idf(20, 5)
    rows = [{"id": i, "vector": {"words": vector(1)}} for i in (0, 7)]
    wire.result("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})
    assert idf_of_word(wire) == idf(20, 6)
    wire.result("POST", f"{POINTS}/delete?wait=true", {"points": [0, 1]})
    assert idf_of_word(wire) == idf(20, 6)
    wire.result("POST", f"{POINTS}/vectors/delete?wait=true", {"points": [2], "vector": ["words"]})
    assert idf_of_word(wire) == idf(20, 6)
    wire.result("PUT", f"{POINTS}/vectors?wait=true", {"points": [{"id": 2, "vector": {"words": vector(1)}}]})
    assert idf_of_word(wire) == idf(21, 6)


def indexed(wire, n=4000):
    """A collection in an indexed segment, where every 20th point has the word."""
    optimizers = {"indexing_threshold": 50, "default_segment_number": 1}
    create(wire, optimizers_config=optimizers)
    fill(wire, n, lambda i: {"words": vector(1 + i % 20, 100, 200 + i)})
    if wire.double is None:
        wire.wait_for(lambda: wire.result("GET", "/collections/docs")["status"] == "green")
    else:
        wire.double.index()
    assert idf_of_word(wire) == idf(n, n // 20)
    return n


def counted(wire):
    return wire.result("GET", "/collections/docs")["indexed_vectors_count"]


@pytest.mark.parametrize("what", ["vectors", "payload"])
def test_whoever_writes_to_a_point_of_an_indexed_segment_leaves_its_entries_behind(wire, what):
    n = indexed(wire)
    some = list(range(0, n, 20))
    if what == "vectors":
        rows = [{"id": i, "vector": {"words": vector(1, 100, 200 + i, value=2.0)}} for i in some]
        wire.result("PUT", f"{POINTS}/vectors?wait=true", {"points": rows})
    else:
        wire.result("POST", f"{POINTS}/payload?wait=true", {"payload": {"stamp": 3}, "points": some})
    value = 2.0 if what == "vectors" else 1.0
    # a real optimiser may have some of the points in a segment that is not indexed yet
    n_dead = counted(wire) - n
    assert 0 < n_dead <= len(some)
    assert idf_of_word(wire) / value == idf(n + n_dead, len(some) + n_dead)
    assert len(ids_where(wire, {})) == n


def test_a_segment_is_made_anew_when_a_fifth_of_it_is_deleted(wire):
    n = indexed(wire)
    wire.result("POST", f"{POINTS}/delete?wait=true", {"points": list(range(1, n, 20))})
    assert counted(wire) == n and idf_of_word(wire) == idf(n, n // 20)
    gone = [i for i in range(n) if i % 20 in (2, 3, 4, 5)]
    wire.result("POST", f"{POINTS}/delete?wait=true", {"points": gone})
    wire.wait_for(lambda: counted(wire) == n - n // 20 * 5)
    assert idf_of_word(wire) == idf(n - n // 20 * 5, n // 20)


def test_an_upsert_keeps_what_it_does_not_name_of_a_point_in_an_indexed_segment(wire):
    indexed(wire)
    wire.result("PUT", WAIT, {"points": [{"id": 5, "vector": {"plain": vector(3)}}]})
    (row,) = wire.result("POST", POINTS, {"ids": [5], "with_vector": True, "with_payload": True})
    assert row["payload"] == {"n": 5} and set(row["vector"]) == {"words", "plain"}
    wire.result("PUT", WAIT, {"points": [{"id": 5, "vector": {"plain": vector(3)}}]})  # now it is in no such segment
    (row,) = wire.result("POST", POINTS, {"ids": [5], "with_vector": True, "with_payload": True})
    assert not row["payload"] and set(row["vector"]) == {"plain"}


def test_a_write_over_the_rate_says_when_to_come_back_and_the_first_pays_twice(wire):
    create(wire, strict_mode_config={"enabled": True, "write_rate_limit": 12, "read_rate_limit": 4})
    rows = [{"id": i, "vector": {}} for i in range(4)]
    assert wire.ask("PUT", WAIT, {"points": rows})[0] == 200
    assert wire.ask("PUT", WAIT, {"points": rows})[0] == 200
    answer = wire.respond("PUT", WAIT, json.dumps({"points": rows}))
    assert answer.status_code == 429 and 15 <= int(answer.headers["Retry-After"]) <= 20
    assert "Write rate limit exceeded: Operation requires 4 tokens but only 0." in answer.text
    answer = wire.respond("PUT", WAIT, json.dumps({"points": [{"id": i, "vector": {}} for i in range(13)]}))
    assert answer.status_code == 429 and "Retry-After" not in answer.headers
    assert "request larger than rate limiter capacity" in answer.text
    assert wire.ask("POST", POINTS, {"ids": [0, 1, 2]})[0] == 200
    assert "Read rate limit exceeded" in wire.error("POST", POINTS, {"ids": [0, 1, 2]})[1]


def test_strict_mode_bounds_indexes_batches_of_queries_and_conditions(wire):
    strict = {"enabled": True, "max_payload_index_count": 1, "search_max_batchsize": 1, "filter_max_conditions": 2}
    create(wire, strict_mode_config=strict)
    fields = [{"field_name": name, "field_schema": "keyword"} for name in ("a", "b")]
    wire.result("PUT", "/collections/docs/index?wait=true", fields[0])
    text = (
        "Bad request: Collection already has the maximum number of payload indices (1). "
        "Help: Please delete an existing index before creating a new one."
    )
    assert wire.error("PUT", "/collections/docs/index?wait=true", fields[1]) == (400, text)
    batch = {"searches": [{"limit": 1}, {"limit": 1}]}
    assert '"search batch size"' in wire.error("POST", f"{POINTS}/query/batch", batch)[1]
    where = {"must": [{"should": [{"has_id": [1]}, {"has_id": [2]}]}, {"has_id": [3]}]}
    text = "Bad request: Filter condition limit reached (3 > 2). Help: Reduce the amount of conditions of your filter."
    assert wire.error("POST", f"{POINTS}/count", {"filter": where}) == (400, text)


def test_an_alias_stands_for_its_collection_and_goes_with_it(wire):
    create(wire)
    create_alias = {"create_alias": {"collection_name": "docs", "alias_name": "live"}}
    wire.result("POST", "/collections/aliases", {"actions": [create_alias]})
    wire.result("PUT", "/collections/live/points?wait=true", {"points": [{"id": 1, "vector": {}}]})
    assert ids_where(wire, {}) == [1]
    assert "live" not in [row["name"] for row in wire.result("GET", "/collections")["collections"]]
    move = [{"delete_alias": {"alias_name": "live"}}, {"create_alias": {"collection_name": "nope", "alias_name": "x"}}]
    assert wire.error("POST", "/collections/aliases", {"actions": move})[0] == 404
    assert wire.result("GET", "/collections/live/exists") == {"exists": False}  # what came before was done
    wire.result("POST", "/collections/aliases", {"actions": [create_alias]})
    wire.result("DELETE", "/collections/docs")
    assert wire.result("GET", "/collections/live/exists") == {"exists": False}


PAYLOADS = {
    1: {"n": 1, "text": "Pod on Node", "tags": ["x", "y"], "pages": [{"no": 1, "of": 2}, {"no": 3}], "half": 1.5},
    2: {"n": 2, "text": "kernel node", "tags": ["y"], "pages": [{"no": 1, "of": 9}], "flag": True},
    3: {"n": [1, 5], "text": ["pods", "other pod"], "tags": [], "deep": {"er": 7}},
    4: {"n": None, "tags": None, "flag": False},
    5: {},
}
CONDITIONS = [
    ({"key": "n", "match": {"value": 1}}, [1, 3]),
    ({"key": "n", "match": {"any": [2, 5]}}, [2, 3]),
    ({"key": "n", "match": {"except": [1]}}, [2, 3]),
    ({"key": "n", "range": {"gt": 1, "lte": 5}}, [2, 3]),
    ({"key": "half", "range": {"gte": 1.5, "lte": 1.5}}, [1]),
    ({"key": "flag", "match": {"value": True}}, [2]),
    ({"key": "tags", "match": {"any": ["y"]}}, [1, 2]),
    ({"key": "tags[]", "match": {"value": "x"}}, [1]),
    ({"key": "deep.er", "match": {"value": 7}}, [3]),
    ({"key": "pages[].no", "match": {"value": 3}}, [1]),
    ({"key": "pages.no", "match": {"value": 3}}, []),
    ({"key": "text", "match": {"text": "node"}}, [2]),
    ({"key": "text", "match": {"text_any": "Pod kernel"}}, [1, 2]),
    ({"is_empty": {"key": "tags"}}, [3, 4, 5]),
    ({"is_null": {"key": "tags"}}, [4]),
    ({"is_null": {"key": "n"}}, [4]),
    ({"has_id": [2, 5, 9]}, [2, 5]),
    ({"has_vector": "words"}, [1, 2]),
    ({"nested": {"key": "pages", "filter": {"must": [{"key": "no", "match": {"value": 1}}]}}}, [1, 2]),
    ({"must_not": [{"key": "n", "match": {"value": 1}}]}, [2, 4, 5]),
    ({"should": [{"has_id": [5]}, {"key": "flag", "match": {"value": False}}]}, [4, 5]),
    ({"min_should": {"conditions": [{"has_id": [1, 2]}, {"key": "n", "match": {"value": 1}}], "min_count": 2}}, [1]),
]


def test_filters_select_what_a_server_selects(wire):
    create(wire)
    rows = [{"id": i, "payload": p, "vector": {"words": vector(1)} if i < 3 else {}} for i, p in PAYLOADS.items()]
    wire.result("PUT", WAIT, {"points": rows})
    for condition, expected in CONDITIONS:
        assert ids_where(wire, {"must": [condition]}) == expected, condition
    text = {"type": "text", "tokenizer": "word", "lowercase": True}
    for name, schema in {"n": "integer", "tags": "keyword", "text": text}.items():
        wire.result("PUT", "/collections/docs/index?wait=true", {"field_name": name, "field_schema": schema})
    changed = {"node": [1, 2], "Pod kernel": [1, 2, 3]}  # words, in lower case, where they are indexed
    for condition, expected in CONDITIONS:
        asked = (condition.get("match") or {}).get("text", (condition.get("match") or {}).get("text_any"))
        assert ids_where(wire, {"must": [condition]}) == changed.get(asked, expected), condition


def test_points_whose_products_add_up_to_nothing_are_found_with_a_filter_only(wire):
    create(wire)
    rows = [{"id": 1, "vector": {"plain": {"indices": [1, 2], "values": [0.5, -0.5]}}}]
    wire.result("PUT", WAIT, {"points": rows})
    query = {"query": vector(1, 2), "using": "plain"}
    assert wire.result("POST", f"{POINTS}/query", query)["points"] == []
    query["filter"] = {"must": [{"has_id": [1]}]}
    assert [row["score"] for row in wire.result("POST", f"{POINTS}/query", query)["points"]] == [0.0]
