"""A corpus of any size made of real sentences: no two equal but for real duplicates, its vocabulary growing as text's does.

Each sentence is a real one with three content words replaced by others of like frequency. New words are coined so that
there are about K n^b different ones among n words (Heaps), and used again ever less often.
"""

import json
import math
import random
import re
from collections import Counter
from pathlib import Path

from minicoil.text.sentences import split_sentences
from minicoil.text.stemming import STOPWORDS

SOURCES = (
    *("kubernetes_docs/sentences.jsonl", "postgres_docs/sentences.jsonl", "rust_book/sentences.jsonl"),
    *("scifact/corpus.jsonl", "general/gutenberg/sentences.jsonl", "general/masc/sentences.jsonl"),
    *("general/wikisplit/sentences.jsonl", "general/state_union/sentences.jsonl"),
)
HEAPS_K, HEAPS_B = 10.0, 0.55  # beside the words that real text brings: some 5 times as many in 20 times the text
DUPLICATES = 0.05
SENTENCES_A_ROW = 6
_WORD = re.compile(r"[A-Za-z]{4,}")


def real_sentences(shared: Path) -> list[str]:
    """Every sentence of the shared data, each once."""
    found: dict[str, None] = {}
    for name in SOURCES:
        for line in (shared / name).read_text("utf-8").splitlines():
            found |= dict.fromkeys(split_sentences(json.loads(line)["text"]))
    return list(found)


def write_corpus(shared: Path, path: Path, n_sentences: int, seed: int = 11) -> None:
    """JSON lines of some `SENTENCES_A_ROW` sentences each."""
    rng, sentences = random.Random(seed), real_sentences(shared)
    counts = Counter(word.lower() for sentence in sentences for word in _WORD.findall(sentence))
    alike: dict[int, list[str]] = {}
    for word, n in counts.items():
        if word not in STOPWORDS:
            alike.setdefault(int(2 * math.log2(n)), []).append(word)
    coined: list[str] = []
    seen: set[int] = set()
    recent: list[str] = []
    n_words = n_rows = done = 0
    with path.open("w", encoding="utf-8") as file:
        while done < n_sentences:
            row: list[str] = []
            while len(row) < SENTENCES_A_ROW:
                if recent and rng.random() < DUPLICATES:
                    row.append(rng.choice(recent))
                    continue
                text = _changed(rng.choice(sentences), counts, alike, coined, n_words, rng)
                if hash(text) in seen:
                    continue
                seen.add(hash(text))
                n_words += text.count(" ") + 1
                row.append(text)
                if len(recent) < 50_000:
                    recent.append(text)
                else:
                    recent[rng.randrange(50_000)] = text
            file.write(json.dumps({"doc": f"row{n_rows}", "text": " ".join(row)}) + "\n")
            n_rows += 1
            done += len(row)


def _changed(
    sentence: str,
    counts: Counter[str],
    alike: dict[int, list[str]],
    coined: list[str],
    n_words: int,
    rng: random.Random,
) -> str:
    places = [match for match in _WORD.finditer(sentence) if match.group().lower() not in STOPWORDS]
    for match in sorted(rng.sample(places, min(3, len(places))), key=lambda match: -match.start()):
        other = _other(match.group().lower(), counts, alike, coined, n_words, rng)
        sentence = sentence[: match.start()] + other + sentence[match.end() :]
    return sentence


def _other(
    word: str, counts: Counter[str], alike: dict[int, list[str]], coined: list[str], n_words: int, rng: random.Random
) -> str:
    if len(coined) < HEAPS_K * n_words**HEAPS_B:
        coined.append(word[: rng.randint(2, 5)] + "".join(rng.choices("aeioubdklmnrst", k=rng.randint(3, 6))))
        return coined[-1]
    if coined and counts[word] < 20 and rng.random() < 0.5:
        return coined[int(len(coined) * rng.random() ** 3)]  # the first ones most
    return rng.choice(alike.get(int(2 * math.log2(counts[word])), [word]))
