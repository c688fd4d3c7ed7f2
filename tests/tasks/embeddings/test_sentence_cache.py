"""Encoded sentences survive between runs: found again, bounded, whole after kill -9, gone when forgotten."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minicoil.encoder.content_words import ContentWords
from tasks.embeddings.sentence_cache import SentenceCache, forget_sentences, make_room

ROOT = Path(__file__).parents[3]


def words_of(key, n=3, width=8):
    """What a sentence of that key always looks like."""
    rng = np.random.default_rng(key)
    tokens = tuple(f"word{i}" for i in rng.choice(50, n, replace=False))
    return ContentWords(
        tokens,
        rng.integers(1, 4, n),
        rng.normal(size=(n, width)).astype(np.float16),
        rng.normal(size=2).astype(np.float32),
    )


def same(one, other):
    assert one.tokens == other.tokens
    for name in ("pieces", "embeddings", "role"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def fill(root, keys, digest="a" * 40, **options):
    cache = SentenceCache(root, digest, **options)
    cache.add({key: words_of(key) for key in keys})
    cache.flush()


def test_sentences_are_found_again_before_and_after_they_are_written(tmp_path):
    cache = SentenceCache(tmp_path, "a" * 40)
    cache.add({key: words_of(key) for key in (5, 2**62, 1)})
    assert set(cache.find([1, 2, 5])) == {1, 5}
    cache.flush()
    fill(tmp_path, [7, 9])
    found = SentenceCache(tmp_path, "a" * 40).find([9, 1, 3, 2**62, 7])
    assert set(found) == {9, 1, 2**62, 7}
    for key, words in found.items():
        same(words, words_of(key))
    assert SentenceCache(tmp_path, "b" * 40).find([1]) == {}  # another encoder
    assert SentenceCache(tmp_path / "none", "a").find([1]) == {}


def test_a_sentence_without_content_words_is_remembered_too(tmp_path):
    nothing = ContentWords((), np.zeros(0, np.int64), np.zeros((0, 8), np.float16), np.ones(2, np.float32))
    cache = SentenceCache(tmp_path, "a")
    cache.add({4: nothing})
    cache.flush()
    same(SentenceCache(tmp_path, "a").find([4])[4], nothing)


def test_the_least_recently_used_go_when_it_is_full(tmp_path):
    for number in range(4):
        fill(tmp_path, range(number * 100, number * 100 + 100))
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    folders = sorted(tmp_path.glob("*/*"))
    for age, folder in enumerate(folders):
        os.utime(folder, (time.time() - 1000 + age, time.time() - 1000 + age))
    used = SentenceCache(tmp_path, "a" * 40)
    oldest = int(np.load(folders[0] / "keys.npy")[0])
    assert used.find([oldest])  # looked at: now the newest
    make_room(tmp_path, size // 2 + 100)
    left = SentenceCache(tmp_path, "a" * 40)
    assert len(left.find(range(400))) == 200 and left.find([oldest])
    assert used.find([oldest])  # open arrays outlive their files
    make_room(tmp_path, 0)
    assert SentenceCache(tmp_path, "a" * 40).find(range(400)) == {}


def test_a_damaged_segment_is_removed_and_the_rest_is_used(tmp_path, caplog):
    fill(tmp_path, [1])
    fill(tmp_path, [2])
    for folder in tmp_path.glob("*/*"):
        if np.load(folder / "keys.npy")[0] == 1:
            (folder / "embeddings.npy").write_bytes(b"half")
    cache = SentenceCache(tmp_path, "a" * 40)
    assert set(cache.find([1, 2])) == {2}
    assert "encoded again" in caplog.text
    assert len(list(tmp_path.glob("*/*"))) == 1


def test_forgotten_sentences_leave_no_trace(tmp_path):
    fill(tmp_path, [1, 2])
    fill(tmp_path, [3], digest="b" * 40)
    fill(tmp_path, [4])
    assert forget_sentences(tmp_path, [2, 3]) == 2
    assert set(SentenceCache(tmp_path, "a" * 40).find([1, 2, 4])) == {4}
    assert not list((tmp_path / ("b" * 32)).glob("*"))


@pytest.mark.parametrize("wait", [0.05, 0.2, 0.45])
def test_after_kill_9_everything_found_is_whole(tmp_path, wait):
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests/tasks')\n"
        "from test_sentence_cache import fill\n"
        "print('ready', flush=True); n = 0\n"
        "while True:\n    fill(Path(sys.argv[1]), range(n, n + 50)); n += 50\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
    found = SentenceCache(tmp_path, "a" * 40).find(range(100_000))
    for key, words in found.items():
        same(words, words_of(key))
    for part in tmp_path.glob("*/.part-*"):
        os.utime(part, (0, 0))
    fill(tmp_path, [10**6])
    assert not list(tmp_path.glob("*/.part-*"))  # swept once their writer is surely gone
    assert len(SentenceCache(tmp_path, "a" * 40).find(range(100_000))) == len(found)
