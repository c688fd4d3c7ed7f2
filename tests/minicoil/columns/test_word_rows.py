"""Words read as columns are the tokenizer's own, word for word, whatever the text."""

import json
import random
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

from minicoil.columns.word_rows import RowTokenizer, WordRows
from minicoil.text.sentences import split_sentences
from minicoil.text.tokens import WordTokenizer

PLAIN = "The pods of a node share its kernel, e.g. num_workers=4 (see [3])."
# what only the tokenizer itself can judge: words without pieces, words too long to be searched, special tokens
HARD = [
    "a word of \u1b05\u1b13 has no pieces here",
    "the cat \U0001f408 sat \u2764\ufe0f on it",
    "one " + "x" * 101 + " is too long to be searched",
    "one " + "x" * 100 + " is not, and this neither: " + "9" * 100,
    "the [MASK] of the [CLS] and [sep] and [PAD] [UNK]s",
    "[MASK]",
    "##s follows ## and #s",
    "a\u00adb[MA\u00adSK] and [M\u0301ASK] fold otherwise",
    "",
    " ",
    "\u200b\u00ad",
    "two\nlines [MASK]\n",
    "a tab\there and \x00 zero \x07 bells \x1f\x7f \x1c",
    "\u201cquoted\u201d \u2013 the caf\u00e9\u2019s na\u00efve \u0130zmir \u01c5 \ufb01ne \u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \ud55c\uad6d\uc5b4 \u65e5\u672c\u8a9e",
    "cafe\u0301 e\u0301\u0327 \u0327\u0301 a\u3099\u0301b \u0e31\u0651",
    "\uff30\uff2f\uff24 \u3000 \u2028 \u00a0x\u00a0 \u2126 \u212b",
]


def words_of(tokenizer, texts):
    return [list(text.words) for text in tokenizer.tokenize(texts)]


def hold_equal(tokenizer, texts):
    rows = RowTokenizer(tokenizer).tokenize(texts)
    assert rows.n_sentences == len(texts) and len(rows.numbers) == len(rows.sentences)
    for text, found, expected in zip(texts, rows.words(), words_of(tokenizer, texts), strict=True):
        assert found == expected, text


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


def test_sentences_that_only_the_tokenizer_can_judge(tokenizer):
    for text in HARD:
        hold_equal(tokenizer, [text])
        hold_equal(tokenizer, [PLAIN, text, PLAIN])
    hold_equal(tokenizer, [*HARD, PLAIN, *HARD])
    hold_equal(tokenizer, [])
    assert "[UNK]" in RowTokenizer(tokenizer).tokenize(HARD[:1]).names


@pytest.mark.parametrize("length", [3, 5, 12, 40])
def test_sentences_are_cut_where_the_encoder_stops_reading(encoder_folder, length):
    backend = Tokenizer.from_file(str(encoder_folder / "tokenizer.json"))
    long = ["antidisestablishmentarianism of kubelets " * n for n in range(8)]
    hold_equal(WordTokenizer(backend, length), [*long, PLAIN, "pods", *HARD])


WORDS = [
    "pods",
    "[MASK]",
    "##s",
    "caf\u00e9",
    "\u2019",
    "\u201c",
    "x" * 101,
    "\u65e5",
    "a_b",
    "\u0301",
    "\u00ad",
    "\x00",
    "\U0001f408",
    "U.S.",
]
texts = st.lists(st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.builds(lambda words, gap: gap.join(words), texts, st.sampled_from(["", " "])), max_size=6))
@example([PLAIN] * 3)
def test_any_text_has_the_tokenizers_words(tokenizer, batch):
    hold_equal(tokenizer, batch)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(texts.map(" ".join) | st.sampled_from(HARD), max_size=5), max_size=4))
