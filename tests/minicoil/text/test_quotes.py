"""What quotes a document is found in whatever spelling a page has, and nothing else is taken out."""

import html
import json

from hypothesis import given, strategies as st

from minicoil.text.quotes import REMOVED, Quotes

SENTENCES = ["The ring gear turns slowly & quietly at night.", 'She said "never again" to the old bank clerk.']
words = st.lists(st.text("abcdefgh", min_size=2, max_size=6), min_size=5, max_size=12)


def test_parts_and_surroundings_are_found_and_short_pieces_are_anybodys():
    quotes = Quotes([*SENTENCES, "Gear handbook"])
    assert (
        quotes.holds("ring gear turns")
        and quotes.holds(f"Note. {SENTENCES[0]} More.")
        and quotes.holds("gear handbook")
    )
    assert quotes.holds("The ring gear turns slo\u2026")  # as a table shortens it
    assert (
        not quotes.holds("ring gear")
        and not quotes.holds("gear")
        and not quotes.holds("")
        and not quotes.holds("turns the ring gear")
    )
    assert not Quotes([]) and not Quotes(["", "  "]).holds("the ring gear")


def test_a_page_keeps_its_markup_and_other_text():
    page = f"<h1>Ring gears</h1><title>{html.escape(SENTENCES[0])}</title><p>Another sentence about the gear.</p>"
    redacted, n = Quotes(SENTENCES).redact_html(page)
    assert (n, redacted) == (1, page.replace(html.escape(SENTENCES[0]), REMOVED))
    assert not Quotes(SENTENCES).are_in(redacted)


def test_text_in_a_script_is_seen_however_it_is_escaped():
    quotes = Quotes(SENTENCES)
    for page in (
        json.dumps(SENTENCES),
        json.dumps(SENTENCES).replace("&", "\\u0026"),
        html.escape(SENTENCES[1], quote=True),
    ):
        assert quotes.are_in(f"<script>const texts = {page}</script>")
    assert not quotes.are_in("<script>const texts = ['the ring', 'gear']</script>")


def test_values_and_keys_of_json_are_redacted_and_the_rest_stays():
    document = {"a": [SENTENCES[0], 1, None, "fine"], SENTENCES[1]: {"b": True}}
    assert Quotes(SENTENCES).redact_values(document) == ({"a": [REMOVED, 1, None, "fine"], REMOVED: {"b": True}}, 2)


@given(words, words)
def test_whatever_is_escaped_into_a_page_comes_out_of_it(mine, other):
    mine, other = " ".join(mine), " ".join(other)
    page = f"<ul><li>{html.escape(mine)}</li><li>{html.escape(other)}</li></ul>"
    quotes = Quotes([mine])
    redacted, n = quotes.redact_html(page)
    assert n >= 1 and not quotes.are_in(redacted)
    if not quotes.holds(other):
        assert html.escape(other) in redacted
