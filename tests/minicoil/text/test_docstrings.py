import time

import pytest

from minicoil.text.docstrings import from_docstring, from_rst

NUMPY = """Return the kernel of a map.

The :class:`~a.b.Kernel` is computed by ``solve`` in a loop::

    x = solve(y)

Parameters
----------
tol : float, optional
    Values below it count as zero.
order : {'C', 'F'}
    How the rows lie.

Returns
-------
Series or DataFrame
    The rows that were kept.

Examples
--------
>>> kernel(1)
2

Notes
-----
The method is old [1]_.

.. [1] Somebody, A paper.
"""
GOOGLE = """Read the rows of a table.

.. note:: It is slow.

Args:
    table (Table or (Table, Table), optional): Where the rows stand,
        one below the other.
    limit: Most rows to read.

Returns:
    list[Row]: The rows in order.

Raises:
    KeyError: If a column is missing.

Example:
    >>> read(t)
    [1]

    And words about the example.

It ends with a remark.
"""


def test_numpydoc_gives_its_prose_without_names_types_code_and_references():
    assert from_docstring(NUMPY).split("\n\n") == [
        "Return the kernel of a map.",
        "The Kernel is computed by solve in a loop:",
        "Values below it count as zero.",
        "How the rows lie.",
        "The rows that were kept.",
        "The method is old.",
    ]


def test_google_style_gives_each_entry_a_paragraph_without_its_name_and_type():
    assert from_docstring(GOOGLE).split("\n\n") == [
        "Read the rows of a table.",
        "It is slow.",
        "Where the rows stand, one below the other.",
        "Most rows to read.",
        "The rows in order.",
        "If a column is missing.",
        "It ends with a remark.",
    ]


def test_text_after_a_doctest_is_kept():
    assert from_docstring("Before it.\n\n>>> f(1)\n2\n\nAfter it.") == "Before it.\n\nAfter it."


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("Kept words.\n```python\ncode = 1\n```\nMore words.", "Kept words. More words."),
        ("A table:\n\n=====  =====\nA      B\n=====  =====\n1      2\n=====  =====\n\nGoes.", "A table:\n\nGoes."),
        (
            "It may be:\n- one thing\n- another thing\n  on two lines",
            "It may be:\n\none thing\n\nanother thing on two lines",
        ),
        (":param x: The first one.\n:returns: The last one.", "The first one.\n\nThe last one."),
        (".. math::\n\n    x = y\n\nText.", "Text."),
        (".. versionadded:: 1.2\n\nText.", "Text."),
        ("", ""),
    ],
)
def test_blocks_are_read_or_left_out_by_what_they_hold(text, prose):
    assert from_docstring(text) == prose


def test_a_page_keeps_headings_and_sections_that_a_docstring_would_lose():
    page = ".. _label:\n\nMethods\n=======\n\nWe asked people.\n\n.. image:: a.png\n   :width: 3\n\nThey answered."
    assert from_rst(page) == "Methods\n\nWe asked people.\n\nThey answered."


@pytest.mark.parametrize(
    "text", ["`" * 50_000 + ":a" * 50_000, " " * 200_000 + "x", "x, " * 50_000 + ": (", "[1" * 50_000]
)
def test_hostile_text_takes_no_more_than_linear_time(text):
    started = time.process_time()
    from_docstring(text)
    assert time.process_time() - started < 5
