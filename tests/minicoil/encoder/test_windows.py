"""Texts come in windows in their order, and what came before a failure is answered before the failure is named."""

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.encoder.windows import WINDOW, WINDOW_CHARACTERS, read_windows
from minicoil.errors import DocumentError, NotTextError


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab", max_size=3), max_size=12), st.integers(-1, 5))
def test_windows_hold_every_text_once_in_order_and_none_is_larger_than_asked(texts, size):
    windows = list(read_windows(iter(texts), size))
    assert sum(windows, []) == texts
    assert all(len(window) == max(size, 1) for window in windows[:-1]) and all(windows)


def test_one_text_is_a_window_and_a_window_without_size_has_the_usual_one():
    assert list(read_windows("pods")) == [["pods"]] and list(read_windows("")) == [[""]]
    assert [len(window) for window in read_windows(["x"] * (WINDOW + 1))] == [WINDOW, 1]


def test_long_texts_end_a_window_before_its_size_does():
    book = "x" * (WINDOW_CHARACTERS // 2)
    assert [len(window) for window in read_windows([book] * 5)] == [2, 2, 1]
    assert [len(window) for window in read_windows([book * 3, "a", "b"])] == [1, 2]


def answered(source, size):
    """What was given out before it failed, and the failure."""
    found = []
    try:
        for window in read_windows(source, size):
            found += window
    except DocumentError as error:
        return found, error
    return found, None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(1, 4))
def test_a_source_that_raises_is_named_by_position_after_everything_before_was_answered(position, size):
    def source():
        yield from map(str, range(position))
        raise OSError("the disk is gone")

    found, error = answered(source(), size)
    assert found == [str(i) for i in range(position)] and isinstance(error.__cause__, OSError)
    assert type(error) is DocumentError and error.facts == {"position": position}
    assert str(error) == (
        f"the source of documents raised OSError at document {position}: the disk is gone; "
        f"the {position} before it were answered"
    )


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["a", 7], "document 1 is int, a string was expected; the 1 before it were answered"),
        (["a", b"b"], "document 1 is bytes, a string was expected; the 1 before it were answered"),
        (
            ["a", "\u00e9\ud800b"],
            'document 1 holds a lone surrogate at character 1, which is no text; decode it with errors="replace"',
        ),
    ],
)
def test_what_is_no_text_is_named_by_position_after_the_rest_was_answered(documents, message):
    found, error = answered(documents, None)
    assert found == ["a"] and type(error) is NotTextError and isinstance(error, TypeError)
    assert str(error) == message and error.facts == {"position": 1} and error.__cause__ is None


def test_what_gives_no_texts_at_all_is_named_by_its_type():
    with pytest.raises(NotTextError, match="^documents are int; a string or an iterable of strings was expected$"):
        next(read_windows(7))
    assert list(read_windows([])) == []


def test_a_source_is_read_no_further_than_the_window():
    taken = []
    windows = read_windows((taken.append(i) or str(i) for i in range(100)), 8)
    assert len(next(windows)) == 8 and len(taken) == 8
