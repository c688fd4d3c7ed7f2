"""A lineage has one prior: its parent's, else one made once of the words at hand, before any is trained with it."""

import numpy as np
import pytest
from planted_words import ROLE, WIDTH, PlantedFeatures, planted, planted_parent

from minicoil.config import PRIOR_COMPONENTS
from minicoil.errors import EmptyCorpusError
from minicoil.training import Prior
from tasks.store.local_store import LocalStore
from tasks.training import priors
from tasks.training.priors import find_prior, make_prior, prior_origin
from tasks.training.word_memory import WordMemory

CHOSEN = {"pod": np.arange(9, dtype=np.uint64), "node": np.arange(5, dtype=np.uint64)}


@pytest.fixture
def memory(tmp_path):
    return WordMemory(LocalStore(tmp_path / "store"))


@pytest.fixture
def parent(tmp_path):
    return planted_parent(tmp_path, {})


@pytest.fixture(scope="module")
def features():
    return PlantedFeatures([planted(f"w{i}", n=60, seed=i) for i in range(4)])


def test_the_origin_follows_words_sentences_and_settings_and_not_their_order(parent):
    origins = {
        prior_origin(parent, CHOSEN, "s"),
        prior_origin(parent, CHOSEN, "t"),
        prior_origin(parent, {**CHOSEN, "pod": np.arange(10, dtype=np.uint64)}, "s"),
        prior_origin(parent, {"pods": CHOSEN["pod"], "node": CHOSEN["node"]}, "s"),
        prior_origin(parent, {}, "s"),
    }
    assert len(origins) == 5
    assert prior_origin(parent, dict(reversed(CHOSEN.items())), "s") in origins


def test_it_is_made_once_and_found_by_the_same_run(parent, features, memory):
    assert find_prior(parent, "o", memory) is None
    prior = make_prior(parent, features, 17, "o", memory)
    assert prior.origin == "o" and prior.n_words == 4
    assert prior.components.shape == (ROLE, min(ROLE, PRIOR_COMPONENTS)) and prior.second.shape == (WIDTH, WIDTH)
    only_one = PlantedFeatures([planted("other", seed=9)])  # what a run that was killed has left
    again = make_prior(parent, only_one, 17, "o", memory)
    assert again.to_bytes() == prior.to_bytes() == find_prior(parent, "o", memory).to_bytes()
    assert make_prior(parent, only_one, 17, "another", memory).to_bytes() != prior.to_bytes()


def test_the_same_words_and_seed_make_the_same_prior(parent, features, tmp_path):
    made = [
        make_prior(parent, features, seed, "o", WordMemory(LocalStore(tmp_path / f"store {place}"))).to_bytes()
        for place, seed in enumerate((17, 17))
    ]
    assert made[0] == made[1]


def test_the_parents_prior_is_kept_and_gives_its_name(parent, features, memory):
    inherited = make_prior(parent, features, 17, "of the parent", memory)
    inherited.write(parent.folder)
    assert prior_origin(parent, CHOSEN, "s") == "of the parent"
    assert make_prior(parent, PlantedFeatures([planted("other", seed=9)]), 3, "o", memory).origin == "of the parent"
    assert memory.read_prior("o") is None  # nothing was made


def test_without_a_sentence_there_is_nothing_to_learn_from(parent, memory):
    empty = PlantedFeatures([planted("w", n=8)])
    empty.keys = np.zeros(0, np.uint64)
    with pytest.raises(EmptyCorpusError) as said:
        make_prior(parent, empty, 17, "o", memory)
    assert str(said.value) == "no sentence with any of the words was found; give a corpus in which they occur"
    assert memory.read_prior("o") is None


def test_words_that_are_all_too_rare_make_a_prior_of_none(parent, memory):
    prior = make_prior(parent, PlantedFeatures([planted("few", n=12)]), 17, "o", memory)
    assert prior.n_words == 0 and not prior.second.any() and not prior.cross.any()
    assert prior.cross.shape == (WIDTH, prior.components.shape[1])


def test_of_many_words_some_are_enough_the_same_ones_every_time(parent, features, memory, monkeypatch):
    monkeypatch.setattr(priors, "_PRIOR_WORDS", 2)
    first = make_prior(parent, features, 17, "a", memory)
    again = make_prior(parent, features, 17, "b", memory)
    assert first.n_words == 2 and np.array_equal(first.second, again.second)


def test_a_damaged_prior_is_made_again(parent, features, memory):
    made = make_prior(parent, features, 17, "o", memory)
    memory._store.write("words/priors/o.npz", b"nonsense")
    assert make_prior(parent, features, 17, "o", memory).to_bytes() == made.to_bytes()
    assert isinstance(memory.read_prior("o"), Prior)
