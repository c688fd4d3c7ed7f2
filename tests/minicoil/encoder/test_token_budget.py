"""The size of forward passes: measured once on real passes, the default unless another is clearly cheaper."""

import numpy as np
import pytest

from minicoil.encoder import token_budget
from minicoil.encoder.forward_counts import count_forwards
from minicoil.encoder.token_budget import CANDIDATES, DEFAULT, Stopwatch, TokenBudget
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.text.tokens import WordTokenizer

MANY = np.full(token_budget.LEAST_TEXTS, 200)


def test_few_or_short_texts_are_not_measured_and_many_are_once():
    budget = TokenBudget()
    assert budget.candidates(MANY[:-1]) == budget.candidates(MANY // 100) == (DEFAULT,)
    assert budget.candidates(MANY) == CANDIDATES
    assert budget.candidates(MANY) == (DEFAULT,)  # beside the call that measures


def test_the_cheapest_serves_where_it_is_clearly_cheaper():
    told = []
    budget = TokenBudget(tell=lambda *facts: told.append(facts))
    costs = {128: 90.0, DEFAULT: 100.0, 512: 80.0, 1024: 120.0}
    budget.candidates(MANY)
    budget.choose(costs)
    assert budget.tokens == 512 and told == [(512, costs)] and budget.candidates(MANY) == (512,)
    close = TokenBudget()
    close.candidates(MANY)
    close.choose({128: 98.0, DEFAULT: 100.0})
    assert close.tokens == DEFAULT and close.candidates(MANY) == (DEFAULT,)


def test_a_call_that_was_given_up_leaves_it_to_the_next():
    budget = TokenBudget()
    assert budget.candidates(MANY) == CANDIDATES
    budget.choose({})
    assert budget.tokens == DEFAULT and budget.candidates(MANY) == CANDIDATES


def test_what_an_earlier_process_chose_is_not_measured():
    assert TokenBudget(1024).candidates(MANY) == (1024,)


def test_passes_are_timed_by_candidate_and_the_first_do_not_count():
    watch = Stopwatch(skip=1)
    assert watch.timed(256, 10**9, lambda: "a") == "a" and watch.costs == {}
    assert watch.timed(512, 1000, lambda: sum(range(10**6))) == 499999500000
    assert list(watch.costs) == [512] and watch.costs[512] > 0


@pytest.fixture
def tokens(bundle):
    words = ["the pod", "a river bank", "all kernels of a node", "the pool keeps its workers", "a flow"]
    texts = [
        f"{i} " + " ".join(words[(i + j) % 5] for j in range(1 + i % 23)) for i in range(240)
    ]  # three passes and more of the largest, two of which do not count
    return WordTokenizer.from_folder(bundle).tokenize(texts)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_measuring_call_encodes_each_text_once_and_as_ever(bundle, tokens, monkeypatch, threads):
    monkeypatch.setattr(token_budget, "LEAST_TEXTS", 240)
    monkeypatch.setattr(token_budget, "LEAST_TOKENS", 500)
    path = bundle / "onnx" / "model.onnx"
    told = []
    encoder = TokenEncoder(path, threads, budget=TokenBudget(tell=lambda *facts: told.append(facts)))
    with count_forwards() as counts:
        batches = list(encoder.encode(tokens))
    assert counts.n_passes == {"vectors": 240} and counts.n_twice == {}
    places = np.concatenate([batch.places for batch in batches])
    assert sorted(places.tolist()) == list(range(len(tokens)))
    ((chosen, costs),) = told
    assert chosen in CANDIDATES and set(costs) == set(CANDIDATES)
    fixed = {place: row for place, row in _rows(TokenEncoder(path, 1, 256).encode(tokens))}
    for place, row in _rows(batches):
        np.testing.assert_allclose(row, fixed[place], atol=5e-6)
    assert list(encoder.encode(tokens)) and len(told) == 1


def _rows(batches):
    for batch in batches:
        for row, place in enumerate(batch.places):
            yield int(place), batch.embeddings[row, : batch.lengths[row]]
