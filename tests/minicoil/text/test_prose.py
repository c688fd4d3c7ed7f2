import pytest

from minicoil.text.prose import from_html, from_markdown, keep_words, tidy


def test_markdown_keeps_prose_and_drops_code():
    text = "---\ntitle: x\n---\n# Pods\n\nA `pod` runs [containers](http://x.y) via `kubectl get`.\n\n```\ncode\n```\n\n- an item\n"
    expected = "Pods\n\nA pod runs containers via kubectl get.\n\nan item"
    assert from_markdown(text) == expected
    assert from_markdown(text.replace("\n", "\r\n")) == expected


def test_markdown_reads_the_html_and_shortcodes_within_it():
    assert from_markdown("<details>\n<p>Hidden words.</p>\n</details>\n\none<br>two {{< x y=1 >}} three") == (
        "Hidden words.\n\none two three"
    )


def test_html_keeps_paragraphs_apart_and_drops_scripts():
    assert from_html("<h1>T</h1><p>One &amp; two</p><pre>x=1</pre><p>three") == "T\n\nOne & two\n\nthree"


def test_html_keeps_inline_code_that_reads_as_words_and_cells_of_tables():
    text = (
        "<p>A <code>pod</code> of <code>x[0]</code> size<table><tr><td>one<td>two</table><pre><code>gone</code></pre>"
    )
    assert from_html(text) == "A pod of size\n\none\n\ntwo"


def test_html_whose_head_is_never_closed_still_has_a_body():
    assert from_html("<html><head><title>t</title><body>Words.") == "Words."


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("pod", "pod"),
        ("kubectl get", "kubectl get"),
        ("torch.nn.functional", "functional"),
        ("x[0]", " "),
        ("a_b", " "),
    ],
)
def test_inline_code_stays_where_it_reads_as_words(code, kept):
    assert keep_words(code) == kept


def test_what_code_leaves_behind_is_closed():
    assert tidy("Either ``a=1`` (see ``c=3`` ), or `a link <http://x.y>`_ ; **always** [1]_ .") == (
        "Either (see), or a link; always."
    )
    assert tidy("Use .loc (or ``None``) at https://x.y/z?q now") == "Use .loc (or None) at now"
