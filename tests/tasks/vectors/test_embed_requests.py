"""What `/embed` takes, and the one line that whoever sends something else gets."""

import asyncio

import pytest

from minicoil.errors import UsageError
from tasks.vectors.embed_requests import Bounds, RefusedError, read_body, read_request

BOUNDS = Bounds(texts=3, characters=10, body_bytes=100, waiting_texts=5)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "the body is no JSON"),
        (b'{"texts": ["a"], "kind": "query",}', 400, "trailing comma"),
        (b'{"texts": ["a"], "kind": NaN}', 400, "the body is no JSON"),
        (b'{"texts": ["\\ud800"], "kind": "query"}', 400, "surrogate"),
        (b'{"texts": ["\xff"], "kind": "query"}', 400, "the body is no JSON"),
        (b"[" * 10_000, 400, "the body is no JSON"),
        (b'["a"]', 400, "no JSON object"),
        (b'{"texts": ["a"]}', 400, "kind: Field required"),
        (b'{"texts": ["a"], "kind": "queries"}', 400, "kind: Input should be 'query' or 'document'"),
        (b'{"texts": "a", "kind": "query"}', 400, "texts: Input should be a valid list"),
        (b'{"texts": ["a", 1, null], "kind": "query"}', 400, "texts.1: Input should be a valid string"),
        (b'{"texts": [], "kind": "query"}', 400, "texts: List should have at least 1 item"),
        (b'{"texts": ["a"], "kind": "query", "k": 1.2}', 400, "k: Extra inputs are not permitted"),
        (b'{"texts": ["a", "b", "c", "d"], "kind": "query"}', 413, "4 texts, at most 3 are taken"),
        (b'{"texts": ["a", "bbbbbbbbbbb"], "kind": "query"}', 413, "text 1 has 11 characters, at most 10 are taken"),
    ],
)
def test_what_is_no_request_is_refused_in_one_line(body, status, says):
    with pytest.raises(RefusedError) as refused:
        read_request(body, BOUNDS)
    assert refused.value.status == status and says in refused.value.message
    assert len(refused.value.message.splitlines()) == 1 and len(refused.value.message) < 250


def test_what_is_at_the_bounds_is_taken():
    asked = read_request('{"kind": "document", "texts": ["", "\u00e9\u6f22", "0123456789"]}'.encode(), BOUNDS)
    assert asked.texts == ["", "\u00e9\u6f22", "0123456789"] and asked.kind == "document"


def test_no_more_of_a_body_is_read_than_allowed():
    seen = []

    async def chunks():
        for i in range(1000):
            seen.append(i)
            yield b"x" * 40

    for declared in (None, "12"):  # what a header says is no promise
        seen.clear()
        with pytest.raises(RefusedError) as refused:
            asyncio.run(read_body(chunks(), declared, 100))
        assert refused.value.status == 413 and seen == [0, 1, 2]
    seen.clear()
    with pytest.raises(RefusedError):
        asyncio.run(read_body(chunks(), "101", 100))
    assert not seen


def test_bounds_are_numbers():
    with pytest.raises(UsageError, match="texts"):
        Bounds(texts=0)
    with pytest.raises(UsageError, match="never be taken"):
        Bounds(texts=10, waiting_texts=9)
