"""Bytes changed at random: what files look like after bad disks, bad writers and people who mean harm."""

import random

FRAGMENTS = [
    b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"9" * 40, b"9" * 5000, b"0.1", b'""', b"[]", b"{}",
    b"[" * 3000, b'{"a":' * 3000, b'"\\ud800"', b'"\\u0000"', b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"../",
    b"..\\", b"\n", b"\r\n", b"\t", b"\xc2\xad", b"\xe2\x80\xa8", b"\x1f\x8b\x08", b"PK\x03\x04", b"PAR1", b"\x93NUMPY",
    b"__class__", b"<f8", b"|O", b"(4294967295, 4294967295, 4)", b"(-1,)", b"\x80\x04\x95", b"\x7f" * 8, b"\xff" * 8,
]  # fmt: skip


def mutate(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One to six changes of `data`; the same generator gives the same bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(changed) + 1)
        size = min(rng.choice((1, 2, 4, 8, 30, 200)), len(changed) - at)
        kind = rng.randrange(9)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x5B, 0x7B, 0x20, rng.randrange(256)))
        elif kind == 2:
            del changed[at : at + size]
        elif kind == 3:
            changed[at:at] = changed[at : at + size] * rng.choice((1, 1, 2, 50))
        elif kind == 4:
            changed[at:at] = rng.choice(FRAGMENTS)
        elif kind == 5:
            changed[at : at + size] = rng.choice(FRAGMENTS)
        elif kind == 6:
            changed[at:at] = rng.randbytes(rng.choice((1, 4, 16)))
        elif kind == 7:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            changed[at:] = other[start:]
        else:
            _replace_value(changed, rng)
    return bytes(changed)


def _replace_value(changed: bytearray, rng: random.Random) -> None:
    """What stands between a colon, comma or bracket and the next becomes something else: another type in valid JSON."""
    marks = [place for place, byte in enumerate(changed) if byte in b":,[]{}"]
    if len(marks) < 2:
        return
    first = rng.randrange(len(marks) - 1)
    changed[marks[first] + 1 : marks[first + 1]] = rng.choice(FRAGMENTS)
