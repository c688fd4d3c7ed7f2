"""Entries of encoded texts by number, and a cache filled with them."""

import numpy as np

from minicoil.encoder.pooled_words import PooledWords

WIDTH = 512
ENOUGH = 64 * 2**20


def key(number):
    return number.to_bytes(16, "little")


def entry(number, n=8, dense=0):
    rng = np.random.default_rng(number)
    counts = rng.integers(1, 9, (3, n)).astype(np.int32)
    sums, vector = (rng.normal(size=size).astype(np.float32) for size in ((n, WIDTH), dense))
    return PooledWords(tuple(f"w{number}x{i}" for i in range(n)), *counts, sums, vector)


def assert_same(one, other):
    assert one.tokens == other.tokens
    for name in ("pieces", "counts", "firsts", "sums", "dense"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def fill(cache, numbers, scanned=False):
    for number in numbers:
        target = cache.scanning() if scanned else cache
        if key(number) in target.takes([key(number)]):
            target.offer({key(number): entry(number)})
        target.settle()


def there(cache, numbers):
    return {number for number in numbers if cache.find([key(number)])}
