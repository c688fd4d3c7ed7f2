"""Pages of reports out of templates, where whatever a text holds stays text."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from minicoil.harmless import harmless


def render(template: str, **facts: Any) -> str:
    """A page: every value is written out as text, without what browsers obey; markup is in the template alone.

    Args:
        template: Name of a file of this folder.
        facts: What it asks for; one that is missing is an error, not a hole in the page.
    """
    return _environment().get_template(template).render(**facts)


def asset(name: str) -> Markup:
    """A file of this folder as it is: the styles and the script of a page."""
    return Markup((files("tasks.report") / name).read_text("utf-8"))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tasks.report", ""),
        autoescape=True,
        finalize=_written,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["spec"] = _formatted
    return environment


def _written(value: Any) -> Any:
    """What a template shows of a value; what it made itself is markup already."""
    return value if isinstance(value, Markup) else harmless(str(value))


def _formatted(value: Any, spec: str) -> str:
    """A number as Python formats it; nothing where there is none."""
    return "" if value is None else format(value, spec)
