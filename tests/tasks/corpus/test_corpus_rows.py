"""Lines of JSON are read as Python reads them, whichever reader takes them."""

import json
import math

import pytest
from hypothesis import given, settings, strategies as st

from tasks.corpus.corpus_rows import parse_row

LINES = [
    *(b'{"text": "a", "_id": 5}\r\n', b'{"text": "a", "id": 18446744073709551616}', b'{"text": "a", "id": -0}'),
    *(b'{"text": "\\ud800 alone"}', b'{"text": "caf\\u00e9 \xf0\x9f\x90\x88"}', b'\xef\xbb\xbf{"text": "a"}'),
    *(b'{"text": NaN}', b'{"text": "a", "n": 1e400}', b'{"text": 0.1, "n": [1, {"a": null}]}', b"[1]", b'"a"', b"null"),
    *(
        b'{"text": "one", "text": "two", "doc": null, "id": true}',
        b'{"a": 9223372036854775808, "b": -9223372036854775809}',
    ),
    *(b'{"text": "caf\xe9"}', b'{"text": "\xed\xa0\x80"}', b'{"text": "a"', b'{"text": "a"} x', b"{'text': 1}", b""),
    *(b'{"text": "a\tb"}', b'{"text": "a\x00"}', b'{"text": "\x7f"}', b'\xa0{"text": "a"}', b'{"text": "a",}'),
    *(b'{"id": 01}', b'{"id": 1.0}', b'{"id": 1E2}', b'{"\\u0061": "\\/"}', b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}"),
    b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


def outcome(read, raw):
    try:
        return repr(read(raw))
    except (ValueError, RecursionError) as error:
        return type(error)


def by_python(raw):
    return json.loads(raw.decode("utf-8-sig"))


@pytest.mark.parametrize("raw", LINES, ids=range(len(LINES)))
def test_a_line_is_what_python_makes_of_it(raw):
    assert outcome(parse_row, raw) == outcome(by_python, raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.booleans(), st.integers(0, 40), st.binary(max_size=2)
)
def test_any_line_is_what_python_makes_of_it(row, escaped, place, junk):
    raw = json.dumps(row, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert outcome(parse_row, raw) == outcome(by_python, raw)
    raw = raw[:place] + junk + raw[place:]
    assert outcome(parse_row, raw) == outcome(by_python, raw)


def test_numbers_stay_what_they_are():
    assert parse_row(b'{"id": 123456789012345678901234567890}') == {"id": 123456789012345678901234567890}
    assert math.isnan(parse_row(b'{"id": NaN}')["id"]) and type(parse_row(b'{"id": 1.0}')["id"]) is float
