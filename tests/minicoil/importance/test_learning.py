"""On a corpus where importance is planted it is found, helps queries that took no part, and is the same every time."""

import numpy as np
import pytest

from minicoil.importance.document_words import FEATURES, N_HALF, DocumentWords
from minicoil.importance.learning import BETAS, learn_importance
from minicoil.importance.rivals import Pair

WIDTH, N_WORDS, PER_DOCUMENT = 6, 100, 24


def planted(n_documents, strength, seed=5):
    """Documents of random words of which four matter: their embeddings lean one way, and titles ask for them."""
    rng = np.random.default_rng(seed)
    documents, pairs = [], []
    for place in range(n_documents):
        words = rng.choice(N_WORDS, PER_DOCUMENT, replace=False)
        embeddings = rng.normal(size=(PER_DOCUMENT, WIDTH))
        embeddings[:4, 0] += strength
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        rows = np.concatenate([embeddings, np.zeros((PER_DOCUMENT, len(FEATURES)))], axis=1)
        rows = (rows - rows.mean(axis=0)) * PER_DOCUMENT / (PER_DOCUMENT + N_HALF)
        stems = tuple(f"w{word}" for word in words)
        documents.append(DocumentWords(stems, {}, rng.integers(1, 4, PER_DOCUMENT), rows.astype(np.float32)))
        pairs.append(Pair(stems[:3], place))
    return documents, pairs[::2], pairs[1::2]


@pytest.fixture(scope="module")
def learned():
    return learn_importance(*planted(400, 3.0))


def test_planted_importance_is_found_and_helps_the_other_half(learned):
    vector = learned.importance.vector
    assert vector[0] == np.abs(vector).max() and vector[0] > 3 * np.abs(vector[1:]).max()
    assert learned.helps and learned.gain > 0.1 and learned.margin > 0 and learned.error < learned.gain
    assert learned.weighed.mean() > learned.plain.mean()
    assert learned.n_taught + learned.n_judged <= 400


def test_beta_is_the_one_by_which_folds_rank_best(learned):
    assert set(learned.by_beta) == set(BETAS)
    assert learned.by_beta[learned.importance.beta] == pytest.approx(max(learned.by_beta.values()), abs=1e-4)


def test_equal_input_gives_an_equal_vector(learned):
    told = []
    again = learn_importance(*planted(400, 3.0), progress=told.append)
    assert again.importance.digest == learned.importance.digest and told == [1, 1, 1]


def test_where_nothing_is_planted_nothing_is_promised():
    """Noise may gain or lose a little by luck, never much."""
    assert abs(learn_importance(*planted(300, 0.0)).gain) < 0.05


def test_too_little_to_learn_from_is_said():
    documents, teaching, judging = planted(40, 1.0)
    with pytest.raises(ValueError, match="contests"):
        learn_importance(documents, teaching[:1], judging)
