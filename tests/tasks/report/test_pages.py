"""Pages out of templates: values are text, whoever wrote them."""

import jinja2
import pytest
from markupsafe import Markup

from tasks.report import pages


@pytest.fixture
def shown(monkeypatch):
    """What a template of one line shows."""

    def show(template, **facts):
        return pages._environment().from_string(template).render(**facts)

    return show


def test_values_are_text_and_harmless_everywhere(shown):
    hostile = "<b>\x1b[31m\u202e\"q\" 'a' &amp;"
    written = r"&lt;b&gt;\x1b[31m\u202e&#34;q&#34; &#39;a&#39; &amp;amp;"
    assert shown('<i title="{{ v }}">{{ v }}</i>', v=hostile) == f'<i title="{written}">{written}</i>'
    assert shown("{{ v | join(', ') }}", v=[hostile, "x"]) == f"{written}, x"
    assert shown("{% macro m(t) %}<u>{{ t }}</u>{% endmacro %}{{ m(v) }}", v=hostile) == f"<u>{written}</u>"
    assert shown("{{ v | replace('_', ' ') }}", v="a_<b>") == "a &lt;b&gt;"


def test_markup_of_this_package_stays(shown):
    assert shown("{{ v }}", v=Markup("<b>x</b>")) == "<b>x</b>"
    assert "body" in pages.asset("report.css") and isinstance(pages.asset("report.js"), Markup)


def test_numbers_are_formatted_and_those_that_are_not_there_are_left_out(shown):
    assert shown("{{ a | spec('.3f') }}|{{ b | spec('+.2f') }}|{{ c | spec(',') }}", a=0.5, b=None, c=1234567) == (
        "0.500||1,234,567"
    )


def test_a_fact_that_is_missing_is_an_error(shown):
    with pytest.raises(jinja2.UndefinedError, match="'gone' is undefined"):
        shown("{{ gone }}")
    with pytest.raises(jinja2.UndefinedError):
        pages.render("word.html")
