"""Pieces are joined back to the words that FastEmbed makes of them, and a tokenizer that cannot serve is refused by name."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from minicoil.errors import BundleError, EncoderError
from minicoil.files.layout import BundleLayout
from minicoil.text.languages import open_language
from minicoil.text.tokens import WordTokenizer

PIECES = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "pod", "##s", "##let", "kube", "a", ",", "##"]


def files(pieces=PIECES, **changed):
    """The three tokenizer files of a model folder, some of them otherwise."""
    made = Tokenizer(WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    made.post_processor = TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 1), ("[SEP]", 2)])
    specials = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")}
    documents = {"tokenizer": json.loads(made.to_str()), "config": {"model_max_length": 8}, "specials": specials}
    return documents | changed


def write(folder, documents):
    layout = BundleLayout(folder)
    for path, name in (
        (layout.tokenizer, "tokenizer"),
        (layout.tokenizer_config, "config"),
        (layout.special_tokens, "specials"),
    ):
        document = documents[name]
        path.write_text(document if isinstance(document, str) else json.dumps(document))
    return folder


@pytest.fixture
def tokenizer(tmp_path):
    return WordTokenizer.from_folder(write(tmp_path, files()))


def test_pieces_become_words_and_each_piece_knows_its_word(tokenizer):
    (read,) = tokenizer.tokenize(["A Kubelets, pods"])
    assert read.tokens == ("[CLS]", "a", "kubelets", ",", "pod", "[SEP]")  # the limit of 8 cuts "##s" off
    assert [PIECES[i] for i in read.ids] == ["[CLS]", "a", "kube", "##let", "##s", ",", "pod", "[SEP]"]
    assert read.positions.tolist() == [0, 1, 2, 2, 2, 3, 4, 5] and read.truncated
    assert (read.ids.dtype, read.positions.dtype) == (np.int64, np.int32)


def test_a_text_within_the_limit_is_whole_and_one_beyond_says_so(tokenizer):
    short, exact, long = tokenizer.tokenize(["pods", "a a a a a a", "a a a a a a a"])
    assert [text.truncated for text in (short, exact, long)] == [False, False, True]
    assert short.words == ("pods",) and exact.words == long.words == ("a",) * 6
    assert tokenizer.words("") == ("[CLS]", "[SEP]") and tokenizer.tokenize([]) == []


def test_a_text_that_begins_with_a_continuation_is_a_word_all_the_same():
    bare = Tokenizer(WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    (read,) = WordTokenizer(bare, 8).tokenize(["##s"])
    assert read.tokens == ("s",) and read.positions.tolist() == [0]


def test_text_is_folded_as_it_is_before_it_is_cut(tokenizer):
    assert tokenizer.fold("  CAF\u00c9 ") == "cafe"
    plain = Tokenizer(WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    assert WordTokenizer(plain, 8).fold("  CAF\u00c9 ") == "CAF\u00c9"


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.sampled_from("pods kubelet,a#[]CLS\u00e9"), max_size=24), max_size=4))
def test_words_and_positions_fit_whatever_the_text(tokenizer, texts):
    for read in tokenizer.tokenize(texts):
        assert read.positions[0] == 0 and (np.diff(read.positions) >= 0).all() and (np.diff(read.positions) <= 1).all()
        assert read.positions[-1] == len(read.tokens) - 1 and len(read.ids) == len(read.positions) <= 8
        for place, token in enumerate(read.tokens):
            assert token == "".join(PIECES[i].removeprefix("##") for i in read.ids[read.positions == place])


def test_folders_with_the_same_files_share_one_tokenizer_and_each_language_has_its_own(tmp_path):
    for name, facts in (("one", "{}"), ("two", '{"language": "en"}'), ("de", '{"language": "de"}')):
        (tmp_path / name).mkdir()
        write(tmp_path / name, files())
        BundleLayout(tmp_path / name).facts.write_text(facts)
    one, two, german = (WordTokenizer.from_folder(tmp_path / name) for name in ("one", "two", "de"))
    assert one is two is not german and german.language is open_language("de")
    assert german.tokenize(["a"])[0].language is german.language


def test_the_limit_is_the_smallest_that_is_real(tmp_path):
    limits = {"model_max_length": 10**30, "max_length": 5}
    assert WordTokenizer.from_folder(write(tmp_path, files(config=limits))).max_length == 5


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"tokenizer": "{"}, BundleError, r"tokenizer files cannot be read \(.*\); copy the folder again"),
        ({"tokenizer": []}, BundleError, r"tokenizer files cannot be read \(.*\); copy the folder again"),
        ({"specials": []}, BundleError, r"tokenizer files cannot be read \(.*\); copy the folder again"),
        (
            {"tokenizer": {"model": {"type": "BPE"}}},
            EncoderError,
            r"its tokenizer is BPE; miniCOIL needs WordPiece \('##'\); choose a BERT-like encoder",
        ),
        (
            {"config": {"model_max_length": 10**30}},
            BundleError,
            "model_max_length in its tokenizer_config.json is .*, a real limit is needed; get the model anew",
        ),
        ({"config": {"model_max_length": True}}, BundleError, "model_max_length .* is True, a real limit is needed.*"),
        (
            {"tokenizer": files(PIECES[1:])["tokenizer"]},
            BundleError,
            r"the tokenizer cannot be loaded \(its unknown token \[UNK\] is no piece\); copy the folder again",
        ),
        ({"tokenizer": {"model": {"type": "WordPiece"}}}, BundleError, "the tokenizer cannot be loaded .*"),
    ],
)
def test_a_tokenizer_that_cannot_serve_is_refused_by_its_folder(tmp_path, changed, kind, message):
    with pytest.raises(kind, match=f"^{tmp_path}: {message}$"):
        WordTokenizer.from_folder(write(tmp_path, files(**changed)))


def test_a_folder_without_tokenizer_is_named(tmp_path):
    message = rf"^{tmp_path}: tokenizer files cannot be read \(.*tokenizer.json.*\); copy the folder again$"
    with pytest.raises(BundleError, match=message):
        WordTokenizer.from_folder(tmp_path)
