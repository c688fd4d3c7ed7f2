"""What lies in a reader's folder when a guide begins: texts, models, collections; small, and real."""

import json
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from folders import wait_closed

import minicoil
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import derive_bundle
from minicoil.text.stemming import stem
from minicoil.words.vocabulary import Vocabulary
from tasks.place import Place
from tasks.points import CollectionSchema, Point

# Fourteen companions of each sense, five of them in a sentence: two sentences of one sense share few words, so that BM25
# alone cannot tell the senses, and an encoder can. Few companions come often enough to be trained themselves.
SENSES = {
    "pod": (
        "container cluster node scheduler deployment volume namespace replica image kubelet server ingress daemon registry",
        "whale ocean dolphin sea fin coast seal wave calf harbor fish reef tide orca",
    ),
    "bank": (
        "money loan account credit interest deposit payment mortgage cash savings debt branch cheque investor",
        "river water shore mud willow flood stream reed otter canoe valley moss pebble heron",
    ),
    "cell": (
        "battery power voltage charge circuit anode current cathode lithium electrode watt terminal charger inverter",
        "blood tissue membrane protein nucleus enzyme organ bacteria gene plasma cytoplasm mitosis virus chromosome",
    ),
    "pool": (
        "thread task queue process executor future job lock semaphore worker scheduler concurrency callback mutex",
        "swimmer summer towel dive tile chlorine lane bikini lifeguard sunscreen splash goggles ladder diver",
    ),
}
FRAMES = (
    "The {word} has {0}, {1}, {2}, {3} and {4}.",
    "Without {0} or {1} the {word} lost {2}, {3} and {4}.",
    "Some {0}, {1} and {2} near a {word} with {3} and {4}.",
)
ELSEWHERE = ("java", "cats", "dogs", "universities", "matrices", "tensors", "windows", "letters", "bread", "music")
BM25 = {"k": 0.9, "b": 0.4, "avg_len": 25.0}  # what the other program chose, and attaching has to find out


def write_texts(folder: Path, words: Sequence[str], n: int, seed: int) -> list[dict[str, str]]:
    """`n` documents of three sentences, each about one of the words in one of its two senses."""
    rng, rows = random.Random(seed), []
    for number in range(n):
        word, sense = words[number % len(words)], number // len(words) % 2
        sentences = []
        for frame in FRAMES:
            some = rng.sample(SENSES[word][sense].split(), 5)
            sentences.append(frame.format(*some, word=word))
        rows.append({"_id": f"{folder.name}-{number}", "title": f"{word} {number}", "text": " ".join(sentences)})
    folder.mkdir(parents=True)
    (folder / "documents.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return rows


def write_base(empty: Path, folder: Path) -> None:
    """A model in the layout of Qdrant/minicoil-v1, with no file of ours: a few words that the texts do not have."""
    vocabulary, ids = Vocabulary.empty().apply({stem(form): [form] for form in ELSEWHERE})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(empty, folder, vocabulary, rows)
    layout = BundleLayout(folder)
    for ours in (layout.facts, layout.fused, layout.head):
        ours.unlink()


def write_articles(folder: Path) -> None:
    """The collection `articles` in the home's engine, as another program made it with `./minicoil-v1`."""
    rows = write_texts(folder / "articles", ("pod", "bank"), 60, 3)
    for number, row in enumerate(rows):  # of unequal length, or nobody could tell b and avg_len from the numbers
        row["text"] = ". ".join(row["text"].split(". ")[: 1 + number // 4 % 3])
    model = minicoil.load(folder / "minicoil-v1", **BM25)
    texts = [f"{row['title']}\n{row['text']}" for row in rows]
    points = [
        Point(number, {"title": row["title"], "body": row["text"]}, {"minicoil": both.sparse, "dense": both.dense})
        for number, (row, both) in enumerate(zip(rows, model.embed_hybrid(texts), strict=True))
    ]
    with Place.at(folder / ".minicoil").points() as store:
        store.ensure("articles", CollectionSchema(dense={"dense": 384}, sparse=("minicoil",)))
        store.upsert("articles", points)
    shutil.rmtree(folder / "articles")


def copy_folder(source: Path, target: Path) -> None:
    """A reader's folder as it is on disk, holes of the engine's files kept."""
    for lock in source.rglob("owner.lock"):
        wait_closed(lock.parent.parent)
    subprocess.run(["cp", "-r", "--sparse=always", str(source), str(target)], check=True)
    for socket in target.rglob("*.sock"):
        socket.unlink()
