"""Passes at once: measured where cores have two threads, and fewer only where they were faster every time."""

import time

import numpy as np
import pytest

from minicoil.encoder import passes_at_once
from minicoil.encoder.forward_counts import count_forwards
from minicoil.encoder.passes_at_once import PASSES_EACH, SHARES, PassesAtOnce, deal_turns, in_turns, mean_rates
from minicoil.encoder.token_budget import TokenBudget
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.text.tokens import WordTokenizer

ENOUGH = SHARES * PASSES_EACH * 8


def test_only_a_large_call_on_every_thread_of_shared_cores_is_measured_and_once():
    assert PassesAtOnce(8, 8).candidates(ENOUGH, 8) == ()
    shared = PassesAtOnce(8, 4)
    assert shared.candidates(ENOUGH - 1, 8) == shared.candidates(ENOUGH, 7) == ()
    assert shared.candidates(ENOUGH, 8) == (8, 4)
    assert shared.candidates(ENOUGH, 8) == ()  # beside the call that measures
    assert PassesAtOnce(8, 4, chosen=4).candidates(ENOUGH, 8) == ()


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [
        ({8: [100.0, 110.0], 4: [120.0, 130.0]}, 4),
        ({8: [100.0, 118.0], 4: [120.0, 130.0]}, 8),  # within noise of one of its turns
        ({8: [100.0, 110.0], 4: [90.0, 95.0]}, 8),
    ],
)
def test_fewer_serve_where_each_of_their_turns_was_clearly_faster(rates, chosen):
    told = []
    shared = PassesAtOnce(8, 4, tell=lambda *facts: told.append(facts))
    shared.candidates(ENOUGH, 8)
    shared.choose(rates)
    assert shared.of_threads(8) == chosen and shared.of_threads(16) == 16 and shared.of_threads(2) == 2
    assert told == [(chosen, rates)] and shared.candidates(ENOUGH, 8) == ()


def test_a_call_that_was_given_up_leaves_it_to_the_next():
    shared = PassesAtOnce(8, 4)
    shared.candidates(ENOUGH, 8)
    shared.choose({})
    assert shared.of_threads(8) == 8 and shared.candidates(ENOUGH, 8) == (8, 4)


def test_half_of_the_batches_run_in_turns_and_the_slower_number_shows():
    rates, seen = {}, []

    def run(share, passes):
        for batch in share:
            time.sleep(0.004 if passes == 8 else 0.001)
            seen.append((batch, passes))
            yield batch

    shares, rest = deal_turns(list(range(64)))
    done = list(in_turns((8, 4), shares, lambda batch: 100, run, rates))
    assert sorted([*done, *rest]) == list(range(64))
    assert sorted(done) == [batch for batch in range(64) if batch % SHARES < SHARES // 2]
    assert {batch % SHARES for batch, passes in seen if passes == 8} == {0, 2}
    assert [len(turns) for turns in rates.values()] == [2, 2] and min(rates[4]) > max(rates[8])
    assert set(mean_rates(rates)) == {"4", "8"}


@pytest.mark.parametrize("is_given_up", [False, True])
def test_an_encoder_measures_on_texts_that_it_encodes_once(bundle, monkeypatch, is_given_up):
    monkeypatch.setattr(passes_at_once, "PASSES_EACH", 1)
    told, path = [], bundle / "onnx" / "model.onnx"
    texts = [f"{n} pods on a node near the bank of a river " * (1 + n % 3) for n in range(200)]
    tokens = WordTokenizer.from_folder(bundle).tokenize(texts)
    at_once = PassesAtOnce(2, 1, tell=lambda *facts: told.append(facts))
    encoder = TokenEncoder(path, 2, budget=TokenBudget(128, at_once=at_once))
    with count_forwards() as counts:
        if is_given_up:
            next(batches := encoder.encode(tokens))
            batches.close()
            assert not told
        batches = list(encoder.encode(tokens))
    places = np.concatenate([batch.places for batch in batches])
    assert sorted(places.tolist()) == list(range(len(tokens)))
    assert is_given_up or (counts.n_passes == {"vectors": 200} and counts.n_twice == {})
    ((chosen, rates),) = told
    assert chosen in (1, 2) and {passes: len(turns) for passes, turns in rates.items()} == {2: 2, 1: 2}
    plain = {place: row for batch in TokenEncoder(path, 1, 128).encode(tokens) for place, row in rows(batch)}
    for batch in batches:
        for place, row in rows(batch):
            np.testing.assert_allclose(row, plain[place], atol=5e-6)


def rows(batch):
    for row, place in enumerate(batch.places):
        yield int(place), batch.embeddings[row, : batch.lengths[row]]
