import pytest

from minicoil.prose import from_docstring, from_html, from_markdown
from minicoil.sentences import chunk_text, is_prose, sentence_key, split_sentences


def test_markdown_keeps_prose_and_drops_code():
    text = "---\ntitle: x\n---\n# Pods\n\nA `pod` runs [containers](http://x.y) via `kubectl get`.\n\n```\ncode\n```\n\n- an item\n"
    assert from_markdown(text) == "Pods\n\nA pod runs containers via kubectl get.\n\nan item"


def test_html_keeps_paragraphs_apart_and_drops_scripts():
    assert from_html("<h1>T</h1><p>One &amp; two</p><pre>x=1</pre><p>three") == "T\n\nOne & two\n\nthree"


def test_a_docstring_loses_doctests_parameters_and_code():
    text = """Return the kernel of a map.

    The :class:`~a.b.Kernel` is computed by ``solve`` in a loop::

        x = solve(y)

    Parameters
    ----------
    tol : float, optional
        Values below it count as zero.

    Examples
    --------
    >>> kernel(1)
    2
    """
    prose = from_docstring(text)
    assert "The Kernel is computed by solve in a loop" in prose
    assert "Values below it count as zero." in prose
    for gone in ("x = solve", ">>>", "tol :", "----", "Examples"):
        assert gone not in prose


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A pod is a group of containers.", True),
        ("too short", False),
        ("x = [1, 2, 3] ; y := {4: 5} | z", False),
        ("word " * 81, False),
        ("1.0 2.0 3.0 4.0 5.0", False),
    ],
)
def test_prose_is_told_from_code_and_tables(sentence, expected):
    assert is_prose(sentence) is expected


def test_sentences_end_where_a_reader_would_end_them():
    text = "Dr. Smith uses e.g. two pods here. They run on the node!\nA new paragraph begins here"
    assert list(split_sentences(text)) == [
        "Dr. Smith uses e.g. two pods here.",
        "They run on the node!",
        "A new paragraph begins here",
    ]


def test_a_sentence_is_known_by_its_words_alone():
    assert sentence_key("A  pod runs.") == sentence_key("a pod RUNS.") != sentence_key("a pod ran.")
    assert 0 <= sentence_key("x") < 2**63


def test_chunks_are_cut_between_paragraphs_and_lose_nothing():
    paragraphs = [f"Paragraph {i} has a few words in it." for i in range(40)]
    chunks = list(chunk_text("\n\n".join(paragraphs), 60))
    assert "\n\n".join(chunks) == "\n\n".join(paragraphs)
    assert all(len(chunk.split()) <= 75 for chunk in chunks) and len(chunks) > 3
    assert max(len(c.split()) for c in chunk_text("A short one. " * 200, 60)) <= 75
