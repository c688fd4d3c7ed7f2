"""Corpora of any size for the load benchmark: real sentences, none like another, and words with two senses each."""

import json
import random

SENTENCES_A_DOCUMENT = 6
TOPICS, WORDS_A_SENTENCE, SENTENCES_A_WORD = 40, 8, 48


def read_sentences(shared_data):
    """Sentences of every text in the shared folder, as lists of words."""
    rows = []
    for path in sorted(shared_data.rglob("sentences.jsonl")):
        with path.open(encoding="utf-8") as file:
            rows += [json.loads(line)["text"].split() for line in file]
    return [words for words in rows if 5 <= len(words) <= 60]


def write_varied(path, sentences, size_bytes):
    """A JSONL file of about that size: six sentences a document, each with one word from another; number of rows.

    One word exchanged makes every sentence and every document a new one, as in a corpus that really is that large.
    """
    rng, n_bytes, n_rows = random.Random(size_bytes), 0, 0
    n, pick = len(sentences), rng.random
    with path.open("w", encoding="utf-8") as file:
        while n_bytes < size_bytes:
            texts = []
            for _ in range(SENTENCES_A_DOCUMENT):
                words = sentences[int(pick() * n)].copy()
                words[int(pick() * (len(words) - 1)) + 1] = sentences[int(pick() * n)][2]
                texts.append(" ".join(words))
            n_bytes += file.write(
                json.dumps({"_id": f"d{n_rows}", "text": "\n".join(texts)}, ensure_ascii=False) + "\n"
            )
            n_rows += 1
    return n_rows


def write_planted(path, words):
    """Sentences of made-up topics: each word belongs to two of them, so that it has two senses to tell apart."""
    rng = random.Random(len(words))
    n_topics = max(TOPICS, len(words) // 50)
    topics = [[] for _ in range(n_topics)]
    for word in words:
        for topic in rng.sample(range(n_topics), 2):
            topics[topic].append(word)
    n_rows = 0
    with path.open("w", encoding="utf-8") as file:
        for topic in topics:
            n_sentences = len(topic) * SENTENCES_A_WORD // 2 // WORDS_A_SENTENCE
            for _ in range(n_sentences):
                some = rng.sample(topic, min(WORDS_A_SENTENCE, len(topic)))
                text = f"The {' '.join(some[:-1])} and {some[-1]}."
                file.write(json.dumps({"_id": f"s{n_rows}", "text": text}) + "\n")
                n_rows += 1
    return n_rows
