"""Counts of many texts at once equal those of one token at a time, to the number."""

import json
import random

import numpy as np
import pytest
from reference_counts import ReferenceCounts

from minicoil.columns.word_rows import RowTokenizer, WordRows
from minicoil.text.sentences import split_sentences
from minicoil.text.tokens import WordTokenizer
from minicoil.words.word_counts import WordCounts

WORDS = [
    *[
        "the",
        "a",
        "of",
        "pods",
        "Pod",
        "pod",
        "node",
        "nodes",
        "_",
        ",",
        ".",
        "num",
        "workers",
        "x1",
        "café",
        "running",
        "runs",
        "run",
        "[UNK]",
        "ab",
    ],
    "",
]


def hold_equal(found, expected):
    assert (found.n_words, found.n_documents, found.n_sentences) == (
        expected.n_words,
        expected.n_documents,
        expected.n_sentences,
    )
    ours, theirs = ({use.word: use for use in counts.uses()} for counts in (found, expected))
    assert ours.keys() == theirs.keys() and len(found) == len(expected)
    for word, use in theirs.items():
        own = ours[word]
        assert (own.count, own.n_documents, own.forms) == (use.count, use.n_documents, use.forms), word
        assert (own.per_million, own.n_neighbours) == (use.per_million, use.n_neighbours), word
        assert np.array_equal(own.neighbours, use.neighbours), word


def fill(counts, documents):
    for document in documents:
        counts.add(document)
    return counts


@pytest.mark.parametrize("seed", range(20))
def test_documents_one_by_one(seed):
    rng = random.Random(seed)
    documents = [
        [rng.choices(WORDS, k=rng.randint(0, 12)) for _ in range(rng.randint(0, 4))] for _ in range(rng.randint(0, 40))
    ]
    expected, found = fill(ReferenceCounts(), documents), fill(WordCounts(), documents)
    hold_equal(found, expected)
    assert found.use("pod").forms == expected.use("pod").forms  # asked before more is added, and after
    hold_equal(fill(found, documents[:5]), fill(expected, documents[:5]))


@pytest.mark.parametrize("seed", range(5))
def test_batches_that_share_their_names(seed):
    """Names that stand twice, and names that one batch has and another has not."""
    rng = random.Random(seed)
    names = ("of", *WORDS, *rng.sample(WORDS, 9), "_")
    expected, found, first = ReferenceCounts(), WordCounts(), 0
    for _ in range(6):
        documents = [
            [rng.choices(range(len(names)), k=rng.randint(0, 9)) for _ in range(3)] for _ in range(rng.randint(0, 5))
        ]
        sentences = [sentence for document in documents for sentence in document]
        numbers = np.array([number for sentence in sentences for number in sentence], np.int32)
        owners = np.repeat(np.arange(len(sentences), dtype=np.int32), [len(sentence) for sentence in sentences])
        rows = WordRows(names, numbers, owners, len(sentences))
        found.add_rows(rows, first + np.repeat(np.arange(len(documents)), 3))
        fill(expected, [[[names[number] for number in sentence] for sentence in document] for document in documents])
        first += len(documents)
    everything = np.arange(len(names), dtype=np.int32)
    found.add_rows(WordRows(names, everything, everything * 0, 1), np.array([first]))
    hold_equal(found, fill(expected, [[list(names)]]))


def counted(texts, tokenizer, exact, size):
    """Counts of documents' sentences as columns, and by the whole tokenizer, one token at a time."""
    found, expected, rows = WordCounts(), ReferenceCounts(), RowTokenizer(tokenizer)
    for start in range(0, len(texts), size):
        page = [sentences for sentences in texts[start : start + size] if sentences]
        flat = [sentence for sentences in page for sentence in sentences]
        found.add_rows(rows.tokenize(flat), np.repeat(np.arange(len(page)), [len(s) for s in page]))
        words = iter(exact(flat))
        for sentences in page:
            expected.add([next(words) for _ in sentences])
    return found, expected


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


PLANTED = [
    ["The num_workers of a pod are pods.", "A [MASK] hides the pod, and the [UNK] none."],
    ["Pods \u2019re caf\u00e9s of \u201cnodes\u201d", "one " + "pod" * 40 + " is no pod", "\U0001f408 pods"],
    ["pods " * 600, "", "a pod _ _ pod"],
    [],
    ["Shar\u00adds of n\u00f6des [CLS] run"],
]


def test_texts_that_only_the_whole_tokenizer_can_judge_are_counted_as_it_cuts_them(tokenizer):
    def exact(texts):
        return [text.words for text in tokenizer.tokenize(texts)]

    for size in (1, 3, 100):
        hold_equal(*counted(PLANTED * 3, tokenizer, exact, size))


@pytest.mark.shared
def test_a_hundred_thousand_sentences_of_real_text_count_alike(tokenizer, shared_data):
    def exact(texts):
        return [text.words for text in tokenizer.tokenize(texts)]

    documents, n = [], 0
    for name in ("scifact/corpus.jsonl", "postgres_docs/sentences.jsonl", "general/gutenberg/sentences.jsonl"):
        for line in (shared_data / name).read_text().splitlines():
            if n < 100_000:
                documents.append(list(split_sentences(json.loads(line)["text"])))
                n += len(documents[-1])
    assert n >= 100_000
    hold_equal(*counted(documents, tokenizer, exact, 3000))
