"""A service counts its own requests, and what is true at a scrape is asked at the scrape."""

from vector_server import parse_metrics

from tasks.vectors.service_metrics import ServiceMetrics


def read(metrics):
    return parse_metrics(metrics.scrape().decode())


def test_answers_are_counted_by_kind_and_refusals_by_status():
    metrics = ServiceMetrics(lambda: 0, lambda: 3, lambda: False)
    metrics.note_answer("query", 4, 0.04)
    metrics.note_answer("query", 1, 0.2)
    metrics.note_answer("document", 7, 40.0)
    metrics.note_refusal("query", 503)
    metrics.note_refusal("none", 400)
    found = read(metrics)
    assert found['minicoil_embed_requests_total{kind="query",status="200"}'] == 2
    assert found['minicoil_embed_requests_total{kind="query",status="503"}'] == 1
    assert found['minicoil_embed_requests_total{kind="none",status="400"}'] == 1
    assert found['minicoil_embed_texts_total{kind="query"}'] == 5
    assert found['minicoil_embed_request_seconds_bucket{kind="query",le="0.05"}'] == 1
    assert found['minicoil_embed_request_seconds_sum{kind="document"}'] == 40
    assert found['minicoil_embed_request_seconds_bucket{kind="document",le="30.0"}'] == 0
    assert not [name for name in found if "seconds" in name and 'kind="none"' in name]  # of vectors alone


def test_batches_are_counted_by_their_texts():
    metrics = ServiceMetrics(lambda: 0, lambda: 3, lambda: False)
    for n_texts in (1, 3, 300):
        metrics.note_batch(n_texts)
    found = read(metrics)
    assert found["minicoil_embed_batch_texts_sum"] == 304
    assert found['minicoil_embed_batch_texts_bucket{le="4.0"}'] == 2
    assert found['minicoil_embed_batch_texts_bucket{le="256.0"}'] == 2


def test_what_is_true_now_is_asked_at_each_scrape():
    now = {"waiting": 0, "release": -1, "problem": False}
    metrics = ServiceMetrics(lambda: now["waiting"], lambda: now["release"], lambda: now["problem"])
    names = [f"minicoil_embed_{name}" for name in ("waiting_texts", "release", "channel_problem")]
    assert [read(metrics)[name] for name in names] == [0, -1, 0]
    now.update(waiting=5, release=7, problem=True)
    assert [read(metrics)[name] for name in names] == [5, 7, 1]


def test_services_of_one_process_count_each_for_itself():
    one, other = (ServiceMetrics(lambda: 0, lambda: 3, lambda: False) for _ in range(2))
    one.note_answer("query", 1, 0.1)
    assert 'minicoil_embed_texts_total{kind="query"}' not in read(other)
    assert read(other)["process_resident_memory_bytes"] > 1e6
