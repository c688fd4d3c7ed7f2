"""Words that a text uses in several meanings, found before anything is trained."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from planted_corpus import planted_pieces

from minicoil.columns import RowTokenizer
from minicoil.config import SamplingConfig
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.files.layout import BundleLayout
from minicoil.text.sentences import sentence_key
from minicoil.text.tokens import WordTokenizer
from minicoil.words import WordCounts
from tasks.models.sentence_encoder import Encoders
from tasks.qdrant import open_points
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.training.ambiguity import choose_ambiguous

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making


@pytest.fixture(scope="module")
def chosen(empty_bundle, tmp_path_factory):
    both = [piece.text for piece in planted_pieces() if piece.word in ("bank", "crane")]
    texts = both + [piece.text for piece in planted_pieces() if piece.sense == "tree"]  # bark, in one meaning here
    tokenizer = WordTokenizer.from_folder(empty_bundle)
    encoders = Encoders(tokenizer, TokenEncoder(BundleLayout(empty_bundle).encoder, threads=1), digest="d")
    counts, keys = WordCounts(), np.unique(np.asarray([sentence_key(text) for text in texts], np.uint64))
    counts.add_rows(RowTokenizer(tokenizer).tokenize(texts), np.arange(len(texts)))
    parent = SimpleNamespace(vocabulary=SimpleNamespace(known_words=("crane",)))
    with open_points(tmp_path_factory.mktemp("points")) as points:
        store = SentenceStore(points, 384)
        store.add([Sentence(sentence_key(text), text, "doc") for text in texts])

        def choose(n, known=()):
            parent.vocabulary.known_words = known
            return choose_ambiguous(n, parent, counts, store, encoders, SamplingConfig(), keys)

        yield choose(3), choose(1, ("bank",))


def test_words_with_two_meanings_come_first_and_say_which_ones(chosen):
    words, _ = chosen
    assert {candidate.word for candidate in words[:2]} == {"bank", "crane"}
    assert all(candidate.kind == "ambiguous" and candidate.score > 0 for candidate in words[:2])
    assert re.match(r"[23] meanings in \d+ sentences: ", words[0].reasons[0])  # the role model may cut one in two
    assert [candidate.word for candidate in words[2:]] == ["bark"] and words[2].score < words[1].score


def test_a_word_that_is_known_already_is_not_chosen(chosen):
    assert [candidate.word for candidate in chosen[1]] == ["crane"]