@example([[], [PLAIN, *HARD], [PLAIN], []])
@example([])
def test_batches_share_their_names_and_have_the_words_of_each(tokenizer, batches):
    each = RowTokenizer(tokenizer).tokenize_each([pa.array(batch, pa.string()) for batch in batches])
    assert len(each) == len(batches)
    for batch, rows in zip(batches, each, strict=True):
        assert rows.names is each[0].names and rows.n_sentences == len(batch)
        assert rows.words() == words_of(tokenizer, batch)
        assert rows.numbers.dtype == rows.sentences.dtype == np.int32


def test_characters_of_every_block_have_the_tokenizers_words(tokenizer):
    rng, batch = random.Random(3), []
    for start in range(0, sys.maxunicode + 1, 256):
        there = [c for c in map(chr, range(start, start + 256)) if unicodedata.category(c) not in ("Cn", "Cs")]
        for some in (rng.sample(there, min(len(there), 24)),) if there else ():
            batch += [f"pods {c}node{c} {c} {c}{c}Cell{c}kernel" for c in some]
            batch.append("".join(some) + " ".join(some))
    assert len(batch) > 5000
    hold_equal(tokenizer, batch)


def small(normaliser, cutter, added=(), letters="abcdefgABCDEFG019.,[]#'_-"):
    """A tokenizer of other kinds than BERT's."""
    vocabulary = ["[UNK]", "[CLS]", "[SEP]", *letters, *("##" + c for c in letters), "abc", "##de", "ABC", "\u2019"]
    made = Tokenizer(WordPiece({piece: i for i, piece in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normaliser, cutter
    made.post_processor = TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 1), ("[SEP]", 2)])
    made.add_special_tokens(["[CLS]", "[SEP]", "[UNK]"])
    made.add_tokens(list(added))
    return WordTokenizer(made, 64)


KINDS = {
    "cased": lambda: small(
        normalizers.BertNormalizer(lowercase=False, strip_accents=False), pre_tokenizers.BertPreTokenizer()
    ),
    "accents kept": lambda: small(normalizers.BertNormalizer(strip_accents=False), pre_tokenizers.BertPreTokenizer()),
    "few letters": lambda: small(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), letters="abc#"),
    "spaces alone": lambda: small(normalizers.Lowercase(), pre_tokenizers.WhitespaceSplit()),
    "no normaliser": lambda: small(None, pre_tokenizers.BertPreTokenizer()),
    "nothing cut": lambda: small(normalizers.BertNormalizer(), None),
    "words of its own": lambda: small(
        normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), ["abc def", AddedToken("gg", normalized=True)]
    ),
    "an accent of its own": lambda: small(
        normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), [AddedToken("\u00e9\u201d", normalized=True)]
    ),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_tokenizers_of_other_kinds_keep_their_words(kind):
    tokenizer = KINDS[kind]()
    texts = [
        "ABC abc def",
        "abcde ##de de## #",
        "a.b, GG gg g\u00e9 \u00e9\u201d e\u201d E\u0301\u201d",
        "abc\u2019d x\u2019 [CLS]",
        "fa_b \u0130",
        *HARD,
    ]
    hold_equal(tokenizer, texts)


def test_rows_of_tokens_give_them_back():
    given_words = [["a", "pod"], [], ["pod", "", "a"]]
    rows = WordRows.of(given_words)
    assert rows.words() == given_words and sorted(rows.names) == ["", "a", "pod"]
    assert rows.numbers.dtype == rows.sentences.dtype == np.int32
    assert WordRows.of([]).words() == []


@pytest.mark.shared
def test_a_hundred_thousand_sentences_of_real_text_have_the_tokenizers_words(tokenizer, shared_data):
    texts = []
    for name in ("scifact/corpus.jsonl", "kubernetes_docs/sentences.jsonl", "general/gutenberg/sentences.jsonl"):
        for line in (shared_data / name).read_text().splitlines():
            texts += split_sentences(json.loads(line)["text"])
    assert len(texts) > 100_000
    texts, rows = texts[:100_000], RowTokenizer(tokenizer)
    for start in range(0, len(texts), 10_000):
        page = texts[start : start + 10_000]
        assert rows.tokenize(page).words() == words_of(tokenizer, page)
