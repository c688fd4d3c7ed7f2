"""A service is alive before its model is there, says what it serves, and is stopped at any moment."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from vector_server import parse_metrics

from minicoil.config import Bm25Config
from minicoil.errors import BusyError, ReleaseError
from minicoil.sparse import SparseVector
from tasks.vectors.embed_requests import Bounds
from tasks.vectors.service import VectorService


class Model:
    """A vector a text, of its length; and whether it was closed."""

    def __init__(self, release=3, problem=None):
        self.release, self.releases, self.problem = release, (release,), problem
        self.model = SimpleNamespace(bm25=Bm25Config(1.2, 0.75, 9.0))
        self.n_closed = 0

    def encode(self, texts, is_query):
        return [SparseVector(np.array([len(text)], np.int32), np.ones(1, np.float32)) for text in texts]

    def close(self):
        self.n_closed += 1


def address(open_model, names_channel=True):
    return SimpleNamespace(open=open_model, names_channel=names_channel)


def scraped(service, name):
    return parse_metrics(service.metrics.scrape().decode())[f"minicoil_embed_{name}"]


def test_before_the_model_is_there_it_is_alive_and_takes_nothing():
    service = VectorService(address(Model), Bounds(), 1)
    assert not service.is_ready and service.describe() == {"ready": False, "reason": "the model is loading"}
    with pytest.raises(BusyError, match="^the model is loading; GET /ready says when it is there$"):
        service.submit(["a"], True)
    assert (scraped(service, "release"), scraped(service, "waiting_texts")) == (-1, 0)
    service.stop()


def test_once_it_is_there_it_says_what_it_serves_and_encodes():
    model, told = Model(), []
    service = VectorService(address(lambda: model), Bounds(), 1)
    service.load(lambda: told.append(service.is_ready))
    assert told == [True]
    assert service.describe() == {
        "ready": True,
        "release": 3,
        "releases": (3,),
        "follows": True,
        "problem": None,
        "k": 1.2,
        "b": 0.75,
        "avg_len": 9.0,
    }
    vectors = service.submit(["a", "bcd"], True).result(30)
    assert [vector.indices.tolist() for vector in vectors] == [[1], [3]]
    assert (scraped(service, "release"), scraped(service, "channel_problem")) == (3, 0)
    model.release, model.problem = 4, "the store does not answer"  # as it moves on by itself
    assert service.describe()["release"] == scraped(service, "release") == 4
    assert service.describe()["problem"] == "the store does not answer" and scraped(service, "channel_problem") == 1
    service.stop()
    assert model.n_closed == 1 and not service.is_ready
    assert service.describe() == {"ready": False, "reason": "the service is stopping"}
    with pytest.raises(BusyError):
        service.submit(["a"], True)


def test_a_model_without_a_number_has_none():
    service = VectorService(address(lambda: Model(release=None), names_channel=False), Bounds(), 1)
    service.load(lambda: None)
    assert (service.describe()["release"], service.describe()["follows"]) == (None, False)
    assert scraped(service, "release") == -1
    service.stop()


def test_what_went_wrong_is_kept_for_whoever_can_end_the_process():
    def fail():
        raise ReleaseError("release 7 was not found")

    told = []
    service = VectorService(address(fail), Bounds(), 1)
    service.load(lambda: told.append(str(service.failure)))
    assert told == ["release 7 was not found"] and not service.is_ready
    service.stop()


def test_told_to_stop_while_it_loads_it_lets_go_of_the_model_and_says_no_more():
    loading, go_on, model, told = threading.Event(), threading.Event(), Model(), []

    def open_slowly():
        loading.set()
        go_on.wait(30)
        return model

    service = VectorService(address(open_slowly), Bounds(), 1)
    thread = threading.Thread(target=service.load, args=(lambda: told.append(1),))
    thread.start()
    loading.wait(30)
    service.stop()
    go_on.set()
    thread.join(30)
    assert model.n_closed == 1 and told == [] and not service.is_ready


def test_what_waits_is_encoded_before_it_stops():
    model, begun, go_on = Model(), threading.Event(), threading.Event()
    encode = model.encode

    def wait_and_encode(texts, is_query):
        begun.set()
        go_on.wait(30)
        return encode(texts, is_query)

    model.encode = wait_and_encode
    service = VectorService(address(lambda: model), Bounds(texts=2, waiting_texts=2), 1)
    service.load(lambda: None)
    first = service.submit(["a"], True)
    begun.wait(30)
    second = service.submit(["bb", "cc"], True)
    assert scraped(service, "waiting_texts") == 2
    with pytest.raises(BusyError):  # more than may wait
        service.submit(["d"], True)
    threading.Timer(0.0, go_on.set).start()
    service.stop()
    assert [vector.indices.tolist() for vector in (*first.result(0), *second.result(0))] == [[1], [2], [2]]
